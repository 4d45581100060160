import { emptyPart } from '../../model/batch.ts';
import { requireClosed } from '../../model/batch-errors.ts';
import { addCounts, type Counts, zeroCounts } from '../../model/counts.ts';
import type { MergeOutcome, MergeRequest } from '../../model/destination.ts';
import { requireGeneration } from '../../model/fenced.ts';
import { mergeAssociations } from './associations.ts';
import { columnTypeOf } from './column-types.ts';
import { mergeContent } from './content.ts';
import { asTableIs } from '../../model/fit-plan.ts';
import { requireClaim, takeFence } from './fence.ts';
import { appendBatch, findBatch, readLedgerHead } from './ledger.ts';
import { loadListing } from './listing.ts';
import type { PartOutcome } from '../../model/part-outcome.ts';
import { quarantineUnstaged } from './quarantine.ts';
import { requireRun } from './runs.ts';
import type { Session, TransactionEnd } from './session.ts';
import { readColumnTypes } from './target-table.ts';
import { mergeTombstones } from './tombstones.ts';

/**
 * One transaction: the fence first, then whether the batch is known, then whether the run may write and stands where the
 * batch expects it, and only then rows and ledger. Leaves nothing behind unless it ends in a commit.
 */
export async function mergeInTransaction(
  session: Session,
  request: MergeRequest,
  isStageIntact: boolean,
): Promise<TransactionEnd<MergeOutcome>> {
  const { plan, batch, run, mode } = request;
  const target = { stream: plan.stream, table: plan.table };
  const generation = await takeFence(session, { ...target, taker: batch.batchId });

  const stored = await findBatch(session, target, batch.batchId);
  if (stored !== null) return { end: 'rollback', value: { kind: 'merged', counts: stored, isRepeat: true } };

  requireGeneration({ stream: plan.stream, generation: request.generation }, generation);
  await requireClaim(session, { ...target, mode, run });
  const { startFrontier } = await requireRun(session, { ...target, run });
  const head = await readLedgerHead(session, { ...target, run, startFrontier });
  if (batch.sequence !== head.sequence + 1 || batch.predecessor !== head.batchId) {
    return { end: 'rollback', value: { kind: 'rewind', reason: 'ledgerAhead', head } };
  }

  const merged: PartOutcome = isStageIntact ? await mergeStage(session, request) : { kind: 'lost' };
  switch (merged.kind) {
    case 'lost':
      return { end: 'rollback', value: { kind: 'rewind', reason: 'stageLost', head } };
    case 'doubtful':
      return { end: 'rollback', value: { kind: 'rewind', reason: 'doubtful', head } };
    case 'nulled':
      return { end: 'rollback', value: merged };
    case 'counted':
      requireClosed(request, merged.counts);
      await appendBatch(session, request, merged.counts);
      return { end: 'commit', value: { kind: 'merged', counts: merged.counts, isRepeat: false } };
  }
}

/** Part after part: tombstones and associations are judged against the records that came with them. */
async function mergeStage(session: Session, request: MergeRequest): Promise<PartOutcome> {
  const { kind, records, unstaged, tombstones } = request.batch.stage;
  let counts: Counts = { ...zeroCounts, roundedValues: request.batch.roundedValues };
  const parts = [
    ...(records.files.length > 0 ? [kind === 'listing' ? loadListing : mergeContentAsTableIs] : []),
    ...(kind === 'content' && unstaged !== undefined ? [mergeUnstaged] : []),
    ...(tombstones.files.length > 0 ? [mergeTombstones] : []),
    mergeAssociations,
  ];
  for (const mergePart of parts) {
    const outcome = await mergePart(session, request);
    if (outcome.kind !== 'counted') return outcome;
    counts = addCounts(counts, outcome.counts);
  }
  await session.execute(dropStaging);
  return { kind: 'counted', counts };
}

/** A run of another mode may have widened columns since this one was planned. */
async function mergeContentAsTableIs(session: Session, request: MergeRequest): Promise<PartOutcome> {
  const { plan } = asTableIs(request.plan, await readColumnTypes(session, request.plan.table), columnTypeOf);
  return mergeContent(session, { ...request, plan });
}

/** A listing's values are compared, and told of by the run that merges them. */
async function mergeUnstaged(session: Session, request: MergeRequest): Promise<PartOutcome> {
  const nulledValues = await quarantineUnstaged(session, request, request.batch.stage.unstaged ?? emptyPart);
  return nulledValues === null ? { kind: 'lost' } : { kind: 'counted', counts: { ...zeroCounts, nulledValues } };
}

const dropStaging = [
  '_sluice_staged',
  '_sluice_raw',
  '_sluice_match',
  '_sluice_verdict',
  '_sluice_tombstones',
  '_sluice_gone',
  '_sluice_fate',
  '_sluice_heads',
  '_sluice_links',
  '_sluice_read',
  '_sluice_link_fate',
]
  .map((table) => `DROP TABLE IF EXISTS temp.main.${table}`)
  .join('; ');
