import type { CloseRunRequest, OpenRunRecord, RunRow } from '../../model/destination.ts';
import type { StreamTable, TableName } from '../../model/stream-table.ts';
import { firstGeneration, requireGeneration } from '../../model/fenced.ts';
import type { StreamPlan, SyncMode } from '../../model/plan.ts';
import type { OpenRunRequest, RunProgress, RunRecord } from '../../model/run.ts';
import { readRunRecord, readRunRow } from '../../model/run-rows.ts';
import { unknownRun } from '../../model/stream-errors.ts';
import { isoInstant } from './instant.ts';
import { readLedgerHead } from './ledger.ts';
import type { Session } from './session.ts';
import { addedColumns, buildRunTotals, systemTable } from './system-tables.ts';
import { readColumnTypes } from './target-table.ts';

type RunOf = StreamTable & { readonly run: string };

/** Rows of an earlier release name none: nothing could be reset then. */
const ofGeneration = `coalesce(generation, ${firstGeneration}) = $generation`;

export async function findRun(session: Session, { stream, table, run }: RunOf): Promise<RunRecord | null> {
  const [row] = await session.query(
    `SELECT * EXCLUDE (plan) FROM ${systemTable(table.schema, 'sync_runs')} WHERE stream = $stream AND run = $run`,
    { stream, run },
  );
  return row === undefined ? null : readRunRecord(row, isoInstant);
}

/** The run, or `StateCorrupt`: everything that writes comes after `openRun`. */
export async function requireRun(session: Session, target: RunOf): Promise<RunRecord> {
  const record = await findRun(session, target);
  if (record !== null) return record;
  throw unknownRun(target);
}

/** The newest other whole-stream run of a mode since the last reset. */
export async function findPreviousRun(
  session: Session,
  { stream, table, run, mode, generation }: RunOf & { mode: SyncMode; generation: number },
): Promise<RunRecord | null> {
  const [row] = await session.query(
    `SELECT * EXCLUDE (plan) FROM ${systemTable(table.schema, 'sync_runs')} ` +
      "WHERE stream = $stream AND mode = $mode AND scope = 'whole' AND run <> $run " +
      `AND ${ofGeneration} ORDER BY started_at DESC LIMIT 1`,
    { stream, mode, run, generation },
  );
  return row === undefined ? null : readRunRecord(row, isoInstant);
}

export async function readProgress(
  session: Session,
  target: StreamTable,
  record: RunRecord | null,
): Promise<RunProgress | null> {
  if (record === null) return null;
  const { run, startFrontier } = record;
  return { record, head: await readLedgerHead(session, { ...target, run, startFrontier }) };
}

/** A run that was terminated could not close itself: the next of its mode does, once it holds the claim. */
export async function closeLostRuns(
  session: Session,
  { stream, table, run, mode }: RunOf & { mode: SyncMode },
): Promise<void> {
  await session.execute(buildMarkLost(table, 'mode = $mode AND run <> $run'), { stream, mode, run });
}

/** The same for named ones, without waiting for a next run. Returns those that were still `running`. */
export async function closeNamedRuns(
  session: Session,
  { stream, table, runs }: StreamTable & { runs: readonly string[] },
): Promise<string[]> {
  const closed: string[] = [];
  for (const run of runs) {
    const rows = await session.query(`${buildMarkLost(table, 'run = $run')} RETURNING run`, { stream, run });
    closed.push(...rows.map((row) => String(row['run'])));
  }
  return closed;
}

function buildMarkLost(table: TableName, condition: string): string {
  return (
    `UPDATE ${systemTable(table.schema, 'sync_runs')} SET status = 'lost', ended_at = now() ` +
    `WHERE stream = $stream AND ${condition} AND status = 'running'`
  );
}

export async function selectOpenRuns(session: Session, { stream, table }: StreamTable): Promise<OpenRunRecord[]> {
  const rows = await session.query(
    `SELECT run, mode, started_at FROM ${systemTable(table.schema, 'sync_runs')} ` +
      "WHERE stream = $stream AND status = 'running' ORDER BY started_at, run",
    { stream },
  );
  return rows.map((row) => ({
    run: String(row['run']),
    mode: row['mode'] as SyncMode,
    startedAt: isoInstant(String(row['started_at'])),
  }));
}

