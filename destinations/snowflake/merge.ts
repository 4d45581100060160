import { type LedgerHead, stageFiles, type StagePart } from '../../model/batch.ts';
import { requireClosed } from '../../model/batch-errors.ts';
import { addCounts, type Counts, zeroCounts } from '../../model/counts.ts';
import type { MergeOutcome, MergeRequest, MergeTransactions, RewindReason } from '../../model/destination.ts';
import { requireGeneration } from '../../model/fenced.ts';
import { asTableIs, type TableTypes } from '../../model/fit-plan.ts';
import type { PartOutcome } from '../../model/part-outcome.ts';
import { listingPlan, type StreamPlan } from '../../model/plan.ts';
import { mergeAssociations } from './associations.ts';
import { columnTypeOf } from './column-types.ts';
import type { Connections } from './connection.ts';
import { mergeContent } from './content.ts';
import { appendBatch } from './ledger.ts';
import { mergeListing } from './listing.ts';
import { type LoadedRecords, readLoaded } from './load.ts';
import { buildSummary } from './load-statements.ts';
import { quarantineUnstaged } from './quarantine.ts';
import { type Session, type TransactionEnd, UnknownOutcome } from './session.ts';
import { type LoadedStage, loadStage } from './stage-loading.ts';
import { readStanding, requireStanding, takeStanding } from './standing.ts';
import type { TableShapes } from './table-shape.ts';
import { mergeTombstones } from './tombstones.ts';
import { abortTransaction } from './transactions.ts';

export interface MergeOptions {
  /** The named stage that paths count from, as SQL: `@"SCHEMA"."NAME"`. */
  readonly location: string;
  readonly shapes: TableShapes;
  readonly transactions: MergeTransactions | null;
}

/** In a session of its own, and in another one where nobody answered the COMMIT: there the ledger tells what came of it. */
export async function mergeBatch(
  connections: Connections,
  request: MergeRequest,
  signal: AbortSignal,
  options: MergeOptions,
): Promise<MergeOutcome> {
  const { plan, run, mode, batch } = request;
  const purpose = { stream: plan.stream, run, mode };
  try {
    return await connections.use(signal, (session) => mergeInSession(session, request, options), purpose);
  } catch (error) {
    if (!(error instanceof UnknownOutcome)) throw error;
    const sought = { stream: plan.stream, table: plan.table, run, batchId: batch.batchId };
    const { stored } = await connections.use(signal, (session) => readStanding(session, sought), purpose);
    if (stored === null) throw error;
    return { kind: 'merged', counts: stored, isRepeat: false };
  }
}

/** Loads what was staged, then merges it in one transaction. Nothing of it stays where that does not end in a commit. */
export async function mergeInSession(
  session: Session,
  request: MergeRequest,
  options: MergeOptions,
): Promise<MergeOutcome> {
  const before = options.transactions?.before ?? null;
  if (before !== null) await abortTransaction(session, before);
  const loaded = await loadStage(session, request, options);
  return session.transaction(() => mergeInTransaction(session, request, { ...options, loaded }));
}

/**
 * The fence first, then whether the batch is known, then whether the run may write and stands where the batch expects it, and
 * only then rows and ledger.
 */
