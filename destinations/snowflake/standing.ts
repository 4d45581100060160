import type { Counts } from '../../model/counts.ts';
import { countColumns, readCounts } from '../../model/ledger-columns.ts';
import type { SyncMode } from '../../model/plan.ts';
import type { RunProgress } from '../../model/run.ts';
import { noFence, unknownRun } from '../../model/stream-errors.ts';
import type { StreamTable } from '../../model/stream-table.ts';
import { requireHeld } from './claims.ts';
import {
  buildFenceColumns,
  type Fence,
  fenceTable,
  readFenceRow,
  requireSettled,
  takeFence,
  transactionIdOf,
} from './fence.ts';
import { quoteTable } from './identifiers.ts';
import { buildHeads } from './ledger.ts';
import { readProgressRow, runColumns } from './runs.ts';
import type { Session, SqlRow, Statement } from './session.ts';
import { systemTable } from './system-tables.ts';

/** All that a writing transaction has to know before it writes, once it has the fence. */
export interface Standing extends Fence {
  /** Of the transaction; null where none is open. */
  readonly transactionId: string | null;
  /** The counts stored with the batch, if it is committed. */
  readonly stored: Counts | null;
  /** Null for a run that was never opened. */
  readonly progress: RunProgress | null;
}

type StandingOf = StreamTable & { readonly run: string; readonly batchId: string };

const storedColumns = Object.values(countColumns);

/** One row, with that of `beside`, which reads other tables and has columns of other names. */
export function buildStanding({ run, batchId, ...target }: StandingOf, beside: Statement | null = null): Statement {
  const { stream, table } = target;
  const heads = buildHeads(target, [run]);
  const selected = [
    buildFenceColumns(),
    'b.batch_id AS stored_id',
    ...storedColumns.map((name) => `b.${name} AS stored_${name}`),
    ...runColumns.map((name) => `r.${name}`),
    'h.* EXCLUDE (run)',
    ...(beside === null ? [] : ['s.*']),
  ];
  return {
    sql:
      `SELECT ${selected.join(', ')} FROM ${quoteTable(fenceTable(target))} f ` +
      `LEFT JOIN (SELECT * FROM ${systemTable(table.schema, 'sync_batches')} WHERE stream = ? AND batch_id = ?) b ON TRUE ` +
      `LEFT JOIN (SELECT * FROM ${systemTable(table.schema, 'sync_runs')} WHERE stream = ? AND run = ?) r ON TRUE ` +
      `LEFT JOIN (${heads.sql}) h ON TRUE${beside === null ? '' : ` CROSS JOIN (${beside.sql}) s`}`,
    binds: [stream, batchId, stream, run, ...heads.binds, ...(beside?.binds ?? [])],
  };
}

/** At the begin of a transaction: takes the fence first. `row` has the columns of `beside`, too. */
export async function takeStanding(
  session: Session,
  of: StandingOf,
  beside: Statement | null = null,
): Promise<Standing & { readonly row: SqlRow }> {
  const row = await takeFence(session, { ...of, taker: of.batchId }, buildStanding(of, beside));
  return { ...readStandingRow(row, of), row };
}

/** Outside of any transaction: what stands by now. */
export async function readStanding(session: Session, of: StandingOf): Promise<Standing> {
  const [row] = await session.query(buildStanding(of));
  if (row === undefined) throw noFence(of);
  return readStandingRow(row, of);
}

function readStandingRow(row: SqlRow, of: StandingOf): Standing {
  const stored = Object.fromEntries(storedColumns.map((name) => [name, row[`stored_${name}`]]));
  return {
    ...readFenceRow(row),
    transactionId: transactionIdOf(row),
    stored: row['stored_id'] === null ? null : readCounts(stored),
    progress: row['run'] === null ? null : readProgressRow(row, of),
  };
}

/**
 * Raises `Fenced` unless the run holds the claim of its mode, `StateCorrupt` where it was never opened, and `Conflict` while
 * columns are being changed.
 */
export function requireStanding(
  standing: Standing,
  claimant: StreamTable & { readonly mode: SyncMode; readonly run: string },
): RunProgress {
  requireHeld(standing.claims, claimant);
  requireSettled(claimant, standing);
  if (standing.progress === null) throw unknownRun(claimant);
  return standing.progress;
}
