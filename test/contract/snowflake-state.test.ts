import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StreamPlan } from '../../model/plan.ts';
import {
  hasNoPython,
  needsPython,
  type SnowflakeUnderTest,
  useSnowflakeAccount,
} from '../support/snowflake-under-test.ts';
import { ada, bob, column, contactsPlan, instant } from '../support/staged-records.ts';
import { openTestRun } from '../support/staged-run.ts';
import { describeAdoption } from './destination-adoption-contract.ts';
import { describeRejects } from './destination-reject-contract.ts';
import { describeSchemaContract } from './destination-schema-contract.ts';
import { describeStreamState } from './destination-state-contract.ts';

const { stream, table } = contactsPlan;
const target = { stream, table };
const noAbort = new AbortController().signal;

describe.skipIf(hasNoPython)(`an emulated account (${needsPython})`, () => {
  const open = useSnowflakeAccount();
  describeStreamState('Snowflake', open);
  describeRejects('Snowflake', open);
  describeSchemaContract('Snowflake', open);
  describeAdoption('Snowflake', open);

  describe('Snowflake', () => {
    let under: SnowflakeUnderTest;

    beforeEach(async () => {
      under = await open();
    });
    afterEach(async () => {
      await under.control.removeFaults();
      await under.dispose();
    });

    it('asks no warehouse about a stream that never ran', async () => {
      const { destination, control } = under;
      await control.resetLog();
      await destination.readState(target, noAbort);
      await destination.countRows(target, noAbort);
      await destination.listRuns({ ...target, limit: 1 }, noAbort);
      await destination.listOpenRuns(target, noAbort);
      await destination.listRejects({ ...target, limit: 1 }, noAbort);
      const { statements } = await control.log();
      expect(statements.length).toBeGreaterThan(4);
      expect(statements.filter(({ needsWarehouse }) => needsWarehouse)).toEqual([]);
    });

    it('lists tables by name, since the answer to SHOW ends after 10,000', async () => {
      const { destination, control } = under;
      await control.resetLog();
      const run = await openTestRun(destination, { run: 'run-1', startedAt: instant(0), keepsListing: true });
      await run.mergeRecords([ada]);
      await destination.readState(target, noAbort);
      await destination.resetStream({ ...target, request: 'r', tableRows: 'drop', associationTables: [] }, noAbort);
      const { statements } = await control.log();
      const shown = statements.map(({ sql }) => sql).filter((sql) => /^SHOW .*TABLES/.test(sql));
      expect(shown.length).toBeGreaterThan(4);
      expect(shown.filter((sql) => !/ STARTS WITH '\w+'$/.test(sql))).toEqual([]);
    });

    it('holds merges off while columns are being changed, and the next run finishes what a dead one began', async () => {
      const { destination, control } = under;
      const other = await openTestRun(destination, { run: 'run-1', startedAt: instant(0), mode: 'incremental' });
      await other.mergeRecords([ada]);
      const wider: StreamPlan = {
        ...contactsPlan,
        columns: contactsPlan.columns.map((one) => (one.name === 'visits' ? column('visits', 'text') : one)),
      };
      const openWider = (run: string, minute: number) =>
        openTestRun(destination, { run, startedAt: instant(minute), plan: wider });
      await control.addFault({ match: 'RENAME COLUMN "_SLUICE_WIDE_VISITS"', error: { code: '000603' } });
      await expect(openWider('run-2', 1)).rejects.toMatchObject({ kind: 'Unavailable' });

      const request = await other.mint([bob]);
      await expect(other.merge(request)).rejects.toMatchObject({
        kind: 'Conflict',
        message: expect.stringContaining('run-2'),
        next: expect.any(String),
      });
      const run = await openWider('run-3', 2);
      expect(await other.merge(request)).toMatchObject({ kind: 'merged', counts: { inserted: 1 } });
      await run.mergeRecords([{ ...ada, visits: 'often', _version: instant(3) }]);
      const rows = await under.readRows(table);
      expect(rows.map((row) => row['visits'])).toEqual(['often', '3']);
      expect(Object.keys(rows[0]!).filter((name) => name.startsWith('_sluice'))).toEqual([]);
    });

    it('ends a reset that died between two drops', async () => {
      const { destination, control } = under;
      const run = await openTestRun(destination, { run: 'run-1', startedAt: instant(0) });
      await run.mergeRecords([ada]);
      const request = await run.mint([bob]);
      const reset = () =>
        destination.resetStream({ ...target, request: 'reset-1', tableRows: 'drop', associationTables: [] }, noAbort);
      await control.addFault({ match: 'DROP TABLE IF EXISTS "HUBSPOT"."CONTACTS"', error: { code: '000603' } });
      await expect(reset()).rejects.toMatchObject({ kind: 'Unavailable' });
      await expect(run.merge(request)).rejects.toMatchObject({ kind: 'Fenced' });
      expect(await destination.readState(target, noAbort)).toMatchObject({ generation: 2, liveRows: 1 });
      const next = { run: 'run-2', startedAt: instant(1) };
      await expect(openTestRun(destination, next)).rejects.toMatchObject({ kind: 'Conflict' });
      expect(await reset()).toEqual({ generation: 2 });
      expect(await destination.readState(target, noAbort)).toMatchObject({ generation: 2, liveRows: null });
      await (await openTestRun(destination, next)).mergeRecords([ada]);
      expect(await reset()).toEqual({ generation: 2 });
      expect(await destination.countRows(target, noAbort)).toEqual({ live: 1, deleted: 0 });
    });

    it('keeps the listing of a run from an attempt to open it that comes late', async () => {
      const { destination } = under;
      const options = { run: 'run-1', startedAt: instant(0), mode: 'reconcile', keepsListing: true } as const;
      const run = await openTestRun(destination, options);
      await run.mergeRecords({ kind: 'listing', records: [ada] });
      await openTestRun(destination, options);
      const tables = await under.ask('SHOW TABLES IN SCHEMA "HUBSPOT"');
      const listing = tables
        .map((row) => String((row as { name: string }).name))
        .find((name) => name.startsWith('SYNC_LISTING_'));
      expect(await under.readRows({ ...table, table: listing! })).toHaveLength(1);
      // The next run of the mode drops what a dead one has left.
      await openTestRun(destination, { ...options, run: 'run-2', startedAt: instant(1) });
      await expect(under.readRows({ ...table, table: listing! })).rejects.toThrow(/does not exist/);
    });
  });
});
