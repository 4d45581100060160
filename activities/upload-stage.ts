import { rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { movedStage, stageParts, type Stage, type StagePart, type StagePartName } from '../model/batch.ts';
import { SyncError } from '../model/errors.ts';
import { uploadedRunFolder, type RemoteStages, type StageUpload, type UploadedRun } from '../model/remote-stages.ts';
import { compressPart } from './compress-part.ts';

/** Before the second attempt, the third and so on. Longer outages are for the activity's own retries. */
const retryAfterMs: readonly number[] = [500, 2_000, 8_000];

export interface UploadRequest {
  /** Null where the merge reads this machine's files. */
  readonly stages: RemoteStages | null;
  readonly stage: Stage;
  readonly run: UploadedRun;
  readonly retryAfterMs?: readonly number[];
}

/**
 * Brings a closed stage to where the merge finds it, and then removes it here; nothing is to be done where that is here. Returns it
 * as it is there. Where that fails, what was closed is left as it was.
 */
export async function uploadStage({ stages, stage, run, ...rest }: UploadRequest, signal: AbortSignal): Promise<Stage> {
  if (stages === null) return stage;
  const directory = `${uploadedRunFolder(run)}/${basename(stage.directory)}`;
  const parts = new Map<StagePartName, StagePart>();
  for (const [place, { name, part }] of stageParts(stage).entries()) {
    const to = { directory: stage.directory, name: fileName(name, place) };
    parts.set(name, await compressPart(part, to, signal));
  }
  const paths = [...parts.values()].flatMap(({ files }) => files.map(({ path }) => path));
  if (paths.length > 0) await putPatiently(stages, { schema: run.schema, directory, paths }, { ...rest, signal });
  await rm(stage.directory, { recursive: true, force: true });
  return movedStage(stage, directory, (_, name) => below(directory, parts.get(name)!));
}

/** A part has its table's name, which may hold what the destination's own command for files cannot name. */
function fileName(name: StagePartName, place: number): string {
  return /^[\w.-]+$/.test(name) ? name : `part-${place + 1}`;
}

function below(directory: string, { rowCount, files }: StagePart): StagePart {
  return { rowCount, files: files.map((file) => ({ ...file, path: `${directory}/${basename(file.path)}` })) };
}

async function putPatiently(
  stages: RemoteStages,
  upload: StageUpload,
  { signal, retryAfterMs: pauses = retryAfterMs }: { signal: AbortSignal; retryAfterMs?: readonly number[] },
): Promise<void> {
  for (const pauseMs of pauses) {
    try {
      return await stages.putFiles(upload, signal);
    } catch (error) {
      if (!(error instanceof SyncError && error.isRetryable)) throw error;
      await delay(pauseMs, undefined, { signal });
    }
  }
  await stages.putFiles(upload, signal);
}
