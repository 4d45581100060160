import type { StreamState } from '../../model/destination.ts';
import { emptyState } from '../../model/empty-state.ts';
import { comparedColumns, type StreamPlan } from '../../model/plan.ts';
import type { Positions } from '../../model/positions.ts';
import type { StreamTable, TableName } from '../../model/stream-table.ts';
import { quoteTable } from './dialect.ts';
import type { TableTypes } from '../../model/fit-plan.ts';
import { isoInstant } from './instant.ts';
import { readStoredPlan } from './runs.ts';
import { numberOf, type Session, type SqlRow } from './session.ts';
import { systemTable } from './system-tables.ts';
import { hasTable, readColumnTypes } from './target-table.ts';

/** Asks only for what is there: tables may be missing, or be those of an earlier release. */
export async function readStreamState(session: Session, target: StreamTable): Promise<StreamState> {
  const liveRows = (await countRows(session, target.table))?.live ?? null;
  const generation = await readGeneration(session, target);
  if (generation === null) return { ...emptyState, liveRows };
  return {
    generation,
    liveRows,
    ...(await readPositions(session, target, generation)),
    ...(await readRuns(session, target, generation)),
  };
}

/** Null where there is no such table, or one that no run has opened yet: then its rows are another tool's. */
export async function countRows(
  session: Session,
  table: TableName,
): Promise<{ readonly live: number; readonly deleted: number } | null> {
  const present = await readColumnTypes(session, table);
  if (!present.has('_deleted')) return null;
  const [row] = await session.query(
    'SELECT count(*) FILTER (_deleted IS NOT TRUE) AS live, count(*) FILTER (_deleted IS TRUE) AS deleted ' +
      `FROM ${quoteTable(table)}`,
  );
  return { live: numberOf(row, 'live'), deleted: numberOf(row, 'deleted') };
}

async function readGeneration(session: Session, { stream, table }: StreamTable): Promise<number | null> {
  if (!(await hasTable(session, { schema: table.schema, table: 'sync_fence' }))) return null;
  const [row] = await session.query(
    `SELECT generation FROM ${systemTable(table.schema, 'sync_fence')} WHERE stream = $stream`,
    { stream },
  );
  return row === undefined ? null : Number(row['generation']);
}

/**
 * The columns may have been given another type by hand, and then hold anything. What cannot be read counts only until a later
 * batch has earned positions again.
 */
async function readPositions(
  session: Session,
  { stream, table }: StreamTable,
  generation: number,
): Promise<Pick<StreamState, 'positions' | 'isUnreadable'>> {
  if (!(await hasTable(session, { schema: table.schema, table: 'sync_batches' }))) {
    return { positions: null, isUnreadable: false };
  }
  const instant = (column: string) => `TRY_CAST(${column}::VARCHAR AS TIMESTAMPTZ)`;
  const finite = (column: string) => `if(isfinite(${instant(column)}), ${instant(column)}, NULL)`;
  const [row] = await session.query(
    'SELECT max(fast) AS fast, max(settled) AS settled, ' +
      'max(committed_at) FILTER (fast IS NOT NULL AND settled IS NOT NULL) AS read_at, ' +
      'max(committed_at) FILTER ((watermark_fast IS NOT NULL AND fast IS NULL) ' +
      'OR (watermark_settled IS NOT NULL AND settled IS NULL)) AS unread_at, ' +
      'unread_at IS NOT NULL AND (unread_at < read_at) IS NOT TRUE AS is_unreadable ' +
      `FROM (SELECT *, ${finite('watermark_fast')} AS fast, ${finite('watermark_settled')} AS settled ` +
      `FROM ${systemTable(table.schema, 'sync_batches')} WHERE stream = $stream AND generation = $generation)`,
    { stream, generation },
  );
  if (row!['is_unreadable'] === true) return { positions: null, isUnreadable: true };
  return { positions: toPositions(row!), isUnreadable: false };
}

function toPositions({ fast, settled }: SqlRow): Positions | null {
  if (typeof fast !== 'string' || typeof settled !== 'string') return null;
  return { fast: isoInstant(fast), settled: isoInstant(settled) };
}

/** One that ended without the approval it waited for says so in `error`, and may have repaired nothing. */
const isReconciled = "(mode = 'reconcile' AND status = 'done' AND error IS NULL)";

async function readRuns(
  session: Session,
  { stream, table }: StreamTable,
  generation: number,
): Promise<Pick<StreamState, 'backfill' | 'reconciledAt' | 'access' | 'comparedColumns'>> {
  const present = await readColumnTypes(session, { schema: table.schema, table: 'sync_runs' });
  if (present.size === 0) {
    const { backfill, reconciledAt, access, comparedColumns: compared } = emptyState;
    return { backfill, reconciledAt, access, comparedColumns: compared };
  }
  const isOfGeneration = buildIsOfGeneration(present);
  const [row] = await session.query(
    `SELECT arg_max(status, started_at) FILTER (mode = 'backfill' AND scope = 'whole' AND ${isOfGeneration}) AS backfill, ` +
      `max(ended_at) FILTER (${isReconciled} AND ${isOfGeneration}) AS reconciled_at, ` +
      (present.has('access')
        ? "arg_max(access, ended_at) FILTER (status = 'done' AND access IS NOT NULL) AS access "
        : 'NULL AS access ') +
      `FROM ${systemTable(table.schema, 'sync_runs')} WHERE stream = $stream`,
    { stream, generation },
  );
  const compared = await readComparedPlan(session, { stream, table }, generation);
  return {
    backfill: row!['backfill'] === null ? 'none' : row!['backfill'] === 'done' ? 'done' : 'unfinished',
    reconciledAt: row!['reconciled_at'] === null ? null : isoInstant(String(row!['reconciled_at'])),
    access: row!['access'] as string | null,
    comparedColumns: comparedColumns(compared),
  };
}

/** The plan of the last run that was done and read every record whole or compared it; null where there is none. */
export async function readComparedPlan(
  session: Session,
  { stream, table }: StreamTable,
  generation: number,
): Promise<StreamPlan | null> {
  const present = await readColumnTypes(session, { schema: table.schema, table: 'sync_runs' });
  const [row] = await session.query(
    // Not the plan itself: that would read the plan of every run.
    `SELECT arg_max(run, ended_at) AS run FROM ${systemTable(table.schema, 'sync_runs')} WHERE stream = $stream ` +
      `AND (${isReconciled} OR (status = 'done' AND mode = 'backfill' AND scope = 'whole')) ` +
      `AND ${buildIsOfGeneration(present)}`,
    { stream, generation },
  );
  return row!['run'] === null ? null : readStoredPlan(session, { stream, table, run: String(row!['run']) });
}

/** Runs of an earlier release name no generation. Binds generation. */
function buildIsOfGeneration(present: TableTypes): string {
  return present.has('generation') ? 'coalesce(generation, 1) = $generation' : '$generation = 1';
}
