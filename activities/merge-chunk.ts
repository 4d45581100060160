import { rm } from 'node:fs/promises';
import type { Batch } from '../model/batch.ts';
import type { MergeOutcome } from '../model/destination.ts';
import type { Scope, StreamPlan, SyncMode } from '../model/plan.ts';
import { earnedWatermark } from '../model/watermark.ts';
import type { ActivityDeps } from './deps.ts';

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

export type MergeChunkResult = MergeOutcome & { readonly elapsedMs: number };

/** Merges one staged batch and its ledger row in one transaction, then drops the stage. */
export async function mergeChunk(
  deps: ActivityDeps & { readPlan: (input: MergeChunkInput, signal: AbortSignal) => Promise<StreamPlan> },
  input: MergeChunkInput,
  signal: AbortSignal,
): Promise<MergeChunkResult> {
  const startedAtMs = performance.now();
  const plan = await deps.readPlan(input, signal);
  const destination = await deps.destination(plan.destination);
  const watermark = earnedWatermark({ ...input, frontier: input.batch.frontierAfter });
  const outcome = await destination.mergeBatch({ ...input, plan, watermark }, signal);
  if (outcome.kind === 'merged') await rm(input.batch.stage.directory, { recursive: true, force: true });
  return { ...outcome, elapsedMs: Math.round(performance.now() - startedAtMs) };
}
