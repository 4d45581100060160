import type { CloseRunRequest, OpenRunRecord, RunRow } from '../../model/destination.ts';
import type { StreamPlan, SyncMode } from '../../model/plan.ts';
import type { OpenRunRequest, RunProgress } from '../../model/run.ts';
import { type InstantOf, readRunRecord, readRunRow } from '../../model/run-rows.ts';
import { unknownRun } from '../../model/stream-errors.ts';
import type { StreamTable } from '../../model/stream-table.ts';
import { buildBound } from './expressions.ts';
import { buildHeads, readHead } from './ledger.ts';
import type { Session, SqlRow, Statement } from './session.ts';
import { systemTable } from './system-tables.ts';
import { withinTransaction } from './within-transaction.ts';

type RunOf = StreamTable & { readonly run: string };

/** A session gives instants as ISO-8601. */
const asIs: InstantOf = (text) => text;

/** What of `sync_runs` a run's record is read from. */
export const runColumns = [
  'run',
  'mode',
  'scope',
  'status',
  'plan_digest',
  'start_frontier',
  'first_started_at',
  'resumed_from',
  'keeps_listing',
] as const;

/** Of a row with the run's columns, and those of `buildHeads` where it has committed something. */
export function readProgressRow(row: SqlRow, { stream, table }: StreamTable): RunProgress {
  const record = readRunRecord(row, asIs);
  const { run, startFrontier } = record;
  return { record, head: readHead(row, { stream, table, run, startFrontier }) };
}

/** The run and the newest other whole-stream run of its mode in a generation, as far as they were opened. */
export async function findProgress(
  session: Session,
  { run, mode, generation, ...target }: RunOf & { readonly mode: SyncMode; readonly generation: number },
): Promise<{ readonly self: RunProgress | null; readonly previous: RunProgress | null }> {
  const rows = await session.query({
    sql:
      `SELECT ${runColumns.join(', ')} FROM ${systemTable(target.table.schema, 'sync_runs')} ` +
      "WHERE stream = ? AND (run = ? OR (mode = ? AND scope = 'whole' AND generation = ?)) " +
      'QUALIFY ROW_NUMBER() OVER (PARTITION BY run = ? ORDER BY started_at DESC) = 1',
    binds: [target.stream, run, mode, generation, run],
  });
  if (rows.length === 0) return { self: null, previous: null };
  const found = await session.query(
    buildHeads(
      target,
      rows.map((row) => String(row['run'])),
    ),
  );
  const heads = new Map(found.map((row) => [row['run'], row]));
  const progress = (row: SqlRow | undefined): RunProgress | null =>
    row === undefined ? null : readProgressRow({ ...heads.get(row['run']!), ...row }, target);
  return {
    self: progress(rows.find((row) => row['run'] === run)),
    previous: progress(rows.find((row) => row['run'] !== run)),
  };
}

/** Marks runs that are still `running` as lost. */
export function buildMarkLost({ stream, table }: StreamTable, condition: Required<Statement>): Statement {
  return {
    sql:
      `UPDATE ${systemTable(table.schema, 'sync_runs')} SET status = 'lost', ended_at = CURRENT_TIMESTAMP() ` +
      `WHERE stream = ? AND status = 'running' AND ${condition.sql}`,
    binds: [stream, ...condition.binds],
  };
}

/** Returns those that were still `running`. */
export async function closeNamedRuns(
  session: Session,
  { runs, ...target }: StreamTable & { readonly runs: readonly string[] },
): Promise<string[]> {
  const closed: string[] = [];
  for (const run of runs) {
    const { changedRows } = await session.execute(buildMarkLost(target, { sql: 'run = ?', binds: [run] }));
    if (changedRows > 0) closed.push(run);
  }
  return closed;
}

export async function selectOpenRuns(session: Session, { stream, table }: StreamTable): Promise<OpenRunRecord[]> {
  const rows = await session.query({
    sql:
      `SELECT run, mode, started_at FROM ${systemTable(table.schema, 'sync_runs')} ` +
      "WHERE stream = ? AND status = 'running' ORDER BY started_at, run",
    binds: [stream],
  });
  return rows.map((row) => ({
    run: String(row['run']),
    mode: row['mode'] as SyncMode,
    startedAt: String(row['started_at']),
  }));
}

