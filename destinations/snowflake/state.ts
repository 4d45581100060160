import type { StreamState } from '../../model/destination.ts';
import { emptyState } from '../../model/empty-state.ts';
import { comparedColumns, type StreamPlan } from '../../model/plan.ts';
import type { Positions } from '../../model/positions.ts';
import type { StreamTable, TableName } from '../../model/stream-table.ts';
import { describeTable, hasTable, listTables } from './catalogue.ts';
import { fenceTable } from './fence.ts';
import { quoteTable, storedName } from './identifiers.ts';
import { type Bind, numberOf, type Session, type SqlRow, type Statement } from './session.ts';
import { type SystemTable, systemTable } from './system-tables.ts';

/**
 * Asks only for what is there, in one statement: any table may be missing. `present` are the stored names of the tables of the
 * schema.
 */
export async function readStreamState(
  session: Session,
  target: StreamTable,
  present: ReadonlySet<string>,
): Promise<StreamState> {
  const { table } = target;
  const stored = storedName(table.table);
  const isForeign = present.has(stored) && !(await isOpened(session, table));
  const statement = buildState(target, isForeign ? new Set([...present].filter((name) => name !== stored)) : present);
  if (statement === null) return emptyState;
  const [row] = await session.query(statement);
  if (row === undefined) return emptyState;
  const liveRows = typeof row['live_rows'] === 'string' ? Number(row['live_rows']) : null;
  if (typeof row['generation'] !== 'string') return { ...emptyState, liveRows };
  const compared = row['compared_plan'];
  return {
    generation: Number(row['generation']),
    liveRows,
    ...readPositions(row),
    backfill: backfillOf(row['backfill']),
    reconciledAt: textOf(row['reconciled_at']),
    access: textOf(row['access']),
    comparedColumns: comparedColumns(typeof compared === 'string' ? (JSON.parse(compared) as StreamPlan) : null),
  };
}

/** Whether a run has opened a table that exists: until then, its rows are another tool's. */
async function isOpened(session: Session, table: TableName): Promise<boolean> {
  return (await describeTable(session, table)).has('_deleted');
}

/** Of a table that exists; null where no run has opened it. */
export async function countRows(
  session: Session,
  table: TableName,
): Promise<{ readonly live: number; readonly deleted: number } | null> {
  if (!(await isOpened(session, table))) return null;
  const [row] = await session.query({
    sql:
      'SELECT COUNT_IF(_deleted IS DISTINCT FROM TRUE) AS live, COUNT_IF(_deleted) AS deleted ' +
      `FROM ${quoteTable(table)}`,
  });
  return { live: numberOf(row, 'live'), deleted: numberOf(row, 'deleted') };
}

/** Stored names of the tables that are asked, as far as they exist in a schema that does. */
export async function listStreamTables(session: Session, { table }: StreamTable): Promise<ReadonlySet<string>> {
  const system = await listTables(session, table.schema, { startingWith: 'sync_' });
  return (await hasTable(session, table)) ? new Set([...system, storedName(table.table)]) : system;
}

/** One row; null where there is nothing to be asked. */
export function buildState(target: StreamTable, present: ReadonlySet<string>): Statement | null {
  const { stream, table } = target;
  const has = (name: string) => present.has(storedName(name));
  const live = has(table.table)
    ? `(SELECT COUNT(*) AS live_rows FROM ${quoteTable(table)} WHERE _deleted IS DISTINCT FROM TRUE)`
    : null;
  if (!has(fenceTable(target).table)) return live === null ? null : { sql: `SELECT l.live_rows FROM ${live} l` };

  const fence = quoteTable(fenceTable(target));
  const system = (name: SystemTable) => systemTable(table.schema, name);
  const selected = ['f.generation'];
  const joined: string[] = [];
  const binds: Bind[] = [];
  if (live !== null) {
    selected.push('l.live_rows');
    joined.push(`CROSS JOIN ${live} l`);
  }
  if (has('sync_batches')) {
    selected.push('p.fast', 'p.settled');
    joined.push(
      'LEFT JOIN (SELECT generation, MAX(watermark_fast) AS fast, MAX(watermark_settled) AS settled ' +
        `FROM ${system('sync_batches')} WHERE stream = ? GROUP BY generation) p ON p.generation = f.generation`,
    );
    binds.push(stream);
  }
  if (has('sync_runs')) {
    selected.push('r.backfill', 'r.reconciled_at', 'r.access', 'c.plan AS compared_plan');
    joined.push(
      `CROSS JOIN (${buildRunFacts(system('sync_runs'), fence)}) r`,
      `LEFT JOIN (SELECT run, plan FROM ${system('sync_runs')} WHERE stream = ?) c ON c.run = r.compared_run`,
    );
    binds.push(stream, stream);
  }
  return { sql: `SELECT ${selected.join(', ')} FROM ${fence} f ${joined.join(' ')}`, binds };
}

