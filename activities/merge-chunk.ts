import { rm } from 'node:fs/promises';
import type { Batch } from '../model/batch.ts';
import type { MergeOutcome } from '../model/destination.ts';
import { isFrontierEmpty } from '../model/frontier.ts';
import type { Scope, StreamPlan, SyncMode } from '../model/plan.ts';
import { earnedWatermark } from '../model/watermark.ts';
import type { ActivityDeps } from './deps.ts';
import { finishRun, type FinishRunResult } from './finish-run.ts';

export interface MergeChunkInput {
  readonly stream: string;
  readonly mode: SyncMode;
  readonly scope: Scope;
  readonly run: string;
  readonly generation: number;
  readonly planDigest: string;
  readonly firstStartedAt: string;
  readonly batch: Batch;
}

export type MergeChunkResult = MergeOutcome & {
  /** The closed run, where this was its last batch. */
  readonly finished: FinishRunResult | null;
};

/** Merges one staged batch and its ledger row in one transaction, then drops the stage; the last one closes the run. */
export async function mergeChunk(
  deps: ActivityDeps & { readPlan: (input: MergeChunkInput, signal: AbortSignal) => Promise<StreamPlan> },
  input: MergeChunkInput,
  signal: AbortSignal,
): Promise<MergeChunkResult> {
  const plan = await deps.readPlan(input, signal);
  const destination = await deps.destination(plan.destination);
  const watermark = earnedWatermark({ ...input, frontier: input.batch.frontierAfter });
  const outcome = await destination.mergeBatch({ ...input, plan, watermark }, signal);
  const isLast = outcome.kind === 'merged' && isFrontierEmpty(input.batch.frontierAfter);
  if (outcome.kind === 'merged') await rm(input.batch.stage.directory, { recursive: true, force: true });
  const finished = isLast ? await finishRun(deps, { ...input, status: 'done', error: null }, signal) : null;
  return { ...outcome, finished };
}
