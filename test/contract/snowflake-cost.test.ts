import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  hasNoPython,
  needsPython,
  type SnowflakeUnderTest,
  useSnowflakeAccount,
} from '../support/snowflake-under-test.ts';
import { ada, bob, contactsPlan, instant } from '../support/staged-records.ts';
import { openTestRun } from '../support/staged-run.ts';

const { stream, table } = contactsPlan;
const noAbort = new AbortController().signal;
const longAgo = '2020-01-01T00:00:00.000Z';

describe.skipIf(hasNoPython)(`what runs have cost in an emulated account (${needsPython})`, () => {
  const open = useSnowflakeAccount();
  let under: SnowflakeUnderTest;
  beforeEach(async () => {
    under = await open();
    await under.control.resetLog();
  });
  afterEach(async () => {
    await under.control.removeFaults();
    await under.control.configure({ seesAccountUsage: true });
    await under.dispose();
  });

  const readCost = (since = longAgo) => under.destination.readCost!({ streams: [{ stream, table }], since }, noAbort);
  const openRun = (run: string, mode: 'backfill' | 'incremental' = 'backfill', { destination } = under) =>
    openTestRun(destination, { run, mode, startedAt: instant(0) });

  it('is the ledger’s own figures, and the credits of every statement of those runs', async () => {
    const run = await openRun('cost-1');
    await run.mergeRecords([ada]);
    await under.control.addFault({ match: '^MERGE', error: { code: '000603' } });
    const request = await run.mint([bob]);
    await expect(run.merge(request)).rejects.toMatchObject({ kind: 'Unavailable' });
    await run.merge(request);
    await (await openRun('cost-2', 'incremental')).mergeRecords([ada]);
    const { statements } = await under.control.log();

    const { modes, warehouses, findings, lagMs } = await readCost();
    const batches = await under.readRows({ ...table, table: 'sync_batches' });
    const sum = (mode: string, name: string) =>
      batches.filter((row) => row['mode'] === mode).reduce((total, row) => total + Number(row[name]), 0);
    for (const [index, mode] of (['backfill', 'incremental'] as const).entries()) {
      const billed = statements.filter(
        ({ needsWarehouse, queryTag }) => needsWarehouse && queryTag.includes(`"mode":"${mode}"`),
      );
      const billedMs = billed.reduce((total, { durationMs }) => total + durationMs, 0);
      const cost = modes[index]!;
      expect(cost).toMatchObject({
        stream,
        mode,
        runs: 1,
        batches: mode === 'backfill' ? 2 : 1,
        statements: sum(mode, 'statements'),
        stagedBytes: sum(mode, 'staged_bytes'),
        elapsedMs: sum(mode, 'elapsed_ms'),
        billed: { statements: billed.length },
      });
      expect(cost.elapsedMs).toBeGreaterThan(0);
      expect(cost.billed!.credits).toBeCloseTo(billedMs / 3_600_000, 9);
      expect(Math.abs(cost.billed!.executionMs - billedMs)).toBeLessThan(2 * billed.length);
    }
    expect(modes).toHaveLength(2);
    // The failed attempt is in no ledger.
    const failed = statements.filter(({ outcome }) => outcome === 'error');
    expect(failed.map(({ word }) => word)).toEqual(['MERGE']);
    const used = modes.reduce((total, { billed }) => total + billed!.credits, 0);
    expect(warehouses).toMatchObject([{ warehouse: 'COMPUTE_WH' }]);
    expect(warehouses![0]!.statementCredits).toBeGreaterThan(used);
    expect(warehouses![0]!.credits).toBeGreaterThan(warehouses![0]!.statementCredits);
    expect(findings).toEqual([]);
    expect(lagMs).toBe(8 * 3_600_000);

    const future = new Date(Date.now() + 2 * 3_600_000).toISOString();
    expect(await readCost(future)).toMatchObject({ modes: [], warehouses: [] });
  });

  it('is that of this ledger’s runs, not of another one with the same names', async () => {
    const other = await open();
    try {
      await (await openRun('there', 'backfill', other)).mergeRecords([ada, bob]);
      await (await openRun('here')).mergeRecords([ada]);
      const { statements } = await under.control.log();
      const billed = statements.filter(
        ({ needsWarehouse, queryTag }) => needsWarehouse && queryTag.includes('"run":"here"'),
      );
      const { modes } = await readCost();
      expect(modes).toMatchObject([{ batches: 1, billed: { statements: billed.length } }]);
    } finally {
      await other.dispose();
    }
  });

  it('is without credits where the role may not see them, and says which grant would show them', async () => {
    await (await openRun('unseen')).mergeRecords([ada]);
    await under.control.configure({ seesAccountUsage: false });
    const { modes, warehouses, findings } = await readCost();
    expect(modes).toMatchObject([{ mode: 'backfill', batches: 1, billed: null }]);
    expect(warehouses).toBeNull();
    expect(findings.map(({ subject }) => subject)).toEqual(['credits of runs', 'credits of warehouses']);
    for (const { status, text, next } of findings) {
      expect(status).toBe('warning');
      expect(text).toMatch(/^Object SNOWFLAKE\.ACCOUNT_USAGE\.\w+_HISTORY does not exist/);
      expect(next).toMatch(/^GRANT DATABASE ROLE SNOWFLAKE\.USAGE_VIEWER TO ROLE SYSADMIN,/);
    }
  });

  it('is nothing where nothing ever ran, and asks no warehouse for it', async () => {
    expect(await readCost()).toMatchObject({ modes: [], warehouses: [], findings: [] });
    const { statements } = await under.control.log();
    expect(statements.filter(({ needsWarehouse }) => needsWarehouse)).toEqual([]);
  });
});
