import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { stageParts, type Stage, type StageFile, type StagePart } from '../../model/batch.ts';

const readBytes = 256 * 2 ** 10;

/** Whether every file of every part is there with the bytes it was closed with. Rejects only when aborted. */
export async function isStageIntact(stage: Stage, signal: AbortSignal): Promise<boolean> {
  for (const { part } of stageParts(stage)) {
    if (!(await isPartIntact(part, signal))) return false;
  }
  return true;
}

export async function isPartIntact(part: StagePart, signal: AbortSignal): Promise<boolean> {
  const listedRows = part.files.reduce((sum, file) => sum + file.rowCount, 0);
  if (listedRows !== part.rowCount) return false;
  for (const file of part.files) {
    if (!(await isFileIntact(file, signal))) return false;
  }
  return true;
}

async function isFileIntact(file: StageFile, signal: AbortSignal): Promise<boolean> {
  try {
    await using handle = await open(file.path);
    if ((await handle.stat()).size !== file.sizeBytes) return false;
    const hash = createHash('sha256');
    // One buffer for all reads: a read stream's would be 20 MB of garbage a chunk, outside the heap and in no hurry to go.
    const buffer = Buffer.allocUnsafeSlow(readBytes);
    for (;;) {
      signal.throwIfAborted();
      const { bytesRead } = await handle.read(buffer);
      if (bytesRead === 0) return hash.digest('hex') === file.sha256;
      hash.update(buffer.subarray(0, bytesRead));
    }
  } catch {
    // A file that cannot be read is as lost as one that is gone: the run reads its records again.
    signal.throwIfAborted();
    return false;
  }
}

export function stagePaths({ files }: StagePart): string[] {
  return files.map(({ path }) => path);
}