/** Raises `Fenced` for a run that began before the last reset. */
export async function requireRunOfGeneration(session: Session, target: RunOf, generation: number): Promise<void> {
  const [row] = await session.query(
    `SELECT coalesce(generation, ${firstGeneration}) AS generation FROM ${systemTable(target.table.schema, 'sync_runs')} ` +
      'WHERE stream = $stream AND run = $run',
    { stream: target.stream, run: target.run },
  );
  if (row === undefined) return;
  requireGeneration({ stream: target.stream, generation: Number(row['generation']) }, generation);
}

export async function recordRun(
  session: Session,
  request: OpenRunRequest & { startedAt: string; generation: number },
): Promise<void> {
  const { plan, run } = request;
  await session.execute(
    `INSERT INTO ${systemTable(plan.table.schema, 'sync_runs')} (stream, run, mode, scope, status, plan, plan_digest, ` +
      'start_frontier, first_started_at, resumed_from, start_reason, started_at, generation, access, idle_runs) ' +
      "VALUES ($stream, $run, $mode, $scope, 'running', $plan, $planDigest, $startFrontier, $firstStartedAt, $resumedFrom, " +
      '$startReason, $startedAt, $generation, $access, $idleRuns)',
    {
      stream: plan.stream,
      run,
      mode: request.mode,
      scope: request.scope,
      plan: JSON.stringify(plan),
      planDigest: request.planDigest,
      startFrontier: JSON.stringify(request.startFrontier),
      firstStartedAt: request.firstStartedAt,
      resumedFrom: request.resumedFrom,
      startReason: request.startReason,
      startedAt: request.startedAt,
      generation: request.generation,
      access: request.access,
      idleRuns: request.idleRuns,
    },
  );
}

export async function readStoredPlan(session: Session, target: RunOf): Promise<StreamPlan> {
  const [row] = await session.query(
    `SELECT plan FROM ${systemTable(target.table.schema, 'sync_runs')} WHERE stream = $stream AND run = $run`,
    { stream: target.stream, run: target.run },
  );
  if (row === undefined) await requireRun(session, target);
  return JSON.parse(String(row!['plan'])) as StreamPlan;
}

export async function storePlan(session: Session, run: string, plan: StreamPlan): Promise<void> {
  await session.execute(
    `UPDATE ${systemTable(plan.table.schema, 'sync_runs')} SET plan = $plan WHERE stream = $stream AND run = $run`,
    { stream: plan.stream, run, plan: JSON.stringify(plan) },
  );
}

/** A later close counts; the same one again changes nothing. */
export async function markRunClosed(
  session: Session,
  { stream, table, run, status, error, forgetsAccess = false }: CloseRunRequest,
): Promise<void> {
  await session.execute(
    `UPDATE ${systemTable(table.schema, 'sync_runs')} SET status = $status, error = $error, ended_at = now()${forgetsAccess ? ', access = NULL' : ''} ` +
      'WHERE stream = $stream AND run = $run AND (status, error) IS DISTINCT FROM ($status, $error)',
    { stream, run, status, error },
  );
}

/** Newest first; also from tables of an earlier release, which lack columns until the next run begins. */
export async function selectRuns(
  session: Session,
  { stream, table, limit }: StreamTable & { limit: number },
): Promise<RunRow[]> {
  const lacking = new Set<string>();
  for (const [name, columns] of Object.entries(addedColumns)) {
    const present = await readColumnTypes(session, { schema: table.schema, table: name });
    for (const column of columns) if (!present.has(column)) lacking.add(column);
  }
  const rows = await session.query(
    `SELECT * FROM (${buildRunTotals(table.schema, lacking)}) WHERE stream = $stream ORDER BY started_at DESC, run LIMIT $limit`,
    { stream, limit },
  );
  return rows.map((row) => readRunRow(row, isoInstant));
}
