import type { LedgerHead } from '../../model/batch.ts';
import { workBatch } from '../../model/chain-step.ts';
import { zeroCounts } from '../../model/counts.ts';
import type { BeginVanishedRequest, WorkRequest } from '../../model/destination.ts';
import type { SyncMode } from '../../model/plan.ts';
import { listingGone, notAsApproved } from '../../model/stream-errors.ts';
import type { StreamTable } from '../../model/stream-table.ts';
import { takePlace } from './chain.ts';
import { buildSummariseWork } from './compare-statements.ts';
import { quoteTable } from './dialect.ts';
import { requireClaim } from './fence.ts';
import { appendBatch, readLedgerHead } from './ledger.ts';
import { listingTables } from './listing-tables.ts';
import type { Session, TransactionEnd } from './session.ts';
import { hasTable } from './target-table.ts';

/** One transaction: opens the work `vanished` with a ledger row, if it is still what was approved. */
export async function beginVanishedInTransaction(
  session: Session,
  request: BeginVanishedRequest,
): Promise<TransactionEnd<LedgerHead>> {
  const { stream, table, run, mode } = request;
  const batchId = `${run}-${request.sequence}-vanished`;
  const { record, head, isRepeat } = await takePlace(session, request, batchId);
  if (isRepeat) return { end: 'rollback', value: head };

  await requireListing(session, request);
  const [summary] = await session.query(buildSummariseWork(request, mode));
  if (summary!['digest'] !== request.digest) throw notAsApproved(request);
  const batch = workBatch(batchId, request, { task: 'vanished', isDone: false });
  await appendBatch(session, { ...record, ...request, plan: request, positions: null, batch }, zeroCounts);
  return {
    end: 'commit',
    value: await readLedgerHead(session, { stream, table, run, startFrontier: record.startFrontier }),
  };
}

/** The next ids of a task, in the key's own order. */
export async function readWorkIds(session: Session, request: WorkRequest): Promise<string[]> {
  const { task, after, limit, mode } = request;
  await requireClaim(session, request);
  await requireListing(session, request);
  const { work } = listingTables(request, mode);
  const rows = await session.query(
    `SELECT id::VARCHAR AS id FROM (SELECT id FROM ${quoteTable(work)} WHERE task = $task ` +
      `${after === null ? '' : 'AND id > $after '}ORDER BY id LIMIT $limit)`,
    { task, limit, ...(after === null ? {} : { after }) },
  );
  return rows.map((row) => String(row['id']));
}

/** Raises `Fenced` where there is none: a listing ends with its run, and a history may be reset to before that end. */
export async function requireListing(
  session: Session,
  target: StreamTable & { run: string; mode: SyncMode },
): Promise<void> {
  const { listing, work } = listingTables(target, target.mode);
  if ((await hasTable(session, listing)) && (await hasTable(session, work))) return;
  throw listingGone(target);
}
