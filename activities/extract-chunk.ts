import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import type { Batch, RequestCounts } from '../model/batch.ts';
import type { WaitReason } from '../model/errors.ts';
import type { Frontier } from '../model/frontier.ts';
import type { StreamPlan, SyncMode } from '../model/plan.ts';
import type { ExtractProgress } from '../model/source.ts';
import type { ActivityDeps } from './deps.ts';
import { newStageFolder } from './stage-folders.ts';
import { StageWriter } from './stage-writer.ts';

export interface ExtractChunkInput {
  readonly stream: string;
  readonly mode: SyncMode;
  readonly run: string;
  readonly sequence: number;
  readonly predecessor: string | null;
  readonly frontier: Frontier;
  readonly chunkRecords: number;
}

export interface ExtractChunkResult {
  /** Null when nothing was read and nothing of the frontier was found empty. */
  readonly batch: Batch | null;
  readonly requests: RequestCounts;
  readonly wait: WaitReason | null;
}

export interface ExtractControl {
  /** Aborted on pause, cancel and worker shutdown: what is staged by then is handed back as a short chunk. */
  readonly signal: AbortSignal;
  readonly onProgress: (progress: ExtractProgress) => void;
}

/** Reads about a chunk's worth of the frontier into a new stage and mints its batch. */
export async function extractChunk(
  deps: ActivityDeps & { readPlan: (input: ExtractChunkInput, signal: AbortSignal) => Promise<StreamPlan> },
  input: ExtractChunkInput,
  control: ExtractControl,
): Promise<ExtractChunkResult> {
  const plan = await deps.readPlan(input, control.signal);
  const source = await deps.source(plan.source);
  const { stageRoot } = deps;
  const stage = await StageWriter.open(newStageFolder({ stageRoot, ...input }, input.sequence));
  try {
    const outcome = await source.extract({
      plan,
      frontier: input.frontier,
      chunkRecords: input.chunkRecords,
      write: (rows) => stage.write(rows),
      signal: control.signal,
      onProgress: control.onProgress,
    });
    if (outcome.records === 0 && isSame(outcome.frontier, input.frontier)) {
      await stage.discard();
      return { batch: null, requests: outcome.requests, wait: outcome.wait };
    }
    const closed = await stage.close();
    const batch: Batch = {
      batchId: mintBatchId(input, outcome.frontier, [
        basename(closed.directory),
        ...closed.files.map(({ sha256 }) => sha256),
      ]),
      sequence: input.sequence,
      predecessor: input.predecessor,
      stage: closed,
      frontierAfter: outcome.frontier,
      roundedValues: outcome.roundedValues,
      requests: outcome.requests,
    };
    return { batch, requests: outcome.requests, wait: outcome.wait };
  } catch (error) {
    await stage.discard();
    throw error;
  }
}

/** The stage folder's random part makes every extraction its own batch, even of equal bytes. */
function mintBatchId(input: ExtractChunkInput, frontierAfter: Frontier, stage: readonly string[]): string {
  return createHash('sha256')
    .update(JSON.stringify([input.run, input.sequence, input.frontier, frontierAfter, stage]))
    .digest('hex')
    .slice(0, 32);
}

function isSame(a: Frontier, b: Frontier): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
