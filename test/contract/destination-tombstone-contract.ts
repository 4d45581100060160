import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Counts } from '../../model/counts.ts';
import type { StreamPlan, SyncMode } from '../../model/plan.ts';
import type { StagedTombstone } from '../../model/tombstone.ts';
import type { DestinationUnderTest, TableRow } from '../support/destination-under-test.ts';
import { counts, merged } from '../support/merged-counts.ts';
import { ada, bob, column, contactsPlan, instant, type TestRecord } from '../support/staged-records.ts';
import { openTestRun, type TestRun } from '../support/staged-run.ts';

const { table } = contactsPlan;
const erasing: StreamPlan = { ...contactsPlan, onVanished: 'erase' };
const noAbort = new AbortController().signal;

const archived = (minute: number, deletedAt = minute - 1): StagedTombstone => [
  '1',
  'archived',
  instant(deletedAt),
  null,
  instant(minute),
];
const mergedAway = (minute: number, into = '2'): StagedTombstone => ['1', 'merged', null, into, instant(minute)];
const vanished = (minute: number): StagedTombstone => ['1', 'vanished', null, null, instant(minute)];
const later = (record: TestRecord, minute: number): TestRecord => ({ ...record, _observed_at: instant(minute) });

/** Tombstones and erasure: rules 5 and 14 of docs/spec.md. */
export function describeTombstones(name: string, open: () => Promise<DestinationUnderTest>): void {
  describe(`${name} keeps tombstones`, () => {
    let under: DestinationUnderTest;
    beforeEach(async () => {
      under = await open();
    });
    afterEach(async () => {
      await under.dispose();
    });

    const openRun = (plan: StreamPlan = contactsPlan, mode: SyncMode = 'backfill', keepsListing = false) =>
      openTestRun(under.destination, { run: `run of ${mode}`, startedAt: instant(0), plan, mode, keepsListing });
    const rowOf = async (id = '1') => (await under.readRows(table)).find((row) => row['id'] === id);
    const bury = async (run: TestRun, ...tombstones: readonly StagedTombstone[]) =>
      merged(await run.mergeRecords({ tombstones }));

    interface Case {
      readonly title: string;
      readonly plan?: StreamPlan;
      /** Batches merged before, in order. */
      readonly before?: readonly (TestRecord | StagedTombstone)[];
      readonly tombstone: StagedTombstone;
      readonly expected: Partial<Counts>;
      /** Null: no row. */
      readonly row: TableRow | null;
    }
    const isRecord = (one: TestRecord | StagedTombstone): one is TestRecord => !Array.isArray(one);
    const bare = { email: null, _version: null };
    const alive = { email: 'ada@example.com', _deleted: 'false', _deleted_at: null };
    const erased = { ...bare, visits: null, _deleted: 'true', _merged_into: null };
    const flip = { updated: 1, deleted: 1 };
    const cases: readonly Case[] = [
      {
        title: 'an unknown id that was archived: kept bare',
        tombstone: archived(20),
        expected: { inserted: 1, deleted: 1 },
        row: {
          ...bare,
          _deleted: 'true',
          _deleted_at: instant(19),
          _observed_at: null,
          _state_observed_at: instant(20),
        },
      },
      {
        title: 'an unknown id that was merged: kept bare, with where it went',
        tombstone: mergedAway(20),
        expected: { inserted: 1, deleted: 1 },
        row: { ...bare, _deleted: 'true', _deleted_at: instant(20), _merged_into: '2' },
      },
      {
        title: 'an unknown id that vanished: nothing',
        tombstone: vanished(20),
        expected: { unchanged: 1 },
        row: null,
      },
      {
        title: 'an unknown id that vanished, where such are erased: nothing',
        plan: erasing,
        tombstone: vanished(20),
        expected: { unchanged: 1 },
        row: null,
      },
      {
        title: 'a live row, archived: flagged, with its content',
        before: [ada],
        tombstone: archived(20),
        expected: flip,
        row: {
          email: 'ada@example.com',
          _version: instant(1),
          _observed_at: instant(10),
          _deleted: 'true',
          _deleted_at: instant(19),
          _merged_into: null,
          _state_observed_at: instant(20),
        },
      },
      {
        title: 'a live row, merged into another',
        before: [ada],
        tombstone: mergedAway(20),
        expected: flip,
        row: { email: 'ada@example.com', _deleted: 'true', _deleted_at: instant(20), _merged_into: '2' },
      },
      {
        title: 'a live row, vanished: flagged when that was seen',
        before: [ada],
        tombstone: vanished(20),
        expected: flip,
        row: { email: 'ada@example.com', _deleted: 'true', _deleted_at: instant(20), _merged_into: null },
      },
      {
        title: 'a live row that was seen later: nothing',
        before: [later(ada, 30)],
        tombstone: archived(20),
        expected: { superseded: 1 },
        row: { ...alive, _state_observed_at: instant(30) },
      },
      {
        title: 'a live row that was seen at the same instant: nothing',
        before: [later(ada, 20)],
        tombstone: archived(20),
        expected: { superseded: 1 },
        row: alive,
      },
      {
        title: 'a live row that was seen later, where what vanishes is erased: nothing',
        plan: erasing,
        before: [later(ada, 30)],
        tombstone: vanished(20),
        expected: { superseded: 1 },
        row: alive,
      },
      {
        title: 'a tombstone again: nothing',
        before: [ada, archived(20)],
        tombstone: archived(25, 19),
        expected: { unchanged: 1 },
        row: { _deleted: 'true', _deleted_at: instant(19), _state_observed_at: instant(20) },
      },
      {
        title: 'a tombstone, now known to be merged: that is filled in',
        before: [ada, archived(20)],
        tombstone: mergedAway(15),
        expected: { updated: 1 },
        row: { _deleted: 'true', _deleted_at: instant(19), _merged_into: '2', _state_observed_at: instant(20) },
      },
      {
        title: 'a tombstone, said to be merged elsewhere later: what it was merged into was merged away itself',
        before: [ada, mergedAway(20, '2')],
        tombstone: mergedAway(25, '3'),
        expected: { updated: 1 },
        row: { _merged_into: '3', _state_observed_at: instant(25) },
      },
      {
        title: 'a tombstone, said earlier to be merged elsewhere: nothing',
        before: [ada, mergedAway(25, '3')],
        tombstone: mergedAway(20, '2'),
        expected: { unchanged: 1 },
        row: { _merged_into: '3', _state_observed_at: instant(25) },
      },
      {
        title: 'a tombstone, deleted anew since: the later deletion counts',
        before: [ada, archived(20)],
        tombstone: archived(30, 28),
        expected: { updated: 1 },
        row: { _deleted: 'true', _deleted_at: instant(28), _state_observed_at: instant(30) },
      },
      {
        title: 'a live row, vanished, where such are erased: a bare id is left',
        plan: erasing,
        before: [ada],
        tombstone: vanished(20),
        expected: { ...flip, erased: 1 },
        row: { ...erased, _deleted_at: instant(20), _observed_at: instant(20), _state_observed_at: instant(20) },
      },
      {
        title: 'a live row, archived, where what vanishes is erased: only flagged',
        plan: erasing,
        before: [ada],
        tombstone: archived(20),
        expected: flip,
        row: { email: 'ada@example.com', _deleted: 'true' },
      },
      {
        title: 'a tombstone, vanished, where such are erased: erased, and deleted since before',
        plan: erasing,
        before: [ada, archived(20)],
        tombstone: vanished(30),
        expected: { updated: 1, erased: 1 },
        row: { ...erased, _deleted_at: instant(19), _observed_at: instant(30) },
      },
      {
        title: 'a bare tombstone, vanished, where such are erased: erased',
        plan: erasing,
        before: [archived(20)],
        tombstone: vanished(30),
        expected: { updated: 1, erased: 1 },
        row: { ...erased, _deleted_at: instant(19), _observed_at: instant(30) },
      },
      {
        title: 'a row merged away, vanished, where such are erased: it belongs to the row it was merged into',
        plan: erasing,
        before: [ada, mergedAway(20)],
        tombstone: vanished(30),
        expected: { unchanged: 1 },
        row: { email: 'ada@example.com', _deleted: 'true', _merged_into: '2' },
      },
      {
        title: 'an erased row, vanished again: nothing',
        plan: erasing,
        before: [ada, vanished(20)],
        tombstone: vanished(30),
        expected: { unchanged: 1 },
        row: { ...erased, _observed_at: instant(20) },
      },
      {
        title: 'an erased row, archived: nothing, it stays erased',
        plan: erasing,
        before: [ada, vanished(20)],
        tombstone: archived(30, 29),
        expected: { unchanged: 1 },
        row: { ...erased, _observed_at: instant(20), _state_observed_at: instant(20) },
      },
    ];
    it.each(cases)('$title', async ({ plan, before = [], tombstone, expected, row }) => {
      const run = await openRun(plan);
      for (const one of before) await run.mergeRecords(isRecord(one) ? [one] : { tombstones: [one] });
      const previous = await rowOf();
      expect(await bury(run, tombstone)).toEqual(counts({ read: 1, tombstones: 1, ...expected }));
      const after = await rowOf();
      if (row === null) expect(after).toBeUndefined();
      else expect(after).toMatchObject(row);
      if (expected.unchanged === 1 || expected.superseded === 1) expect(after).toEqual(previous);
    });

    it('follows a merge to where it went, though a bin still names the survivor of before', async () => {
      const run = await openRun();
      await run.mergeRecords([ada, bob, { ...bob, id: '3' }]);
      await bury(run, ['2', 'merged', null, '3', instant(20)]);
      await bury(run, ['1', 'merged', null, '3', instant(20)]);
      expect(await bury(run, mergedAway(30, '2'))).toMatchObject({ unchanged: 1 });
      expect(await rowOf()).toMatchObject({ _merged_into: '3' });
    });

    it('keeps one of several for an id: the last seen, and all that is known', async () => {
      const run = await openRun();
      await run.mergeRecords([ada, bob]);
      const tombstones: StagedTombstone[] = [
        mergedAway(20),
        archived(25),
        vanished(21),
        ['9007199254740993', 'vanished', null, null, instant(20)],
      ];
      const outcome = await run.mergeRecords({ tombstones }, { fileCount: 3 });
      expect(merged(outcome)).toEqual(counts({ read: 4, tombstones: 4, duplicate: 2, updated: 2, deleted: 2 }));
      expect(await rowOf()).toMatchObject({
        _deleted_at: instant(24),
        _merged_into: '2',
        _state_observed_at: instant(25),
      });
    });

    it('rejects a tombstone without a usable key, and keeps it aside', async () => {
      const run = await openRun();
      const tombstones: StagedTombstone[] = [
        ['', 'archived', null, null, instant(20)],
        ['abc', 'merged', null, '7', instant(20)],
      ];
      expect(merged(await run.mergeRecords({ tombstones }))).toEqual(counts({ read: 2, tombstones: 2, rejected: 2 }));
      const errors = await under.readRows({ ...table, table: 'sync_errors' });
      expect(errors.map((row) => row['reason']).sort()).toEqual([
        expect.stringMatching(/^key does not convert to /),
        'record has no key',
      ]);
      const unusable = errors.find((row) => row['record_id'] === 'abc');
      expect(JSON.parse(unusable!['payload']!)).toMatchObject({ id: 'abc', kind: 'merged', merged_into: '7' });
      expect(await under.readRows(table)).toEqual([]);
    });

    it('refuses a batch whose tombstones cannot be read', async () => {
      const run = await openRun();
      const unread = ['1', 'archived', 'last Tuesday', null, instant(20)] as const;
      await expect(run.mergeRecords({ records: [ada], tombstones: [unread] })).rejects.toMatchObject({
        kind: 'StateCorrupt',
      });
      expect(await under.readRows(table)).toEqual([]);
    });

    it('is one batch with its records, and the same batch twice is one', async () => {
      const run = await openRun();
      const request = await run.mint({ records: [ada, bob], tombstones: [archived(20)] }, { fileCount: 2 });
      const first = await run.merge(request);
      expect(merged(first)).toEqual(counts({ read: 3, tombstones: 1, inserted: 2, updated: 1, deleted: 1 }));
      expect(await run.merge(request)).toEqual({ ...first, isRepeat: true });
      expect(await under.destination.countRows(contactsPlan, noAbort)).toEqual({ live: 1, deleted: 1 });
    });

    it('a record seen later, in the same stage, is alive', async () => {
      const run = await openRun();
      await run.mergeRecords([ada]);
      const outcome = await run.mergeRecords({ records: [later(ada, 30)], tombstones: [archived(20)] });
      expect(merged(outcome)).toEqual(counts({ read: 2, tombstones: 1, unchanged: 1, superseded: 1 }));
      expect(await rowOf()).toMatchObject(alive);
    });

    describe('a page read before something and merged after it (rule 5)', () => {
      const page: TestRecord = { ...ada, visits: 'unreadable' };

      it('a refresh: stays refreshed', async () => {
        const [early, run] = [await openRun(), await openRun(contactsPlan, 'incremental')];
        const late = await early.mint([ada]);
        await run.mergeRecords([{ ...later(ada, 20), email: 'new', _version: instant(15) }]);
        expect(merged(await early.merge(late))).toEqual(counts({ read: 1, superseded: 1 }));
        expect(await rowOf()).toMatchObject({ email: 'new', _version: instant(15) });
      });

      it('a tombstone: content is kept, and stays deleted', async () => {
        const [early, run] = [await openRun(), await openRun(contactsPlan, 'softDelete')];
        const late = await early.mint([ada]);
        await bury(run, archived(20));
        expect(merged(await early.merge(late))).toEqual(counts({ read: 1, updated: 1 }));
        expect(await rowOf()).toMatchObject({
          email: 'ada@example.com',
          _deleted: 'true',
          _deleted_at: instant(19),
          _state_observed_at: instant(20),
        });
      });

      it('an erasure: nothing of the person comes back', async () => {
        const [early, run] = [await openRun(erasing), await openRun(erasing, 'reconcile')];
        await early.mergeRecords([{ ...ada, _version: instant(0) }, page]);
        const late = await early.mint([
          { ...page, _version: instant(5) },
          { ...bob, visits: 'x' },
        ]);
        expect((await bury(run, vanished(20))).erased).toBe(1);
        expect(merged(await early.merge(late))).toEqual(
          counts({ read: 2, inserted: 1, superseded: 1, nulledValues: 2 }),
        );
        expect(await rowOf()).toMatchObject({ ...erased, _observed_at: instant(20), _state_observed_at: instant(20) });
        const errors = await under.readRows({ ...table, table: 'sync_errors' });
        expect(errors.map((row) => [row['record_id'], row['payload']]).sort()).toEqual([
          ['1', null],
          ['1', null],
          [bob['id'], 'x'],
        ]);
      });

      it('an erasure, and the person is back at the source: whole again', async () => {
        const run = await openRun(erasing);
        await run.mergeRecords([ada]);
        await bury(run, vanished(20));
        expect(merged(await run.mergeRecords([later(ada, 30)]))).toEqual(counts({ read: 1, updated: 1, restored: 1 }));
        expect(await rowOf()).toMatchObject({ ...alive, _version: instant(1), _observed_at: instant(30) });
      });

      it('a tombstone, and it was restored since: alive', async () => {
        const run = await openRun();
        await bury(run, archived(20));
        expect(merged(await run.mergeRecords([later(ada, 30)]))).toEqual(counts({ read: 1, updated: 1, restored: 1 }));
        expect(await rowOf()).toMatchObject({ ...alive, _merged_into: null, _state_observed_at: instant(30) });
      });
    });

    describe('erasing', () => {
      it('leaves nothing of the row, in columns of earlier plans neither', async () => {
        const wider: StreamPlan = { ...erasing, columns: [...erasing.columns, column('phone', 'text')] };
        const first = await openRun(wider);
        await first.mergeRecords([{ ...ada, phone: '+44 20' }]);
        const run = await openRun(erasing, 'reconcile');
        await bury(run, vanished(20));
        const { id, ...rest } = (await rowOf())!;
        expect(id).toBe('1');
        const kept = Object.entries(rest).filter(([, value]) => value !== null);
        expect(kept.map(([name]) => name).sort()).toEqual([
          '_batch_id',
          '_deleted',
          '_deleted_at',
          '_observed_at',
          '_state_observed_at',
          '_synced_at',
        ]);
      });

      it('takes with it what was merged into the row, over any number of merges', async () => {
        const run = await openRun(erasing);
        const carla = { ...bob, id: '3' };
        const into = (id: string, survivor: string, minute: number): StagedTombstone => [
          id,
          'merged',
          null,
          survivor,
          instant(minute),
        ];
        await run.mergeRecords([ada, bob, carla]);
        await bury(run, into('1', '2', 20));
        await bury(run, into('2', '3', 21));
        const gone: StagedTombstone = ['3', 'vanished', null, null, instant(30)];
        expect(await bury(run, gone)).toEqual(counts({ read: 1, tombstones: 1, updated: 1, deleted: 1, erased: 3 }));
        for (const id of ['1', '2', '3']) expect(await rowOf(id)).toMatchObject(bare);
        expect(await rowOf('1')).toMatchObject({ _deleted: 'true', _merged_into: '2' });
      });

      it('takes what quarantine holds of it, and of nobody else', async () => {
        const run = await openRun(erasing);
        await run.mergeRecords([
          { ...ada, id: '+1', visits: 'hers' },
          { ...bob, visits: 'his' },
          { ...ada, id: null },
        ]);
        await bury(run, vanished(20));
        const errors = await under.readRows({ ...table, table: 'sync_errors' });
        expect(new Map(errors.map((row) => [row['record_id'], row['payload'] === null]))).toEqual(
          new Map([
            ['+1', true],
            [bob['id'], false],
            [null, false],
          ]),
        );
      });
    });

    describe('what another run may have seen alive without a trace', () => {
      const seeUnchanged = async (mode: SyncMode = 'incremental') => {
        const other = await openRun(contactsPlan, mode);
        expect(merged(await other.mergeRecords([ada])).unchanged).toBe(1);
      };

      it('is kept as work', async () => {
        await (await openRun()).mergeRecords([ada, bob]);
        const run = await openRun(contactsPlan, 'softDelete', true);
        await seeUnchanged();
        const outcome = await run.mergeRecords({
          tombstones: [archived(20), ['7', 'archived', null, null, instant(20)]],
        });
        expect(merged(outcome)).toEqual(counts({ read: 2, tombstones: 2, inserted: 1, deleted: 1, doubtful: 1 }));
        expect(merged(await run.mergeRecords({ tombstones: [archived(21)] })).doubtful).toBe(1);
        expect(await rowOf()).toMatchObject(alive);
        const work = { ...contactsPlan, run: 'run of softDelete', mode: 'softDelete', task: 'repair' } as const;
        expect(
          await under.destination.readWork({ ...work, keyType: 'integer', after: null, limit: 10 }, noAbort),
        ).toEqual(['1']);
      });

      it('is in doubt when the other run only listed it', async () => {
        await (await openRun()).mergeRecords([ada]);
        const run = await openRun(contactsPlan, 'softDelete', true);
        const other = await openRun(contactsPlan, 'reconcile', true);
        expect(merged(await other.mergeRecords({ kind: 'listing', records: [ada] })).listed).toBe(1);
        expect(await bury(run, archived(20))).toEqual(counts({ read: 1, tombstones: 1, doubtful: 1 }));
        expect(await rowOf()).toMatchObject(alive);
      });

      it('sends the whole batch back, where that was asked for', async () => {
        await (await openRun()).mergeRecords([ada]);
        const run = await openRun(contactsPlan, 'softDelete');
        await seeUnchanged();
        const tombstones: StagedTombstone[] = [archived(20), ['7', 'archived', null, null, instant(20)]];
        const request = await run.mint({ records: [bob], tombstones }, { onDoubt: 'rewind' });
        expect(await run.merge(request)).toMatchObject({ kind: 'rewind', reason: 'doubtful', head: { sequence: 0 } });
        expect((await under.readRows(table)).map((row) => row['id'])).toEqual(['1']);
      });

      it('is not in doubt when it was read after the other batch was committed', async () => {
        await (await openRun()).mergeRecords([ada]);
        const run = await openRun(contactsPlan, 'softDelete');
        await seeUnchanged();
        const afterwards = new Date(Date.now() + 2 * under.doubtMarginMs).toISOString();
        const outcome = await run.mergeRecords({ tombstones: [['1', 'archived', null, null, afterwards]] });
        expect(merged(outcome)).toMatchObject({ deleted: 1, doubtful: 0 });
      });

      it('is not in doubt when the other batch wrote all it saw, or brought tombstones only', async () => {
        await (await openRun()).mergeRecords([ada]);
        const other = await openRun(contactsPlan, 'reconcile');
        await bury(other, ['7', 'archived', null, null, instant(20)]);
        expect((await bury(other, ['7', 'archived', null, null, instant(21)])).unchanged).toBe(1);
        const run = await openRun(contactsPlan, 'softDelete');
        expect(await bury(run, archived(20))).toMatchObject({ deleted: 1, doubtful: 0 });
      });

      it('is not in doubt for what was merged away, which never comes back', async () => {
        await (await openRun()).mergeRecords([ada]);
        await seeUnchanged();
        const run = await openRun(contactsPlan, 'softDelete', true);
        expect(await bury(run, mergedAway(20))).toMatchObject({ deleted: 1, doubtful: 0 });
      });

      it('is not in doubt for what was merged by the run itself', async () => {
        const run = await openRun();
        await run.mergeRecords([ada]);
        await run.mergeRecords([ada]);
        expect(await bury(run, archived(20))).toMatchObject({ deleted: 1, doubtful: 0 });
      });
    });
  });
}
