import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MergeTransactions } from '../../model/destination.ts';
import type { SyncError } from '../../model/errors.ts';
import type { StreamPlan } from '../../model/plan.ts';
import { eventually } from '../support/eventually.ts';
import { counts, merged } from '../support/merged-counts.ts';
import {
  hasNoPython,
  needsPython,
  type SnowflakeUnderTest,
  useSnowflakeAccount,
} from '../support/snowflake-under-test.ts';
import { ada, bob, column, contactsPlan, instant } from '../support/staged-records.ts';
import { openTestRun } from '../support/staged-run.ts';

const { table } = contactsPlan;
const noAbort = new AbortController().signal;

/** What a warehouse across a network adds to the contract of destinations: rule 3 of docs/spec.md. */
describe.skipIf(hasNoPython)(`a merge into an emulated account (${needsPython})`, () => {
  const open = useSnowflakeAccount();
  let under: SnowflakeUnderTest;
  beforeEach(async () => {
    under = await open();
  });
  afterEach(async () => {
    await under.control.removeFaults();
    await under.dispose();
  });

  const openRun = (plan: StreamPlan = contactsPlan) =>
    openTestRun(under.destination, { run: 'run-1', startedAt: instant(0), plan });
  const batches = () => under.readRows({ ...table, table: 'sync_batches' });
  const ids = async () => (await under.readRows(table)).map((row) => row['id']).toSorted();

  it('is found in the ledger where nobody told what came of the COMMIT', async () => {
    const run = await openRun();
    const request = await run.mint([ada, bob]);
    await under.control.addFault({ match: '^COMMIT', when: 'after', error: { code: '000604', sqlState: '57014' } });
    expect(await run.merge(request)).toEqual({
      kind: 'merged',
      counts: counts({ read: 2, inserted: 2 }),
      isRepeat: false,
    });
    expect((await run.merge(request)).kind).toBe('merged');
    expect(await batches()).toHaveLength(1);
  });

  it('is to be tried again where the COMMIT never came, and then merged once', async () => {
    const run = await openRun();
    const request = await run.mint([ada, bob]);
    await under.control.addFault({ match: '^COMMIT', when: 'before', error: { code: '000604', sqlState: '57014' } });
    await expect(run.merge(request)).rejects.toMatchObject({ kind: 'Unavailable', next: expect.any(String) });
    expect(await run.merge(request)).toMatchObject({ kind: 'merged', isRepeat: false });
    expect(await batches()).toHaveLength(1);
    expect(await ids()).toEqual(['1', bob['id']]);
  });

  it('waits for no attempt that died: it ends that one’s transaction, by the id that was noted', async () => {
    const run = await openRun();
    const request = await run.mint([ada]);
    await under.change("BEGIN; UPDATE {TABLE:sync_fence} SET taken_by = 'one that died'");
    const [{ ID: before }] = (await under.ask('SELECT CURRENT_TRANSACTION() AS ID')) as [{ ID: string }];
    const noted: string[] = [];
    const transactions: MergeTransactions = { before, note: (id) => noted.push(id) };
    const outcome = await under.destination.mergeBatch(request, noAbort, transactions);
    expect(merged(outcome).inserted).toBe(1);
    expect(noted).toEqual([expect.stringMatching(/^\d+$/)]);
    expect(noted).not.toContain(before);
    await under.change('ROLLBACK');
    expect((await under.readRows({ ...table, table: 'sync_fence' }))[0]!['taken_by']).toBe(request.batch.batchId);
  });

  it('counts nothing of an attempt that is ended while its MERGE runs', async () => {
    const run = await openRun();
    const request = await run.mint([ada, bob]);
    await under.control.resetLog();
    await under.control.addFault({ match: '^MERGE', hang: true });
    let before: string | null = null;
    const first = under.destination.mergeBatch(request, noAbort, { before: null, note: (id) => (before = id) });
    const outcome = first.then(
      ({ kind }) => kind,
      (error: unknown) => (error as SyncError).kind,
    );
    await eventually('it runs', async () => {
      const { statements } = await under.control.log();
      return statements.some(({ word }) => word === 'MERGE');
    });
    const second = await under.destination.mergeBatch(request, noAbort, { before, note: () => undefined });
    expect(second).toMatchObject({ kind: 'merged', isRepeat: false });
    expect(await outcome).toBe('Conflict');
    expect(await batches()).toHaveLength(1);
    expect(await ids()).toEqual(['1', bob['id']]);
    expect((await run.mergeRecords([{ ...ada, _version: instant(5) }])).kind).toBe('merged');
  });

  it('goes on where an earlier attempt’s transaction cannot be ended', async () => {
    const run = await openRun();
    const request = await run.mint([ada]);
    await under.control.addFault({ match: 'ABORT_TRANSACTION', error: { code: '000618', sqlState: '55000' } });
    const outcome = await under.destination.mergeBatch(request, noAbort, { before: '123', note: () => undefined });
    expect(merged(outcome).inserted).toBe(1);
  });

  it('twice at once is one', async () => {
    const run = await openRun();
    const request = await run.mint([ada, bob]);
    const outcomes = await Promise.all([run.merge(request), run.merge(request)]);
    expect(outcomes.map((outcome) => outcome.kind === 'merged' && outcome.isRepeat).toSorted()).toEqual([false, true]);
    expect(await batches()).toHaveLength(1);
    expect(await ids()).toEqual(['1', bob['id']]);
  });

  it('costs ten statements, the first of a run too, and commits nothing by DDL', async () => {
    const run = await openRun();
    for (const records of [[ada], [{ ...ada, email: 'new', _version: instant(2) }, bob]]) {
      const request = await run.mint(records);
      await under.control.resetLog();
      await run.merge(request);
      const { statements } = await under.control.log();
      const own = statements.filter(({ queryTag, word }) => queryTag.includes('sluice') && word !== 'PUT');
      expect(own.map(({ word }) => word)).toHaveLength(10);
      expect(statements.filter(({ implicitCommit }) => implicitCommit !== null)).toEqual([]);
      expect((await batches()).at(-1)).toMatchObject({ statements: '10' });
    }
  });

  const orders: readonly { readonly keys: readonly string[]; readonly type: 'integer' | 'text' }[] = [
    { type: 'integer', keys: ['999', '1000', '-1'] },
    { type: 'text', keys: ['999', '1000', 'AAA', 'aaa', "o'clock", 'ä', '"'] },
  ];
  it.each(orders)('finds every row between the lowest and the highest key: $type', async ({ type, keys }) => {
    const run = await openRun({ ...contactsPlan, key: column('id', type) });
    const records = keys.map((id) => ({ ...ada, id }));
    expect(merged(await run.mergeRecords(records))).toEqual(counts({ read: keys.length, inserted: keys.length }));
    const again = records.map((record) => ({ ...record, _observed_at: instant(20) }));
    expect(merged(await run.mergeRecords(again))).toEqual(counts({ read: keys.length, unchanged: keys.length }));
    expect(merged(await run.mergeRecords(again.slice(1, 3)))).toEqual(counts({ read: 2, unchanged: 2 }));
  });
});
