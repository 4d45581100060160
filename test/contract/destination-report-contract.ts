import { rm } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { emptyPart } from '../../model/batch.ts';
import type { ListingReport, ListingReportRequest } from '../../model/comparison.ts';
import type { Destination } from '../../model/destination.ts';
import type { StagedTombstone } from '../../model/tombstone.ts';
import { bringStage } from '../support/bring-stage.ts';
import type { DestinationUnderTest } from '../support/destination-under-test.ts';
import { comparedPlan } from '../support/staged-comparison.ts';
import { column, instant, stageChunk, type TestRecord } from '../support/staged-records.ts';
import { openTestRun } from '../support/staged-run.ts';

const { stream, table } = comparedPlan;
const noAbort = new AbortController().signal;
const none = { count: 0, ids: [] };
const listedSince = 20;

const record = (id: string, some: TestRecord = {}): TestRecord => ({
  id,
  email: `${id}@example.com`,
  amount: '1.5',
  visits: '3',
  _version: instant(5),
  _observed_at: instant(10),
  ...some,
});
const listed = (id: string, some: TestRecord = {}) => record(id, { _observed_at: instant(listedSince + 1), ...some });
const gone = (id: string, minute = listedSince + 2): StagedTombstone => [id, 'archived', null, null, instant(minute)];

