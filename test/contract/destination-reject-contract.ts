import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Destination } from '../../model/destination.ts';
import type { KeptReject, RejectFilter } from '../../model/reject.ts';
import type { UnstagedValue } from '../../model/unstaged-value.ts';
import type { DestinationUnderTest } from '../support/destination-under-test.ts';
import { ada, bob, contactsPlan, instant } from '../support/staged-records.ts';
import { openTestRun, type TestRun } from '../support/staged-run.ts';

const { stream, table } = contactsPlan;
const target = { stream, table };
const noAbort = new AbortController().signal;

/** What a quarantine answers: by cause, by id, and as a whole. */
export function describeRejects(name: string, open: () => Promise<DestinationUnderTest>): void {
  describe(`${name} quarantine`, () => {
    let under: DestinationUnderTest;
    let destination: Destination;
    let run: TestRun;

    beforeEach(async () => {
      under = await open();
      destination = under.destination;
      run = await openTestRun(destination, { run: 'run-1', startedAt: instant(0) });
      await run.mergeRecords([
        { ...ada, visits: '1.5', born_on: 'once' },
        { ...bob, visits: 'x', email: 'bob' },
        { ...ada, id: null, email: 'nobody' },
        { ...ada, id: 'abc' },
      ]);
      await under.change(`UPDATE {TABLE:sync_errors} SET created_at = '${instant(10)}'`);
      await run.mergeRecords([{ ...ada, _version: instant(2), visits: '2.5' }]);
      await under.change(
        `UPDATE {TABLE:sync_errors} SET created_at = '${instant(20)}' WHERE created_at > '${instant(30)}'`,
      );
      const other = { ...contactsPlan, stream: 'crm.people', table: { ...table, table: 'people' } };
      await (
        await openTestRun(destination, { run: 'run-2', startedAt: instant(1), plan: other })
      ).mergeRecords([{ ...ada, visits: 'y' }]);
    });
    afterEach(async () => {
      await under.dispose();
    });

    const groups = (filter: RejectFilter = {}) => destination.groupRejects({ ...target, ...filter }, noAbort);
    const ids = (filter: RejectFilter = {}, after: string | null = null, limit = 10) =>
      destination.listRejectedIds({ ...target, ...filter, after, limit }, noAbort);
    const kept = async (filter: RejectFilter = {}) => {
      const all: KeptReject[] = [];
      await destination.readRejects({ ...target, ...filter }, async (some) => void all.push(...some), noAbort);
      return all;
    };

    it('groups by column and reason, the largest first', async () => {
      const [largest, ...rest] = await groups();
      expect(largest).toEqual({
        column: 'visits',
        reason: expect.stringMatching(/^does not convert to /),
        sourceType: 'integer',
        columnType: expect.any(String),
        rejects: 3,
        records: 2,
        firstAt: instant(10),
        lastAt: instant(20),
      });
      expect(rest.map(({ column, rejects, records }) => [column, rejects, records]).toSorted()).toEqual([
        ['born_on', 1, 1],
        ['id', 1, 0],
        ['id', 1, 1],
      ]);
    });

    it.each<[string, RejectFilter, number]>([
      ['nothing', {}, 6],
      ['a column, in any case', { column: 'VISITS' }, 3],
      ['part of a reason, in any case', { reason: 'NO KEY' }, 1],
      ['a reason that is no pattern', { reason: '%' }, 0],
      ['a time', { since: instant(20) }, 1],
      ['all of them', { column: 'visits', reason: 'convert', since: instant(20) }, 1],
      ["a column that is nobody's", { column: "x' OR true --" }, 0],
    ])('is filtered by %s', async (_, filter, expected) => {
      const { total, rows } = await destination.listRejects({ ...target, ...filter, limit: 100 }, noAbort);
      expect([total, rows.length]).toEqual([expected, expected]);
      expect((await groups(filter)).reduce((sum, { rejects }) => sum + rejects, 0)).toBe(expected);
      expect(await kept(filter)).toHaveLength(expected);
    });

    it('names each record that can be read again once, page by page', async () => {
      expect(await ids()).toEqual({ total: 2, ids: ['1', bob['id']] });
      expect(await ids({}, null, 1)).toEqual({ total: 2, ids: ['1'] });
      expect(await ids({}, '1', 1)).toEqual({ total: 2, ids: [bob['id']] });
      expect((await ids({}, bob['id'])).ids).toEqual([]);
      expect(await ids({ column: 'born_on' })).toEqual({ total: 1, ids: ['1'] });
      expect(await ids({ reason: 'key' })).toEqual({ total: 0, ids: [] });
    });

    it('gives values to whoever reads it here, newest first, and whole records without a key', async () => {
      const [newest, ...older] = await kept();
      expect(newest).toMatchObject({ recordId: '1', column: 'visits', kept: 'value', payload: '2.5' });
      expect(older.every(({ createdAt }) => createdAt === instant(10))).toBe(true);
      const whole = older.find(({ recordId }) => recordId === null);
      expect(whole).toMatchObject({ kept: 'record', reason: 'record has no key' });
      expect(JSON.parse(whole!.payload!)).toMatchObject({ email: 'nobody' });
      expect(older.find(({ recordId }) => recordId === 'abc')).toMatchObject({ kept: 'record' });
    });

    it('passes on what its reader throws, and goes on working', async () => {
      const failing = destination.readRejects(target, () => Promise.reject(new Error('disk full')), noAbort);
      await expect(failing).rejects.toThrow('disk full');
      expect(await groups()).toHaveLength(4);
      expect(await run.mergeRecords([])).toMatchObject({ kind: 'merged' });
    });

    it('tells of values that were too long to be staged, once each and without the value', async () => {
      const long = (id: string | null, column: string): UnstagedValue => [
        id,
        column,
        column === 'visits' ? 'integer' : 'text',
        'longer than 30 bytes',
        instant(11),
      ];
      const later = { _version: instant(3), _observed_at: instant(11) };
      const outcome = await run.mergeRecords({
        records: [
          { ...ada, ...later, email: null },
          { ...ada, ...later, email: null },
          { ...bob, ...later, email: null, visits: null },
          { ...ada, id: null, email: null },
        ],
        unstaged: [long('1', 'email'), long('1', 'email'), long(bob['id']!, 'email'), long(bob['id']!, 'visits')],
      });
      expect(outcome).toMatchObject({ kind: 'merged', counts: { read: 4, updated: 2, rejected: 1, nulledValues: 3 } });
      const found = await kept({ reason: 'longer than' });
      expect(found.map(({ recordId, column }) => `${recordId} ${column}`).toSorted()).toEqual(
        ['1 email', `${bob['id']} email`, `${bob['id']} visits`].toSorted(),
      );
      for (const reject of found) expect(reject).toMatchObject({ run: 'run-1', kept: 'value', payload: null });
      const types = await groups({ reason: 'longer than' });
      expect(types.map(({ column, sourceType }) => [column, sourceType]).toSorted()).toEqual([
        ['email', 'text'],
        ['visits', 'integer'],
      ]);
      for (const { columnType } of types) expect(columnType).toEqual(expect.any(String));
      expect((await ids({ reason: 'longer than' })).ids).toEqual(['1', bob['id']]);
    });

    it('leaves what a listing could not hold to the run that merges it', async () => {
      const listing = await openTestRun(destination, {
        run: 'run-3',
        startedAt: instant(2),
        mode: 'reconcile',
        keepsListing: true,
      });
      const before = await kept();
      const unstaged: UnstagedValue[] = [['1', 'email', 'text', 'longer than 30 bytes', instant(11)]];
      const outcome = await listing.mergeRecords({ kind: 'listing', records: [ada], unstaged });
      expect(outcome).toMatchObject({ kind: 'merged', counts: { listed: 1, nulledValues: 0 } });
      expect(await kept()).toEqual(before);
    });

    it('is empty for a stream that never ran', async () => {
      const nobody = { stream: 'crm.nobody', table: { schema: 'nowhere', table: 'nobody' } };
      expect(await destination.groupRejects(nobody, noAbort)).toEqual([]);
      expect(await destination.listRejectedIds({ ...nobody, after: null, limit: 1 }, noAbort)).toEqual({
        total: 0,
        ids: [],
      });
      await destination.readRejects(nobody, () => Promise.reject(new Error('nothing to take')), noAbort);
    });
  });
}
