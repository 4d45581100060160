import type { LedgerHead } from '../../model/batch.ts';
import type { Counts } from '../../model/counts.ts';
import type { Frontier } from '../../model/frontier.ts';
import { countColumns, type LedgerRow, readCounts, readRequests, requestColumns } from '../../model/ledger-columns.ts';
import { type LedgerEntry, ledgerValues } from '../../model/ledger-entry.ts';
import { brokenLedger } from '../../model/stream-errors.ts';
import type { StreamTable } from '../../model/stream-table.ts';
import { buildBound } from './expressions.ts';
import type { Session, Statement } from './session.ts';
import { systemTable } from './system-tables.ts';
import { transactionGone, withinTransaction } from './within-transaction.ts';

const summed = [...Object.values(countColumns), ...Object.values(requestColumns)];

/**
 * How far runs have come, a row for each that has committed something: `run`, `head_sequence`, `head_batch_id`, `head_frontier`,
 * sums of counts and requests, and `broken`, the number of batches that do not follow the one before.
 */
export function buildHeads({ stream, table }: StreamTable, runs: readonly string[]): Required<Statement> {
  const chain = 'OVER (PARTITION BY run ORDER BY sequence, batch_id)';
  return {
    sql:
      'SELECT run, MAX(sequence) AS head_sequence, MAX_BY(batch_id, sequence) AS head_batch_id, ' +
      'MAX_BY(frontier_after, sequence) AS head_frontier, COUNT_IF(NOT follows) AS broken, ' +
      `${summed.map((column) => `SUM(${column}) AS ${column}`).join(', ')} FROM (` +
      `SELECT *, sequence = ROW_NUMBER() ${chain} AND predecessor IS NOT DISTINCT FROM LAG(batch_id) ${chain} AS follows ` +
      `FROM ${systemTable(table.schema, 'sync_batches')} WHERE stream = ? AND run IN (${runs.map(() => '?').join(', ')})) ` +
      'GROUP BY run',
    binds: [stream, ...runs],
  };
}

/**
 * A run's last committed batch, of a row that `buildHeads` selects, or of one that lacks its columns for a run that has none.
 * Raises `StateCorrupt` unless the run's rows form one chain, 1, 2, 3, each naming the one before.
 */
export function readHead(
  row: LedgerRow,
  { startFrontier, ...target }: StreamTable & { readonly run: string; readonly startFrontier: Frontier },
): LedgerHead {
  if (Number(row['broken'] ?? 0) > 0) throw brokenLedger(target);
  const frontier = row['head_frontier'];
  return {
    sequence: Number(row['head_sequence'] ?? 0),
    batchId: (row['head_batch_id'] ?? null) as string | null,
    frontier: typeof frontier === 'string' ? (JSON.parse(frontier) as Frontier) : startFrontier,
    totals: readCounts(row),
    requests: readRequests(row),
  };
}

/** With this one, the COMMIT and how it ended. */
const statementsAfter = 3;

const instantColumns: ReadonlySet<string> = new Set(['first_started_at', 'watermark_fast', 'watermark_settled']);

/** Raises `Conflict` where the transaction that has the fence was ended meanwhile. */
export async function appendBatch(
  session: Session,
  request: LedgerEntry,
  counts: Counts,
  { stagedBytes = 0 }: { readonly stagedBytes?: number } = {},
): Promise<void> {
  const values = {
    ...ledgerValues(request, counts),
    statements: session.statements + statementsAfter,
    staged_bytes: stagedBytes,
    elapsed_ms: session.elapsedMs,
    query_ids: JSON.stringify(session.queryIds),
  };
  const columns = Object.keys(values);
  const selected = columns.map((column) => buildBound(instantColumns.has(column) ? 'timestamp' : 'text'));
  const { changedRows } = await session.execute({
    sql:
      `INSERT INTO ${systemTable(request.plan.table.schema, 'sync_batches')} (${columns.join(', ')}, committed_at) ` +
      `SELECT ${selected.join(', ')}, CURRENT_TIMESTAMP() WHERE ${withinTransaction}`,
    binds: Object.values(values),
  });
  if (changedRows !== 1) throw transactionGone();
}