/** One that ended without the approval it waited for says so in `error`, and may have repaired nothing. */
const isReconciled = "(x.mode = 'reconcile' AND x.status = 'done' AND x.error IS NULL)";
const isBackfill = "(x.mode = 'backfill' AND x.scope = 'whole')";
/** Read every record whole, or compared it. */
const isCompared = `(${isReconciled} OR (${isBackfill} AND x.status = 'done'))`;

/** One row, also where the stream has no run. Binds stream. */
function buildRunFacts(runs: string, fence: string): string {
  const when = (condition: string, value: string) => `IFF(${condition}, ${value}, NULL)`;
  const isCurrent = 'x.generation = g.generation';
  return (
    `SELECT MAX_BY(x.status, ${when(`${isBackfill} AND ${isCurrent}`, 'x.started_at')}) AS backfill, ` +
    `MAX(${when(`${isReconciled} AND ${isCurrent}`, 'x.ended_at')}) AS reconciled_at, ` +
    `MAX_BY(x.access, ${when("x.status = 'done' AND x.access IS NOT NULL", 'x.ended_at')}) AS access, ` +
    // Not the plan itself: that would read the plan of every run.
    `MAX_BY(x.run, ${when(`${isCompared} AND ${isCurrent}`, 'x.ended_at')}) AS compared_run ` +
    `FROM ${runs} x CROSS JOIN ${fence} g WHERE x.stream = ?`
  );
}

/** The plan of the last run that was done and read every record whole or compared it; null where there is none. */
export async function readComparedPlan(
  session: Session,
  { stream, table }: StreamTable,
  generation: number,
): Promise<StreamPlan | null> {
  const runs = systemTable(table.schema, 'sync_runs');
  const [row] = await session.query({
    sql:
      `SELECT plan FROM ${runs} WHERE stream = ? AND run = ` +
      `(SELECT MAX_BY(x.run, x.ended_at) FROM ${runs} x WHERE x.stream = ? AND x.generation = ? AND ${isCompared})`,
    binds: [stream, stream, generation],
  });
  return row === undefined ? null : (JSON.parse(String(row['plan'])) as StreamPlan);
}

/** A column that was made anew by hand may hold anything. */
function readPositions({ fast = null, settled = null }: SqlRow): Pick<StreamState, 'positions' | 'isUnreadable'> {
  const isUnreadable = [fast, settled].some((text) => text !== null && !isInstant(text));
  return { isUnreadable, positions: isUnreadable ? null : toPositions(fast, settled) };
}

function toPositions(fast: SqlRow[string], settled: SqlRow[string]): Positions | null {
  return typeof fast === 'string' && typeof settled === 'string' ? { fast, settled } : null;
}

function isInstant(text: string | boolean): boolean {
  return typeof text === 'string' && /^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/.test(text);
}

function backfillOf(status: SqlRow[string] | undefined): StreamState['backfill'] {
  if (typeof status !== 'string') return 'none';
  return status === 'done' ? 'done' : 'unfinished';
}

function textOf(value: SqlRow[string] | undefined): string | null {
  return typeof value === 'string' ? value : null;
}
