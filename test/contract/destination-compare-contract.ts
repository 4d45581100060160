import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createHash } from 'node:crypto';
import type { CompareRequest, Differences } from '../../model/comparison.ts';
import type { Destination } from '../../model/destination.ts';
import type { WorkTask } from '../../model/frontier.ts';
import type { StagedTombstone } from '../../model/tombstone.ts';
import type { DestinationUnderTest } from '../support/destination-under-test.ts';
import { comparedPlan, openComparison, reconcileStarted } from '../support/staged-comparison.ts';
import { instant, type TestChunk, type TestRecord } from '../support/staged-records.ts';
import { openTestRun } from '../support/staged-run.ts';

const { stream, table } = comparedPlan;
const target = { stream, table };
const noAbort = new AbortController().signal;

const none: Differences = { missing: 0, stale: 0, recalculated: 0, doubtful: 0, vanished: 0 };

const ada: TestRecord = {
  id: '1',
  email: 'ada@example.com',
  visits: '3',
  _version: instant(5),
  _observed_at: instant(10),
};
/** As a listing brings it. */
const listed: TestRecord = { id: '1', visits: '3', _version: instant(5), _observed_at: instant(reconcileStarted + 1) };
const archived = (id: string, minute = reconcileStarted + 2): StagedTombstone => [
  id,
  'archived',
  instant(15),
  null,
  instant(minute),
];

