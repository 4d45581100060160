import type { LedgerHead } from '../../model/batch.ts';
import type { Counts } from '../../model/counts.ts';
import type { Frontier } from '../../model/frontier.ts';
import { countColumns, readCounts, readRequests, requestColumns } from '../../model/ledger-columns.ts';
import { type LedgerEntry, ledgerValues } from '../../model/ledger-entry.ts';
import { brokenLedger } from '../../model/stream-errors.ts';
import type { StreamTable } from '../../model/stream-table.ts';
import type { Session } from './session.ts';
import { systemTable } from './system-tables.ts';

export interface LedgerRun extends StreamTable {
  readonly run: string;
  /** Where the run stands while nothing of it is committed. */
  readonly startFrontier: Frontier;
}

const sums = [...Object.values(countColumns), ...Object.values(requestColumns)]
  .map((column) => `coalesce(sum(${column}), 0)::BIGINT AS ${column}`)
  .join(', ');

/** A run's last committed batch. Raises `StateCorrupt` unless its rows form one chain, 1, 2, 3, each naming the one before. */
export async function readLedgerHead(
  session: Session,
  { stream, table, run, startFrontier }: LedgerRun,
): Promise<LedgerHead> {
  const [row] = await session.query(
    'SELECT count(*) AS batches, coalesce(max(sequence), 0) AS sequence, arg_max(batch_id, sequence) AS batch_id, ' +
      `arg_max(frontier_after, sequence) AS frontier, count(*) FILTER (NOT follows) AS broken, ${sums} FROM (` +
      'SELECT *, sequence = row_number() OVER chain AND predecessor IS NOT DISTINCT FROM lag(batch_id) OVER chain AS follows ' +
      `FROM ${systemTable(table.schema, 'sync_batches')} WHERE stream = $stream AND run = $run ` +
      'WINDOW chain AS (ORDER BY sequence, batch_id))',
    { stream, run },
  );
  if (row === undefined || row['broken'] !== '0') {
    throw brokenLedger({ stream, table, run });
  }
  return {
    sequence: Number(row['sequence']),
    batchId: row['batch_id'] as string | null,
    frontier: row['frontier'] === null ? startFrontier : (JSON.parse(row['frontier'] as string) as Frontier),
    totals: readCounts(row),
    requests: readRequests(row),
  };
}

/** The counts stored with a batch, if it is committed. */
export async function findBatch(session: Session, target: StreamTable, batchId: string): Promise<Counts | null> {
  const [row] = await session.query(
    `SELECT * FROM ${systemTable(target.table.schema, 'sync_batches')} WHERE stream = $stream AND batch_id = $batchId`,
    { stream: target.stream, batchId },
  );
  return row === undefined ? null : readCounts(row);
}

export async function appendBatch(session: Session, request: LedgerEntry, counts: Counts): Promise<void> {
  const values = {
    ...ledgerValues(request, counts),
    // With this one, and the COMMIT.
    statements: session.statements + 2,
  };
  const columns = Object.keys(values);
  await session.execute(
    `INSERT INTO ${systemTable(request.plan.table.schema, 'sync_batches')} (${columns.join(', ')}, committed_at) ` +
      `VALUES (${columns.map((column) => `$${column}`).join(', ')}, now())`,
    values,
  );
}
