import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SnowflakeAccount } from '../examples/demo/snowflake-account.ts';
import type { LoggedStatement } from '../simulators/snowflake/control.ts';
import { measured, measuredPeak, seconds, type Measurement } from './measurement.ts';
import { BenchSystem, type RunFigures } from './system.ts';

const idleRuns = 3;

interface SnowflakeRun extends RunFigures {
  readonly statements: readonly LoggedStatement[];
  readonly uploads: readonly { readonly sizeBytes: number }[];
  /** Statements of one merge, from its staging table to its COMMIT; one number a merge. */
  readonly perMerge: readonly number[];
  readonly idle: readonly LoggedStatement[];
}

/** What a backfill into an emulated Snowflake account costs there and here, beside the same one into DuckDB. */
export async function* intoSnowflake({ contacts }: { contacts: number }): AsyncGenerator<Measurement[]> {
  const duckdb = await duckdbRun(contacts);
  const single = await snowflakeRun({ contacts, everyBatches: 1 });
  const scenario = `${contacts.toLocaleString('en-US')} contacts into Snowflake, no limit`;
  const most = Math.max(...single.perMerge);
  const puts = single.statements.filter(({ word }) => word === 'PUT').length;
  const stagedBytes = single.uploads.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const billed = single.idle.filter(({ needsWarehouse }) => needsWarehouse);
  yield [
    measured(
      scenario,
      `${(single.runMs / duckdb.runMs).toFixed(2)} × DuckDB (${seconds(single.runMs)} / ${seconds(duckdb.runMs)})`,
      { target: null, isMet: null },
    ),
    measured(scenario, `${single.perMerge.join(', ')} statements of its ${single.perMerge.length} merges`, {
      target: '≤ 10',
      isMet: single.perMerge.length === single.result.batches && most <= 10,
    }),
    measured(scenario, `${puts} PUT of ${single.uploads.length} files`, {
      target: '1 a file',
      isMet: puts === single.uploads.length,
    }),
    measured(scenario, `${Math.round(stagedBytes / contacts)} bytes staged a record`, { target: null, isMet: null }),
    measuredPeak(scenario, single.peakWorkerBytes),
    measured(
      `${idleRuns} idle scheduled runs`,
      `${single.idle.length} statements, ${billed.length} of them need a warehouse`,
      { target: '0', isMet: billed.length === 0 },
    ),
  ];
  const joined = await snowflakeRun({ contacts, everyBatches: 4 });
  yield [
    measured('the same, everyBatches 1', merges(single), { target: null, isMet: null }),
    measured('the same, everyBatches 4', merges(joined), { target: null, isMet: null }),
  ];
}

async function duckdbRun(contacts: number): Promise<RunFigures> {
  await using system = await BenchSystem.start({ records: { contacts }, limits: { burst: null }, spread: 'even' });
  return await system.backfill();
}

async function snowflakeRun(options: { contacts: number; everyBatches: number }): Promise<SnowflakeRun> {
  const { contacts, everyBatches } = options;
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'sluice-bench-account-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const account = await SnowflakeAccount.start(folder, (line) => void process.stderr.write(`${line}\n`));
  stack.defer(() => account.stop());
  await using system = await BenchSystem.start(
    { records: { contacts }, limits: { burst: null }, spread: 'even' },
    { streams: { contacts: { apply: { everyBatches } } }, destination: account.config },
  );
  const run = await system.backfill();
  const { statements, uploads } = await account.control.log();
  const schedule = await system.startSchedule('incremental');
  // The first asks the ledger where it stands; the others are told by the one before.
  await schedule.runOnce();
  await account.control.resetLog();
  for (let idle = 0; idle < idleRuns; idle++) await schedule.runOnce();
  const idle = (await account.control.log()).statements;
  await system.requireEqual(() => account.copyTable('hubspot', 'contacts'));
  return { ...run, statements, uploads, perMerge: statementsPerMerge(statements), idle };
}

/** A session does one thing at a time, so all that it is asked from its staging table to how its COMMIT ended belongs to the merge. */
function statementsPerMerge(statements: readonly LoggedStatement[]): number[] {
  const open = new Map<string, number>();
  const merges: number[] = [];
  for (const { session, sql } of statements) {
    if (/^CREATE OR REPLACE TEMPORARY TABLE/i.test(sql)) open.set(session, 0);
    const counted = open.get(session);
    if (counted === undefined) continue;
    open.set(session, counted + 1);
    if (!/^DESCRIBE TRANSACTION/i.test(sql)) continue;
    merges.push(counted + 1);
    open.delete(session);
  }
  return merges;
}

function merges({ perMerge, statements, runMs }: SnowflakeRun): string {
  const billed = statements.filter(({ needsWarehouse }) => needsWarehouse);
  const billedMs = billed.reduce((sum, { durationMs }) => sum + durationMs, 0);
  return `${perMerge.length} merges, ${billed.length} statements that need a warehouse, ${seconds(billedMs)} of them, ${seconds(runMs)}`;
}