/** Comparing a listing with the table: rules 5 and 14 of docs/spec.md. */
export function describeComparison(name: string, open: () => Promise<DestinationUnderTest>): void {
  describe(`${name} compares`, () => {
    let under: DestinationUnderTest;
    let destination: Destination;

    beforeEach(async () => {
      under = await open();
      destination = under.destination;
    });
    afterEach(async () => {
      await under.dispose();
    });

    const fill = async (...records: readonly TestRecord[]) => {
      const backfill = await openTestRun(destination, { run: 'backfill', startedAt: instant(9), plan: comparedPlan });
      await backfill.mergeRecords(records);
    };
    const bury = ({ seen = 15, also = '' }: Burial) =>
      under.change(
        `UPDATE {TABLE:contacts} SET _deleted = true, _deleted_at = '${instant(15)}', ` +
          `_state_observed_at = '${instant(seen)}'${also} WHERE id = 1`,
      );
    const work = (task: WorkTask, options: { run?: string; after?: string | null; limit?: number } = {}) =>
      destination.readWork(
        {
          ...target,
          run: 'reconcile-1',
          mode: 'reconcile',
          keyType: 'integer',
          task,
          after: null,
          limit: 100,
          ...options,
        },
        noAbort,
      );

    interface Burial {
      readonly seen?: number;
      readonly also?: string;
    }
    interface Case {
      readonly title: string;
      readonly rows?: readonly TestRecord[];
      /** Makes a tombstone of row 1, seen in that minute, with other assignments beside. */
      readonly buried?: Burial;
      readonly listing: readonly TestChunk[];
      readonly compare?: Partial<CompareRequest>;
      readonly expected: Partial<Differences>;
    }
    const live = (record: TestRecord = listed): TestChunk => ({ records: [record] });
    const cases: readonly Case[] = [
      { title: 'the same: nothing', rows: [ada], listing: [live()], expected: {} },
      { title: 'listed, and no row: missing', listing: [live()], expected: { missing: 1 } },
      {
        title: 'listed after its tombstone was seen: missing',
        rows: [ada],
        buried: {},
        listing: [live()],
        expected: { missing: 1 },
      },
      {
        title: 'a tombstone seen after the listing: nothing',
        rows: [ada],
        buried: { seen: reconcileStarted + 5 },
        listing: [live()],
        expected: {},
      },
      {
        title: 'a newer version at the source: stale',
        rows: [ada],
        listing: [live({ ...listed, _version: instant(6), visits: '4' })],
        expected: { stale: 1 },
      },
      {
        title: 'a version where the row has none: stale',
        rows: [{ ...ada, _version: null }],
        listing: [live()],
        expected: { stale: 1 },
      },
      {
        title: 'an older version at the source: nothing',
        rows: [ada],
        listing: [live({ ...listed, _version: instant(4), visits: '4' })],
        expected: {},
      },
      {
        title: 'the same version, another listed value: recalculated',
        rows: [ada],
        listing: [live({ ...listed, visits: '4' })],
        expected: { recalculated: 1 },
      },
      {
        title: 'the same version, a listed value that was cleared: recalculated',
        rows: [ada],
        listing: [live({ ...listed, visits: '' })],
        expected: { recalculated: 1 },
      },
      {
        title: 'another listed value that was merged after the listing: nothing',
        rows: [{ ...ada, visits: '4', _observed_at: instant(reconcileStarted + 9) }],
        listing: [live()],
        expected: {},
      },
      {
        title: 'a tombstone that the bin does not hold: doubtful',
        rows: [ada],
        buried: {},
        listing: [live({ ...listed, id: '2' })],
        expected: { missing: 1, doubtful: 1 },
      },
      {
        title: 'a tombstone that the bin holds: nothing',
        rows: [ada],
        buried: {},
        listing: [{ tombstones: [archived('1')] }],
        expected: {},
      },
      {
        title: 'a tombstone too old to be restored: nothing',
        rows: [ada],
        buried: {},
        listing: [],
        compare: { restorableSince: instant(16) },
        expected: {},
      },
      {
        title: 'a tombstone that was merged into another: nothing',
        rows: [ada],
        buried: { also: ", _merged_into = '2'" },
        listing: [],
        expected: {},
      },
      {
        title: 'an erased row: nothing',
        rows: [ada],
        buried: { also: `, email = NULL, visits = NULL, _version = NULL, _observed_at = '${instant(15)}'` },
        listing: [],
        expected: {},
      },
      { title: 'a row that no list has: vanished', rows: [ada], listing: [], expected: { vanished: 1 } },
      {
        title: 'a row seen alive since the run began: nothing',
        rows: [{ ...ada, _observed_at: instant(reconcileStarted) }],
        listing: [live({ ...listed, id: '2' })],
        expected: { missing: 1 },
      },
      {
        title: 'a row seen alive since the listing began: nothing',
        rows: [{ ...ada, _observed_at: instant(19) }],
        listing: [live({ ...listed, id: '2', _observed_at: instant(18) })],
        expected: { missing: 1 },
      },
      {
        title: 'listed alive, then archived: nothing, since the tombstone is merged',
        rows: [ada],
        listing: [live(), { tombstones: [archived('1')] }],
        expected: {},
      },
      {
        title: 'archived, then listed alive: missing',
        rows: [ada],
        listing: [{ tombstones: [archived('1')] }, live({ ...listed, _observed_at: instant(reconcileStarted + 3) })],
        expected: { missing: 1 },
      },
      {
        title: 'listed twice: once',
        listing: [live(), live({ ...listed, _observed_at: instant(reconcileStarted + 3) })],
        expected: { missing: 1 },
      },
      {
        title: 'after a full load, only what it left over',
        rows: [ada, { ...ada, id: '2' }],
        buried: {},
        listing: [live({ ...listed, id: '3', visits: '9' })],
        compare: { looksFor: 'vanished' },
        expected: { vanished: 1 },
      },
      {
        title: 'after a listing of the bin, only tombstones that it no longer holds',
        rows: [ada, { ...ada, id: '2' }],
        buried: {},
        listing: [{ tombstones: [archived('3')] }],
        compare: { looksFor: 'restored' },
        expected: { doubtful: 1 },
      },
    ];
    it.each(cases)('$title', async ({ rows = [], buried, listing, compare, expected }) => {
      await fill(...rows);
      if (buried !== undefined) await bury(buried);
      const run = await openComparison(destination);
      await run.list(...listing);
      const before = await under.readRows(table);
      const outcome = await run.compare(compare);
      expect(outcome.differences).toEqual({ ...none, ...expected });
      const repairs = (await work('repair')).length;
      expect(repairs + (await work('vanished')).length).toBe(Object.values(expected).reduce((sum, n) => sum + n, 0));
      expect(outcome.head.frontier).toEqual({ kind: 'work', task: 'repair', after: null, done: repairs === 0 });
      expect(await under.readRows(table)).toEqual(before);
    });

    it('keeps what merging found doubtful, once, under the first reason that applies', async () => {
      await fill(ada);
      const run = await openComparison(destination);
      // A later batch of another run saw record 1 alive, so that its tombstone may be out of date.
      const other = await openTestRun(destination, { run: 'other', startedAt: instant(21), plan: comparedPlan });
      await other.mergeRecords([{ ...ada, id: '2' }]);
      await other.mergeRecords([{ ...ada, id: '2' }]);
      await run.list({ tombstones: [archived('1', reconcileStarted + 1)] }, live({ ...listed, id: '2' }));
      const outcome = await run.compare();
      expect(outcome.differences).toEqual({ ...none, doubtful: 1 });
      expect(await work('repair')).toEqual(['1']);
    });

    it('counts live rows and listed ids, and names what vanished', async () => {
      await fill(...['1', '2', '9', '10'].map((id) => ({ ...ada, id })));
      const run = await openComparison(destination);
      await run.list({ records: [listed, { ...listed, id: '3' }] }, { tombstones: [archived('2')] });
      const outcome = await run.compare();
      expect(outcome).toMatchObject({
        differences: { ...none, missing: 1, vanished: 2 },
        liveRows: 3,
        listed: 2,
        digest: createHash('sha256').update('9,10').digest('hex'),
        head: { sequence: 3, frontier: { kind: 'work', task: 'repair', after: null, done: false } },
      });
      expect(await work('vanished')).toEqual(['9', '10']);
      expect(outcome.head).toEqual(await run.head());
    });

    it('hands out work in the order of the key, piece by piece', async () => {
      await fill();
      const run = await openComparison(destination);
      const ids = ['9007199254740993', '10', '9', '100', '2'];
      await run.list({ records: ids.map((id) => ({ ...listed, id })) });
      await run.compare();
      expect(await work('repair', { limit: 2 })).toEqual(['2', '9']);
      expect(await work('repair', { limit: 2, after: '9' })).toEqual(['10', '100']);
      expect(await work('repair', { limit: 2, after: '100' })).toEqual(['9007199254740993']);
      expect(await work('repair', { limit: 2, after: '9007199254740993' })).toEqual([]);
      expect(await work('vanished')).toEqual([]);
    });

    it('returns the first outcome to a repeat, and writes one ledger row', async () => {
      await fill(ada);
      const run = await openComparison(destination);
      const request = await run.request();
      const first = await destination.compareListing(request, noAbort);
      await under.change('DELETE FROM {TABLE:contacts}');
      expect(await destination.compareListing(request, noAbort)).toEqual({ ...first, liveRows: 0 });
      expect(await run.head()).toMatchObject({ sequence: 1, batchId: first.head.batchId });
    });

    it('opens what vanished only as it was approved, once', async () => {
      await fill(ada);
      const run = await openComparison(destination);
      const outcome = await run.compare();
      const request = run.vanishedRequest(outcome);
      await expect(destination.beginVanished({ ...request, digest: 'f'.repeat(64) }, noAbort)).rejects.toMatchObject({
        kind: 'StateCorrupt',
        next: expect.any(String),
      });
      const head = await destination.beginVanished(request, noAbort);
      expect(head).toMatchObject({
        sequence: 2,
        frontier: { kind: 'work', task: 'vanished', after: null, done: false },
      });
      expect(await destination.beginVanished(request, noAbort)).toEqual(head);
      expect(await run.head()).toEqual(head);
    });

    it('goes on merging after a comparison', async () => {
      await fill();
      const run = await openComparison(destination);
      await run.list(live());
      const { head } = await run.compare();
      const { batch, ...rest } = await run.mint([ada]);
      const request = { ...rest, batch: { ...batch, sequence: head.sequence + 1, predecessor: head.batchId } };
      expect(await run.merge(request)).toMatchObject({ kind: 'merged', counts: { inserted: 1 } });
    });

    it('is of no use to a run that lost its claim, its place or its listing', async () => {
      await fill(ada);
      const run = await openComparison(destination);
      const request = await run.request();
      const elsewhere = destination.compareListing({ ...request, sequence: 5, predecessor: 'x' }, noAbort);
      await expect(elsewhere).rejects.toMatchObject({ kind: 'Fenced', next: expect.stringContaining('new run') });
      const reset = destination.compareListing({ ...request, generation: 0 }, noAbort);
      await expect(reset).rejects.toMatchObject({ kind: 'Fenced' });
      await destination.closeRun({ ...target, run: 'reconcile-1', status: 'failed', error: null }, noAbort);
      await expect(destination.compareListing(request, noAbort)).rejects.toMatchObject({
        kind: 'Fenced',
        message: expect.stringContaining('listing'),
        next: expect.stringContaining('new run'),
      });
      await openComparison(destination, { run: 'reconcile-2', minute: reconcileStarted + 1 });
      await expect(destination.compareListing(request, noAbort)).rejects.toMatchObject({ kind: 'Fenced' });
      await expect(work('repair')).rejects.toMatchObject({ kind: 'Fenced' });
      expect(await work('repair', { run: 'reconcile-2' })).toEqual([]);
    });

    it('begins each listing empty, and keeps it when the run is opened again', async () => {
      await fill();
      const dead = await openComparison(destination);
      await dead.list(live());
      const run = await openComparison(destination, { run: 'reconcile-2', minute: reconcileStarted + 1 });
      // The dead run's late close must not take the new run's listing with it.
      await destination.closeRun({ ...target, run: 'reconcile-1', status: 'lost', error: null }, noAbort);
      await run.list(live({ ...listed, id: '2' }));
      await openComparison(destination, { run: 'reconcile-2', minute: reconcileStarted + 1 });
      expect((await run.compare()).differences).toEqual({ ...none, missing: 1 });
      expect(await work('repair', { run: 'reconcile-2' })).toEqual(['2']);
    });
  });
}