/** A comparison that only tells: `sluice verify`. */
export function describeReport(name: string, open: () => Promise<DestinationUnderTest>): void {
  describe(`${name} reports`, () => {
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
      const run = await openTestRun(destination, { run: 'backfill', startedAt: instant(9), plan: comparedPlan });
      await run.mergeRecords(records);
    };

    interface Seen {
      readonly listing?: readonly TestRecord[];
      readonly archived?: readonly StagedTombstone[];
      readonly sample?: readonly TestRecord[];
      readonly absentColumns?: readonly string[];
    }
    const staged = async (seen: Seen, some: Partial<ListingReportRequest> = {}): Promise<ListingReportRequest> => {
      const { listing = [], archived = [], sample, absentColumns = [] } = seen;
      const plan = some.plan ?? comparedPlan;
      const list = await stageChunk(plan, { kind: 'listing', records: listing, tombstones: archived });
      const whole = sample === undefined ? null : await stageChunk(plan, { records: sample, absentColumns });
      onTestFinished(async () => {
        await rm(list.directory, { recursive: true, force: true });
        if (whole !== null) await rm(whole.directory, { recursive: true, force: true });
      });
      const run = { schema: plan.table.schema, stream, mode: 'verify', run: 'verification' };
      const brought = await bringStage(destination, list, run);
      return {
        stream,
        table,
        plan,
        listing: brought.records,
        archived: brought.tombstones,
        sample: whole === null ? null : await bringStage(destination, whole, run),
        listedSince: instant(listedSince),
        maxIds: 10,
        ...some,
      };
    };
    const report = async (seen: Seen, some: Partial<ListingReportRequest> = {}) =>
      destination.reportListing(await staged(seen, some), noAbort);
    const bucketsDiffer = ({ buckets }: ListingReport) => buckets.some((one) => one.source !== one.destination);

    it('no difference where there is none', async () => {
      await fill(record('1'), record('2', { _version: null }));
      const outcome = await report({
        listing: [listed('1'), listed('2', { _version: null })],
        sample: [listed('1')],
      });
      expect(outcome).toMatchObject({
        sourceRecords: 2,
        liveRows: 2,
        missing: none,
        extra: none,
        stale: none,
        differing: none,
        sampled: 1,
      });
      expect(outcome.buckets.length).toBeGreaterThanOrEqual(16);
      expect(outcome.buckets.filter(({ source }) => source !== '0').length).toBeGreaterThan(0);
      expect(bucketsDiffer(outcome)).toBe(false);
    });

    interface Case {
      readonly title: string;
      readonly rows?: readonly TestRecord[];
      readonly change?: string;
      readonly seen: Seen;
      readonly expected: Partial<ListingReport>;
      readonly differ?: boolean;
    }
    const cases: readonly Case[] = [
      { title: 'missing', seen: { listing: [listed('1')] }, expected: { missing: { count: 1, ids: ['1'] } } },
      {
        title: 'a tombstone of what is alive as missing',
        rows: [record('1')],
        change: `UPDATE {TABLE:contacts} SET _deleted = true, _state_observed_at = '${instant(15)}'`,
        seen: { listing: [listed('1')] },
        expected: { missing: { count: 1, ids: ['1'] } },
      },
      {
        title: 'a row of what is nowhere as extra',
        rows: [record('1')],
        seen: {},
        expected: { extra: { count: 1, ids: ['1'] } },
      },
      {
        title: 'a row of what went to the bin as extra',
        rows: [record('1')],
        seen: { listing: [listed('1')], archived: [gone('1')] },
        expected: { extra: { count: 1, ids: ['1'] } },
      },
      {
        title: 'an older row as stale',
        rows: [record('1'), record('2', { _version: null })],
        seen: { listing: [listed('1', { _version: instant(6) }), listed('2')] },
        expected: { stale: { count: 2, ids: ['1', '2'] } },
      },
      {
        title: 'another value under the same version as differing',
        rows: [record('1'), record('2')],
        seen: { listing: [listed('1'), listed('2')], sample: [listed('1', { amount: '1.6' }), listed('2')] },
        expected: { differing: { count: 1, ids: ['1'] }, sampled: 2 },
        differ: false,
      },
      {
        title: 'a record listed twice once, as it was seen last',
        rows: [record('1')],
        seen: {
          listing: [listed('1', { _version: instant(4) }), listed('1', { _observed_at: instant(listedSince + 2) })],
        },
        expected: {},
        differ: false,
      },
      {
        title: 'nothing of what came back from the bin and is a row',
        rows: [record('1')],
        seen: { listing: [listed('1', { _observed_at: instant(listedSince + 3) })], archived: [gone('1')] },
        expected: {},
        differ: false,
      },
      {
        title: 'nothing of what was merged since the listing began',
        rows: [
          record('1', { _observed_at: instant(listedSince + 5), _version: instant(9) }),
          record('2', { _observed_at: instant(listedSince + 5) }),
        ],
        seen: {
          listing: [listed('1', { _version: instant(9) })],
          sample: [listed('1', { amount: '7', _version: instant(9) })],
        },
        expected: { sampled: 1 },
        differ: false,
      },
      {
        title: 'no differing value of a column that was absent at the source',
        rows: [record('1')],
        seen: { listing: [listed('1')], sample: [listed('1', { amount: null })], absentColumns: ['amount'] },
        expected: { sampled: 1 },
        differ: false,
      },
    ];
    it.each(cases)('$title', async ({ rows = [], change, seen, expected, differ = true }) => {
      await fill(...rows);
      if (change !== undefined) await under.change(change);
      const outcome = await report(seen);
      expect(outcome).toMatchObject({
        missing: none,
        extra: none,
        stale: none,
        differing: none,
        sampled: 0,
        ...expected,
      });
      expect(bucketsDiffer(outcome)).toBe(differ);
    });

    it('all that differ, and names as many as asked', async () => {
      await fill();
      const listing = ['10', '9', '100', '11'].map((id) => listed(id));
      expect((await report({ listing }, { maxIds: 2 })).missing).toEqual({ count: 4, ids: ['9', '10'] });
    });

    it('by the columns that the table has, in the types it has', async () => {
      await fill(record('1'));
      await under.change(
        'ALTER TABLE {TABLE:contacts} DROP COLUMN email; ALTER TABLE {TABLE:contacts} ALTER COLUMN visits SET DATA TYPE VARCHAR',
      );
      const plan = { ...comparedPlan, columns: [column('city', 'text'), ...comparedPlan.columns] };
      const sample = [listed('1', { city: 'London', visits: '+3' })];
      expect(await report({ listing: [listed('1')], sample }, { plan })).toMatchObject({ differing: none, sampled: 1 });
    });

    it('without a trace', async () => {
      await fill(record('1'), record('2'));
      const looked = async () => ({
        rows: await under.readRows(table),
        ledger: await under.readRows({ ...table, table: 'sync_batches' }),
        fence: await under.readRows({ ...table, table: 'sync_fence' }),
        tables: await under.readRows({ schema: 'information_schema', table: 'tables' }),
      });
      const before = await looked();
      const seen = {
        listing: [listed('1', { _version: instant(7) }), listed('3')],
        sample: [listed('2', { visits: '8' })],
      };
      const first = await report(seen);
      expect(await report(seen)).toEqual(first);
      expect(await looked()).toEqual(before);
    });

    it('nothing of a table that is not there, or from files that are gone', async () => {
      const refusal = { kind: 'ConfigInvalid', message: expect.stringContaining('nothing to compare') };
      await expect(report({})).rejects.toMatchObject(refusal);
      await openTestRun(destination, {
        run: 'x',
        startedAt: instant(0),
        plan: { ...comparedPlan, stream: 'crm.deals', table: { ...table, table: 'deals' } },
      });
      await expect(report({})).rejects.toMatchObject(refusal);
      await fill(record('1'));
      const request = await staged({ listing: [listed('1')] });
      await under.removeStaged(request.listing.files[0]!.path);
      await expect(destination.reportListing(request, noAbort)).rejects.toMatchObject({ kind: 'Unavailable' });
      expect(await destination.reportListing({ ...request, listing: emptyPart }, noAbort)).toMatchObject({
        extra: { count: 1, ids: ['1'] },
      });
    });
  });
}
