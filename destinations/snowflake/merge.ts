import type { LedgerHead } from '../../model/batch.ts';
import { requireClosed } from '../../model/batch-errors.ts';
import { addCounts, type Counts, zeroCounts } from '../../model/counts.ts';
import type { MergeOutcome, MergeRequest, MergeTransactions } from '../../model/destination.ts';
import { requireGeneration } from '../../model/fenced.ts';
import type { PartOutcome } from '../../model/part-outcome.ts';
import { mergeAssociations } from './associations.ts';
import { mergeContent } from './content.ts';
import { takeFence } from './fence.ts';
import { appendBatch } from './ledger.ts';
import { mergeListing } from './listing.ts';
import { type LoadedStage, loadStage } from './loaded-stage.ts';
import type { Session, TransactionEnd } from './session.ts';
import { readStanding, requireStanding } from './standing.ts';
import { mergeTombstones } from './tombstones.ts';
import { abortTransaction } from './transactions.ts';

export interface MergeOptions {
  /** The named stage that paths count from, as SQL: `@"SCHEMA"."NAME"`. */
  readonly location: string;
  readonly transactions: MergeTransactions | null;
}

/** Loads what was staged, then merges it in one transaction. Nothing of it stays where that does not end in a commit. */
export async function mergeInSession(
  session: Session,
  request: MergeRequest,
  { location, transactions }: MergeOptions,
): Promise<MergeOutcome> {
  if (transactions !== null && transactions.before !== null) await abortTransaction(session, transactions.before);
  const loaded = await loadStage(session, request, location);
  return session.transaction(() => mergeInTransaction(session, request, { loaded, transactions }));
}

/**
 * The fence first, then whether the batch is known, then whether the run may write and stands where the batch expects it, and
 * only then rows and ledger. `loaded` is null for a stage that is lost.
 */
async function mergeInTransaction(
  session: Session,
  request: MergeRequest,
  { loaded, transactions }: { readonly loaded: LoadedStage | null; readonly transactions: MergeTransactions | null },
): Promise<TransactionEnd<MergeOutcome>> {
  const { plan, batch, run, mode } = request;
  const target = { stream: plan.stream, table: plan.table };
  await takeFence(session, { ...target, taker: batch.batchId });
  const standing = await readStanding(session, { ...target, run, batchId: batch.batchId });
  transactions?.note(standing.transactionId);
  if (standing.stored !== null) {
    return { end: 'rollback', value: { kind: 'merged', counts: standing.stored, isRepeat: true } };
  }
  requireGeneration({ stream: plan.stream, generation: request.generation }, standing.generation);
  const { head } = requireStanding(standing, { ...target, mode, run });
  if (batch.sequence !== head.sequence + 1 || batch.predecessor !== head.batchId) return rewind('ledgerAhead', head);

  const merged = loaded === null ? ({ kind: 'lost' } as const) : await mergeStage(session, request, loaded);
  switch (merged.kind) {
    case 'lost':
      return rewind('stageLost', head);
    case 'doubtful':
      return rewind('doubtful', head);
    case 'nulled':
      return { end: 'rollback', value: merged };
    case 'counted':
      requireClosed(request, merged.counts);
      await appendBatch(session, request, merged.counts);
      return { end: 'commit', value: { kind: 'merged', counts: merged.counts, isRepeat: false } };
  }
}

function rewind(
  reason: Extract<MergeOutcome, { kind: 'rewind' }>['reason'],
  head: LedgerHead,
): TransactionEnd<MergeOutcome> {
  return { end: 'rollback', value: { kind: 'rewind', reason, head } };
}

/** Part after part: tombstones and associations are judged against the records that came with them. */
async function mergeStage(session: Session, request: MergeRequest, loaded: LoadedStage): Promise<PartOutcome> {
  const { records, tombstones, links } = loaded;
  const isListing = request.batch.stage.kind === 'listing';
  const mergeRecords = isListing ? mergeListing : mergeContent;
  const merged = isListing ? null : records;
  const parts = [
    ...(records === null ? [] : [() => mergeRecords(session, request, records)]),
    ...(tombstones === null ? [] : [() => mergeTombstones(session, request, { loaded: tombstones, records: merged })]),
    () => mergeAssociations(session, request, links),
  ];
  let counts: Counts = { ...zeroCounts, roundedValues: request.batch.roundedValues };
  for (const mergePart of parts) {
    const outcome = await mergePart();
    if (outcome.kind !== 'counted') return outcome;
    counts = addCounts(counts, outcome.counts);
  }
  return { kind: 'counted', counts };
}
