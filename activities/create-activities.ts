import { Context } from '@temporalio/activity';
import type { ExtractHeartbeat } from '../model/heartbeat.ts';
import type { InspectInput } from '../model/inspection.ts';
import type { ActivityDeps } from './deps.ts';
import { extractChunk, type ExtractChunkInput } from './extract-chunk.ts';
import { finishRun, type FinishRunInput } from './finish-run.ts';
import { inspect } from './inspect.ts';
import { mergeChunk, type MergeChunkInput } from './merge-chunk.ts';
import { planBackfill, type PlanBackfillInput } from './plan-backfill.ts';
import { createPlanReader } from './read-plan.ts';

const heartbeatIntervalMs = 1_000;

/** The activities as the worker registers them: each step of its own file, with heartbeat and cancellation tied to Temporal. */
export function createActivities(deps: ActivityDeps) {
  const withPlans = { ...deps, readPlan: createPlanReader(deps) };
  return {
    planBackfill: (input: PlanBackfillInput) => beating((signal) => planBackfill(deps, input, signal)),

    extractChunk: (input: ExtractChunkInput) => {
      let details: ExtractHeartbeat = { sequence: input.sequence, records: 0, waiting: null, limitShare: null };
      return beating(
        (signal) =>
          extractChunk(withPlans, input, {
            signal,
            onProgress: (progress) => {
              details = { sequence: input.sequence, ...progress };
            },
          }),
        () => details,
      );
    },

    mergeChunk: (input: MergeChunkInput) => beating((signal) => mergeChunk(withPlans, input, signal)),

    finishRun: (input: FinishRunInput) => beating((signal) => finishRun(deps, input, signal)),

    inspect: (input: InspectInput) => beating((signal) => inspect(deps, input, signal)),
  };
}

export type Activities = ReturnType<typeof createActivities>;

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
