import { basename } from 'node:path';
import { stageFiles, type Batch, type RequestCounts, type Stage } from '../model/batch.ts';
import type { WaitReason } from '../model/errors.ts';
import type { Frontier } from '../model/frontier.ts';
import { outlasting } from '../model/outlasting.ts';
import type { StreamPlan, SyncMode } from '../model/plan.ts';
import { writeCheckpoint } from './checkpoint.ts';
import type { ActivityDeps } from './deps.ts';
import { digestOf } from './digest.ts';
import { knownScope } from './known-versions.ts';
import { planDigest } from './plan-digest.ts';
import type { PlanReader } from './read-plan.ts';
import { newStageFolder } from './stage-folders.ts';
import { stageChunk, type ChunkControl, type StagedChunk } from './stage-chunk.ts';
import { uploadStage } from './upload-stage.ts';
import { uploadedRun } from './uploaded-runs.ts';

export interface ExtractChunkInput {
  readonly stream: string;
  readonly mode: SyncMode;
  readonly run: string;
  readonly generation: number;
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

export interface ExtractControl extends ChunkControl {
  /** Names the activity, the same in each of its attempts, and no other's: not even one that reads the same anew. */
  readonly activity: string;
}

/** Reads about a chunk's worth of the frontier into a new stage, where any worker that may merge it reaches it, and mints its batch. */
export async function extractChunk(
  deps: ActivityDeps & { plans: PlanReader },
  input: ExtractChunkInput,
  control: ExtractControl,
): Promise<ExtractChunkResult> {
  const plan = await deps.plans.read(input, control.signal);
  const scope = knownScope(plan, input.generation);
  const key = reuseKey(control.activity, input, plan);
  const chunk = await stageChunk(
    deps,
    {
      ...input,
      plan,
      folder: newStageFolder({ stageRoot: deps.stageRoot, ...input }, input.sequence),
      // Whoever asks for a range by creation wants its records read, known or not.
      isKnown: (id, version) => input.mode === 'incremental' && deps.knownVersions.has(scope, id, version),
      maxHits: null,
      reuseKey: key,
    },
    control,
  );
  const { requests, wait } = chunk;
  if (chunk.stage === null) return { batch: null, requests, wait };
  const stage = await bringStage(deps, { input, plan, chunk: { ...chunk, stage: chunk.stage }, key }, control.signal);
  return { batch: mintBatch(deps, input, { ...chunk, stage }), requests, wait };
}

/**
 * Uploads the stage where the destination has a place for it. What was read is kept until it is there: an attempt that follows
 * on this machine uploads it and reads nothing again. A short chunk, handed back because of an interruption, is uploaded still, if
 * that takes no longer than `uploadGraceMs`.
 */
async function bringStage(
  deps: ActivityDeps,
  {
    input,
    plan,
    chunk,
    key,
  }: { input: ExtractChunkInput; plan: StreamPlan; chunk: StagedChunk & { readonly stage: Stage }; key: string },
  signal: AbortSignal,
): Promise<Stage> {
  const { stages } = await deps.destination(plan.destination);
  const { stage, frontier, records, roundedValues, requests } = chunk;
  if (stages === null) return stage;
  const { kind, absentColumns } = stage;
  await writeCheckpoint({ key, stage, state: { frontier, kind, records, roundedValues, requests, absentColumns } });
  using grace = outlasting(signal, uploadGraceMs);
  return uploadStage({ stages, stage, run: uploadedRun(input, plan.table) }, grace.signal);
}

/** A pause or a shutdown waits so long for an upload. After that the records are read again. */
const uploadGraceMs = 20_000;

/**
 * Raised when closed parts are listed in another way than before: what another release has left is not reused. The plan is in
 * it, since a column that became wider since may be staged in another way.
 */
const checkpointForm = 1;

function reuseKey(activity: string, input: ExtractChunkInput, plan: StreamPlan): string {
  const { listedColumns, associations } = plan;
  const tables = associations.map(({ to, table }) => [to, table.schema, table.table]);
  const parts = [checkpointForm, activity, input, planDigest(plan, plan.destination), listedColumns, tables];
  return digestOf(parts);
}

/** Names a staged chunk, and keeps in mind what it will have merged. */
export function mintBatch(
  deps: Pick<ActivityDeps, 'knownVersions'>,
  position: Pick<ExtractChunkInput, 'run' | 'sequence' | 'predecessor' | 'frontier'>,
  chunk: StagedChunk & { readonly stage: Stage },
): Batch {
  const batchId = mintBatchId(position, chunk);
  if (chunk.versions.size > 0) deps.knownVersions.stage(batchId, chunk.versions);
  return {
    batchId,
    sequence: position.sequence,
    predecessor: position.predecessor,
    stage: chunk.stage,
    frontierAfter: chunk.frontier,
    roundedValues: chunk.roundedValues,
    requests: chunk.requests,
  };
}

/** The stage folder's random part makes every extraction its own batch, even of equal bytes. */
function mintBatchId(
  { run, sequence, frontier }: Pick<ExtractChunkInput, 'run' | 'sequence' | 'frontier'>,
  { frontier: frontierAfter, stage }: { frontier: Frontier; stage: Stage },
): string {
  const digests = stageFiles(stage).map(({ sha256 }) => sha256);
  return digestOf([run, sequence, frontier, frontierAfter, basename(stage.directory), ...digests]).slice(0, 32);
}
