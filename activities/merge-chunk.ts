import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { stageFiles, type Batch, type Stage } from '../model/batch.ts';
import type { Destination, MergeOutcome, MergeRequest, MergeTransactions } from '../model/destination.ts';
import { isFrontierEmpty } from '../model/frontier.ts';
import type { Scope, StreamPlan, SyncMode } from '../model/plan.ts';
import type { Positions } from '../model/positions.ts';
import type { ActivityDeps } from './deps.ts';
import { finishRun, type FinishRunResult } from './finish-run.ts';
import { knownScope } from './known-versions.ts';
import type { PlanReader } from './read-plan.ts';
import { changedColumns } from './changed-columns.ts';

export interface MergeChunkInput {
  readonly stream: string;
  readonly mode: SyncMode;
  readonly scope: Scope;
  readonly run: string;
  readonly generation: number;
  readonly planDigest: string;
  readonly firstStartedAt: string;
  /** What the run earns with the last batch of its frontier. */
  readonly positions: Positions | null;
  /** Whether the run lists the ids it reads for a comparison, which it ends with in place of its last batch. */
  readonly comparesAfter: boolean;
  /** Of a run that merges changes which had waited. */
  readonly heldRun?: string;
  readonly batch: Batch;
}

export type MergeChunkResult = Exclude<MergeOutcome, { kind: 'nulled' }> & {
  /** The closed run, where this was its last batch. */
  readonly finished: FinishRunResult | null;
};

/** Merges one staged batch and its ledger row in one transaction, then drops the stage; the last one closes the run. */
export async function mergeChunk(
  deps: ActivityDeps & { plans: PlanReader },
  input: MergeChunkInput,
  signal: AbortSignal,
  transactions: MergeTransactions,
): Promise<MergeChunkResult> {
  const { batch } = input;
  const plan = await deps.plans.read(input, signal);
  const destination = await deps.destination(plan.destination);
  const isAtEnd = isFrontierEmpty(batch.frontierAfter);
  const outcome = await mergeTyped(
    deps,
    { ...input, positions: isAtEnd ? input.positions : null, plan, destination },
    signal,
    transactions,
  );
  if (outcome.kind !== 'merged') return { ...outcome, finished: null };
  // A tombstone that came too late was told of by a survivor: known, that would not be read again before it is reconciled.
  if (outcome.counts.superseded === 0) {
    const scope = knownScope(plan, input.generation);
    for (const batchId of batch.joined ?? [batch.batchId]) deps.knownVersions.commit(scope, batchId);
  }
  // What was uploaded goes with the run, at one statement.
  if (destination.stages === null) {
    for (const folder of stageFolders(batch.stage)) await rm(folder, { recursive: true, force: true });
  }
  const isLast = isAtEnd && !input.comparesAfter;
  const finished = isLast ? await finishRun(deps, { ...input, status: 'done', error: null }, signal) : null;
  return { ...outcome, finished };
}

/**
 * Values that do not convert are quarantined, unless the source has changed the property's type meanwhile and the contract
 * lets the column follow: then the column is made wide enough first, and nothing is lost.
 */
async function mergeTyped(
  deps: ActivityDeps & { plans: PlanReader },
  input: MergeChunkInput & { plan: StreamPlan; destination: Destination },
  signal: AbortSignal,
  transactions: MergeTransactions,
): Promise<Exclude<MergeOutcome, { kind: 'nulled' }>> {
  const { plan, destination } = input;
  const request: MergeRequest = {
    ...input,
    keepsListing: input.comparesAfter,
    onDoubt: input.comparesAfter && !isWork(input.batch) ? 'keepAsWork' : 'rewind',
    onNulled: plan.contract === 'evolve' ? 'report' : 'quarantine',
  };
  const first = await destination.mergeBatch(request, signal, transactions);
  if (first.kind !== 'nulled') return first;
  const changed = await changedColumns(deps, { plan, columns: first.columns }, signal);
  let settled = plan;
  if (changed.length > 0) {
    settled = await destination.widenColumns({ ...input, columns: changed }, signal);
    deps.plans.replace(input.run, settled);
  }
  const quarantining: MergeRequest = { ...request, plan: settled, onNulled: 'quarantine' };
  // The first call has ended what an attempt before may have left, and its own transaction.
  const second = await destination.mergeBatch(quarantining, signal, { ...transactions, before: null });
  if (second.kind === 'nulled') throw new Error('unreachable: values are quarantined');
  return second;
}

/** Of joined batches each has its own. */
function stageFolders(stage: Stage): Set<string> {
  return new Set([stage.directory, ...stageFiles(stage).map(({ path }) => dirname(path))]);
}

/** A batch that work brought: what is in doubt in it is read again at once. */
function isWork({ frontierAfter }: Batch): boolean {
  return frontierAfter.kind === 'work';
}
