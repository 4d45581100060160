import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { Stage, StageFile } from '../../model/batch.ts';

/** Whether every file of the stage is there with the bytes it was closed with. Rejects only when aborted. */
export async function isStageIntact(stage: Stage, signal: AbortSignal): Promise<boolean> {
  const listedRows = stage.files.reduce((sum, file) => sum + file.rowCount, 0);
  if (listedRows !== stage.rowCount) return false;
  for (const file of stage.files) {
    if (!(await isFileIntact(file, signal))) return false;
  }
  return true;
}

async function isFileIntact(file: StageFile, signal: AbortSignal): Promise<boolean> {
  try {
    if ((await stat(file.path)).size !== file.sizeBytes) return false;
    const hash = createHash('sha256');
    await pipeline(createReadStream(file.path, { highWaterMark: 1 << 20 }), hash, { signal });
    return hash.digest('hex') === file.sha256;
  } catch {
    // A file that cannot be read is as lost as one that is gone: the run reads its records again.
    signal.throwIfAborted();
    return false;
  }
}
