import { createHash } from 'node:crypto';
import type { LedgerHead } from '../../model/batch.ts';
import { workBatch } from '../../model/chain-step.ts';
import { zeroCounts } from '../../model/counts.ts';
import type { BeginVanishedRequest, WorkRequest } from '../../model/destination.ts';
import { headAfter } from '../../model/head-after.ts';
import { listingGone, notAsApproved } from '../../model/stream-errors.ts';
import { hasTable } from './catalogue.ts';
import { takePlace } from './chain.ts';
import { buildSelectWork, type ListedStream } from './compare-statements.ts';
import { requireClaim } from './fence.ts';
import { appendBatch } from './ledger.ts';
import { listingTables } from './listing-tables.ts';
import type { Session } from './session.ts';

/** Opens the work `vanished` with a ledger row, in one transaction, if it is still what was approved. */
export async function beginVanishedInSession(session: Session, request: BeginVanishedRequest): Promise<LedgerHead> {
  const batchId = `${request.run}-${request.sequence}-vanished`;
  return session.transaction(async () => {
    const { record, head, isRepeat } = await takePlace(session, request, batchId);
    if (isRepeat) return { end: 'rollback', value: head };

    await requireListing(session, request);
    if ((await digestVanished(session, request)) !== request.digest) throw notAsApproved(request);
    const batch = workBatch(batchId, request, { task: 'vanished', isDone: false });
    await appendBatch(session, { ...record, ...request, plan: request, positions: null, batch }, zeroCounts);
    return { end: 'commit', value: headAfter(head, batch, zeroCounts) };
  });
}

/**
 * Names the vanished ids: hex SHA-256 over them in order; null where there are none. Made here, since a text of all of them may
 * be longer than a value can be.
 */
export async function digestVanished(session: Session, target: ListedStream): Promise<string | null> {
  const hash = createHash('sha256');
  let separator = '';
  await session.stream(buildSelectWork(target, { task: 'vanished', from: null, limit: null }), async (rows) => {
    for (const row of rows) {
      hash.update(`${separator}${row['id_text']}`);
      separator = ',';
    }
  });
  return separator === '' ? null : hash.digest('hex');
}

/** The next ids of a task, in the key's own order. */
export async function readWorkIds(session: Session, request: WorkRequest): Promise<string[]> {
  await requireClaim(session, request);
  await requireListing(session, request);
  const { task, after, keyType, limit } = request;
  const from = after === null ? null : { after, keyType };
  const rows = await session.query(buildSelectWork(request, { task, from, limit }));
  return rows.map((row) => String(row['id_text']));
}

/** Raises `Fenced` where there is none. */
export async function requireListing(session: Session, target: ListedStream): Promise<void> {
  const { listing, work } = listingTables(target, target);
  if ((await hasTable(session, listing)) && (await hasTable(session, work))) return;
  throw listingGone(target);
}
