import type { Batch, LedgerHead, Stage } from '../../model/batch.ts';
import type { Counts } from '../../model/counts.ts';
import type { MergeRequest } from '../../model/destination.ts';
import type { StreamTable } from '../../model/stream-table.ts';
import { SyncError } from '../../model/errors.ts';
import type { Frontier } from '../../model/frontier.ts';
import { columnValues, countColumns, readCounts, readRequests, requestColumns } from '../../model/ledger-columns.ts';
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
    throw new SyncError(
      'StateCorrupt',
      `the ledger of ${stream} contradicts itself: the batches of run ${run} are no unbroken chain`,
      {
        next: `look at ${table.schema}.sync_batches; then start a fresh backfill of ${stream}, which merges over what is there`,
      },
    );
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

/** A row of the ledger: of a merge, or of a step that brings no records and opens work. */
export interface LedgerEntry extends Pick<
  MergeRequest,
  'run' | 'mode' | 'scope' | 'generation' | 'planDigest' | 'firstStartedAt' | 'positions'
> {
  readonly plan: StreamTable;
  readonly batch: Pick<Batch, 'batchId' | 'sequence' | 'predecessor' | 'frontierAfter' | 'requests'> & {
    readonly stage: Pick<Stage, 'associations'>;
  };
}

export async function appendBatch(session: Session, request: LedgerEntry, counts: Counts): Promise<void> {
  const { plan, batch } = request;
  const values = {
    ...ledgerValues(request, batch),
    ...columnValues(countColumns, counts),
    ...columnValues(requestColumns, batch.requests),
    // With this one, and the COMMIT.
    statements: session.statements + 2,
  };
  const columns = Object.keys(values);
  await session.execute(
    `INSERT INTO ${systemTable(plan.table.schema, 'sync_batches')} (${columns.join(', ')}, committed_at) ` +
      `VALUES (${columns.map((column) => `$${column}`).join(', ')}, now())`,
    values,
  );
}

function ledgerValues(request: LedgerEntry, batch: LedgerEntry['batch']) {
  return {
    stream: request.plan.stream,
    generation: request.generation,
    run: request.run,
    mode: request.mode,
    scope: request.scope,
    sequence: batch.sequence,
    predecessor: batch.predecessor,
    batch_id: batch.batchId,
    frontier_after: JSON.stringify(batch.frontierAfter),
    plan_digest: request.planDigest,
    first_started_at: request.firstStartedAt,
    // Readers take the highest of each, so that a position never falls.
    watermark_fast: request.positions?.fast ?? null,
    watermark_settled: request.positions?.settled ?? null,
    heads: batch.stage.associations.reduce((sum, { heads }) => sum + heads.rowCount, 0),
  };
}
