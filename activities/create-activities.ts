import { Context } from '@temporalio/activity';
import type { MergeTransactions } from '../model/destination.ts';
import type { ExtractHeartbeat, MergeHeartbeat } from '../model/heartbeat.ts';
import type { InspectInput } from '../model/inspection.ts';
import type { StageLeftover } from '../model/mending.ts';
import { beginIncremental, type BeginIncrementalInput } from './begin-incremental.ts';
import { beginVanished, type BeginVanishedInput } from './begin-vanished.ts';
import { callReconcile, type CallReconcileInput } from './call-reconcile.ts';
import { closeLostRuns, type CloseLostRunsInput } from './close-lost-runs.ts';
import { compareListing, type CompareListingInput } from './compare-listing.ts';
import type { ActivityDeps } from './deps.ts';
import { extractChunk, type ExtractChunkInput } from './extract-chunk.ts';
import { finishRun, type FinishRunInput } from './finish-run.ts';
import { inspect } from './inspect.ts';
import { locateStream } from './locate-stream.ts';
import { mergeChunk, type MergeChunkInput } from './merge-chunk.ts';
import { planBackfill, type PlanBackfillInput } from './plan-backfill.ts';
import { planListing, type PlanListingInput } from './plan-listing.ts';
import { PlanReader } from './read-plan.ts';
import { resetStream, type ResetStreamInput } from './reset-stream.ts';
import { SettledPlans } from './settled-plans.ts';
import type { ChunkControl } from './stage-chunk.ts';
import { sweepStages } from './sweep-stages.ts';

const heartbeatIntervalMs = 1_000;

/** The activities as the worker registers them: each step of its own file, with heartbeat and cancellation tied to Temporal. */
export function createActivities(external: ActivityDeps) {
  const deps = { ...external, plans: new PlanReader(external), settledPlans: new SettledPlans() };
  return {
    planBackfill: (input: PlanBackfillInput) => beating((signal) => planBackfill(deps, input, signal)),
    planListing: (input: PlanListingInput) => beating((signal) => planListing(deps, input, signal)),

    beginIncremental: (input: BeginIncrementalInput) => reading(1, (control) => beginIncremental(deps, input, control)),
    extractChunk: (input: ExtractChunkInput) =>
      reading(input.sequence, (control) => extractChunk(deps, input, { ...control, activity: activityName() })),

    mergeChunk: (input: MergeChunkInput) =>
      merging((signal, transactions) => mergeChunk(deps, input, signal, transactions)),
    compareListing: (input: CompareListingInput) => beating((signal) => compareListing(deps, input, signal)),
    beginVanished: (input: BeginVanishedInput) => beating((signal) => beginVanished(deps, input, signal)),
    finishRun: (input: FinishRunInput) => beating((signal) => finishRun(deps, input, signal)),

    resetStream: (input: ResetStreamInput) => beating((signal) => resetStream(deps, input, signal)),
    callReconcile: (input: CallReconcileInput) => beating((signal) => callReconcile(deps, input, signal)),
    closeLostRuns: (input: CloseLostRunsInput) => beating((signal) => closeLostRuns(deps, input, signal)),
    sweepStages: (input: { stages: readonly StageLeftover[] }) =>
      beating((signal) => sweepStages(deps, input.stages, signal)),
    inspect: (input: InspectInput) => beating((signal) => inspect(deps, input, signal)),

    locateStream: (input: { stream: string }) => locateStream(deps, input),
  };
}

/** The same for every attempt; an execution that a reset has made is another one. */
function activityName(): string {
  const { workflowExecution, activityId } = Context.current().info;
  return `${workflowExecution?.runId ?? ''}/${activityId}`;
}

export type Activities = ReturnType<typeof createActivities>;

/** A step that reads from the source: its heartbeats tell how far it is. */
async function reading<T>(sequence: number, step: (control: ChunkControl) => Promise<T>): Promise<T> {
  let details: ExtractHeartbeat = { sequence, records: 0, waiting: null, limitShare: null };
  return beating(
    (signal) =>
      step({
        signal,
        onProgress: (progress) => {
          details = { sequence, ...progress };
        },
      }),
    () => details,
  );
}

/** A step that merges: its heartbeats tell the next attempt which transaction this one may leave behind. */
async function merging<T>(step: (signal: AbortSignal, transactions: MergeTransactions) => Promise<T>): Promise<T> {
  const context = Context.current();
  let details: MergeHeartbeat = { transaction: transactionOf(context.info.heartbeatDetails) };
  const transactions: MergeTransactions = {
    before: details.transaction,
    note(transaction) {
      details = { transaction };
      context.heartbeat(details);
    },
  };
  return beating(
    (signal) => step(signal, transactions),
    () => details,
  );
}

/** Of an attempt before; of an earlier release too, whose merges told nothing. */
function transactionOf(details: Partial<MergeHeartbeat> | undefined): string | null {
  return typeof details?.transaction === 'string' ? details.transaction : null;
}

/** Runs a step with a heartbeat beside it, so that a dead worker is noticed and a cancellation arrives. */
async function beating<T>(step: (signal: AbortSignal) => Promise<T>, details?: () => unknown): Promise<T> {
  const context = Context.current();
  const timer = setInterval(() => context.heartbeat(details?.()), heartbeatIntervalMs);
  try {
    return await step(context.cancellationSignal);
  } finally {
    clearInterval(timer);
  }
}