async function mergeInTransaction(
  session: Session,
  request: MergeRequest,
  { loaded, shapes, transactions }: MergeOptions & { readonly loaded: LoadedStage },
): Promise<TransactionEnd<MergeOutcome>> {
  const { plan, batch, run, mode } = request;
  const target = { stream: plan.stream, table: plan.table, run };
  // The records are looked at by the same query, in the form that the table most likely has.
  const supposed = hasRecords(request) ? stagedPlan(request, shapes.recall(target)) : null;
  const summary = supposed === null ? null : buildSummary(supposed);
  const standing = await takeStanding(session, { ...target, batchId: batch.batchId }, summary);
  if (standing.transactionId !== null) transactions?.note(standing.transactionId);
  if (standing.stored !== null) {
    return { end: 'rollback', value: { kind: 'merged', counts: standing.stored, isRepeat: true } };
  }
  requireGeneration({ stream: plan.stream, generation: request.generation }, standing.generation);
  const { head } = requireStanding(standing, { ...target, mode });
  if (batch.sequence !== head.sequence + 1 || batch.predecessor !== head.batchId) return rewind('ledgerAhead', head);
  if (!loaded.isWhole) return rewind('stageLost', head);

  const readRecords = async (): Promise<LoadedRecords | null> => {
    if (supposed !== null && (batch.stage.kind === 'listing' || shapes.isCurrent(target, standing))) {
      return readLoaded(request, supposed, standing.row);
    }
    // Another run has widened columns since, or this process did not open the run.
    const current = stagedPlan(request, await shapes.read(session, target, standing))!;
    const [row] = await session.query(buildSummary(current));
    return readLoaded(request, current, row);
  };
  const merged = await mergeStage(session, request, { readRecords, ends: loaded.ends });
  switch (merged.kind) {
    case 'lost':
      return rewind('stageLost', head);
    case 'doubtful':
      return rewind('doubtful', head);
    case 'nulled':
      return { end: 'rollback', value: merged };
    case 'counted': {
      requireClosed(request, merged.counts);
      const stagedBytes = stageFiles(batch.stage).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
      await appendBatch(session, request, merged.counts, { stagedBytes });
      return { end: 'commit', value: { kind: 'merged', counts: merged.counts, isRepeat: false } };
    }
  }
}

function rewind(reason: RewindReason, head: LedgerHead): TransactionEnd<MergeOutcome> {
  return { end: 'rollback', value: { kind: 'rewind', reason, head } };
}

function hasRecords({ batch }: MergeRequest): boolean {
  return batch.stage.records.files.length > 0;
}

/**
 * By which records were staged, with the types that the table has: a run of another mode may have widened columns since this one
 * was planned. Null where they are not known.
 */
function stagedPlan({ plan, batch }: MergeRequest, types: TableTypes | null): StreamPlan | null {
  if (batch.stage.kind === 'listing') return listingPlan(plan);
  return types === null ? null : asTableIs(plan, types, columnTypeOf).plan;
}

/** Part after part: tombstones and associations are judged against the records that came with them. */
async function mergeStage(
  session: Session,
  request: MergeRequest,
  { readRecords, ends }: Pick<LoadedStage, 'ends'> & { readonly readRecords: () => Promise<LoadedRecords | null> },
): Promise<PartOutcome> {
  const { kind, unstaged, tombstones } = request.batch.stage;
  let counts: Counts = { ...zeroCounts, roundedValues: request.batch.roundedValues };
  let content: LoadedRecords | null = null;
  if (hasRecords(request)) {
    const loaded = await readRecords();
    if (loaded === null) return { kind: 'lost' };
    const outcome = await (kind === 'listing' ? mergeListing : mergeContent)(session, request, loaded);
    if (outcome.kind !== 'counted') return outcome;
    counts = addCounts(counts, outcome.counts);
    if (kind === 'content') content = loaded;
  }
  const parts = [
    ...(kind === 'content' && unstaged !== undefined ? [() => mergeUnstaged(session, request, unstaged)] : []),
    ...(tombstones.files.length > 0 ? [() => mergeTombstones(session, request, content)] : []),
    () => mergeAssociations(session, request, ends),
  ];
  for (const mergePart of parts) {
    const outcome = await mergePart();
    if (outcome.kind !== 'counted') return outcome;
    counts = addCounts(counts, outcome.counts);
  }
  return { kind: 'counted', counts };
}

/** A listing's values are compared, and told of by the run that merges them. */
async function mergeUnstaged(session: Session, request: MergeRequest, unstaged: StagePart): Promise<PartOutcome> {
  const nulledValues = await quarantineUnstaged(session, request, unstaged);
  return nulledValues === null ? { kind: 'lost' } : { kind: 'counted', counts: { ...zeroCounts, nulledValues } };
}