export async function recordRun(
  session: Session,
  request: OpenRunRequest & { readonly startedAt: string; readonly generation: number },
): Promise<void> {
  const { plan } = request;
  const instant = buildBound('timestamp');
  await session.execute({
    sql:
      `INSERT INTO ${systemTable(plan.table.schema, 'sync_runs')} (stream, run, mode, scope, status, plan, plan_digest, ` +
      'start_frontier, resumed_from, start_reason, generation, access, idle_runs, keeps_listing, first_started_at, started_at) ' +
      `SELECT ?, ?, ?, ?, 'running', ?, ?, ?, ?, ?, ?, ?, ?, ?, ${instant}, ${instant} WHERE ${withinTransaction}`,
    binds: [
      plan.stream,
      request.run,
      request.mode,
      request.scope,
      JSON.stringify(plan),
      request.planDigest,
      JSON.stringify(request.startFrontier),
      request.resumedFrom,
      request.startReason,
      request.generation,
      request.access,
      request.idleRuns,
      request.keepsListing,
      request.firstStartedAt,
      request.startedAt,
    ],
  });
}

export async function readStoredPlan(session: Session, target: RunOf): Promise<StreamPlan> {
  const [row] = await session.query({
    sql: `SELECT plan FROM ${systemTable(target.table.schema, 'sync_runs')} WHERE stream = ? AND run = ?`,
    binds: [target.stream, target.run],
  });
  if (row === undefined) throw unknownRun(target);
  return JSON.parse(String(row['plan'])) as StreamPlan;
}

export function buildStorePlan(run: string, plan: StreamPlan): Statement {
  return {
    sql: `UPDATE ${systemTable(plan.table.schema, 'sync_runs')} SET plan = ? WHERE stream = ? AND run = ? AND ${withinTransaction}`,
    binds: [JSON.stringify(plan), plan.stream, run],
  };
}

/** A later close counts; the same one again changes nothing. */
export function buildCloseRun({
  stream,
  table,
  run,
  status,
  error,
  forgetsAccess = false,
}: CloseRunRequest): Statement {
  return {
    sql:
      `UPDATE ${systemTable(table.schema, 'sync_runs')} SET status = ?, error = ?, ended_at = CURRENT_TIMESTAMP()` +
      `${forgetsAccess ? ', access = NULL' : ''} ` +
      'WHERE stream = ? AND run = ? AND (status <> ? OR error IS DISTINCT FROM ?)',
    binds: [status, error, stream, run, status, error],
  };
}

/** The run and how far it came, with whether it keeps a listing. Raises `StateCorrupt` for one that was never opened. */
export async function readRun(
  session: Session,
  target: RunOf,
): Promise<RunProgress & { readonly keepsListing: boolean }> {
  const { stream, table, run } = target;
  const heads = buildHeads(target, [run]);
  const [row] = await session.query({
    sql:
      `SELECT ${runColumns.map((name) => `r.${name}`).join(', ')}, h.* EXCLUDE (run) ` +
      `FROM ${systemTable(table.schema, 'sync_runs')} r LEFT JOIN (${heads.sql}) h ON TRUE WHERE r.stream = ? AND r.run = ?`,
    binds: [...heads.binds, stream, run],
  });
  if (row === undefined) throw unknownRun(target);
  return { ...readProgressRow(row, target), keepsListing: row['keeps_listing'] === true };
}

/** Newest first. */
export async function selectRuns(
  session: Session,
  { stream, table, limit }: StreamTable & { readonly limit: number },
): Promise<RunRow[]> {
  const rows = await session.query({
    sql:
      `SELECT * FROM ${systemTable(table.schema, 'sync_run_totals')} WHERE stream = ? ` +
      `ORDER BY started_at DESC, run LIMIT ${Math.trunc(limit)}`,
    binds: [stream],
  });
  return rows.map((row) => readRunRow(row, asIs));
}
