import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, link, mkdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { movedStage, stageFiles, type Stage, type StageFile } from '../model/batch.ts';
import { readCheckpoint, writeCheckpoint, type Checkpoint } from './checkpoint.ts';
import { attemptsBeside } from './stage-folders.ts';

/**
 * Goes on from what an earlier attempt of the same extraction has closed (rule 9 of docs/spec.md): its closed parts, whole by
 * count and checksum, become the new folder's. Everything else of earlier attempts is removed. Null where nothing is of use.
 */
export async function takeOver(folder: string, key: string): Promise<Checkpoint | null> {
  const found = await Promise.all((await attemptsBeside(folder)).map(readCheckpoint));
  const earlier = found
    .filter((checkpoint) => checkpoint?.key === key)
    .map((checkpoint) => checkpoint!)
    .sort((a, b) => b.state.records - a.state.records);
  let taken: Checkpoint | null = null;
  for (const checkpoint of earlier) taken ??= await takeParts(checkpoint, folder);
  if (taken !== null) await writeCheckpoint(taken);
  // What cannot be removed now goes with the run.
  await Promise.allSettled(earlier.map(({ stage }) => rm(stage.directory, { recursive: true, force: true })));
  return taken;
}

/** Null, and an empty place, where a file is not what was listed, or there is no room for it. */
async function takeParts(checkpoint: Checkpoint, folder: string): Promise<Checkpoint | null> {
  const { stage } = checkpoint;
  const taken = movedTo(stage, folder);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (const { path, ...listed } of stageFiles(stage)) {
      const ours = join(folder, basename(path));
      await shareFile(path, ours);
      if (!(await isAsListed({ ...listed, path: ours }))) throw new Error('not the file that was listed');
    }
  } catch {
    // Whatever it is that is missing or wrong: its records are read again, and what the disk refuses is met by the new stage.
    await rm(folder, { recursive: true, force: true }).catch(() => undefined);
    return null;
  }
  return { ...checkpoint, stage: taken };
}

/** A closed file is never written again, so both attempts may hold it; where the disk knows no links it is copied. */
async function shareFile(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch {
    await copyFile(from, to);
  }
}

async function isAsListed({ path, sizeBytes, sha256 }: StageFile): Promise<boolean> {
  const hash = createHash('sha256');
  let size = 0;
  await pipeline(createReadStream(path), async (chunks) => {
    for await (const bytes of chunks as AsyncIterable<Buffer>) {
      size += bytes.length;
      hash.update(bytes);
    }
  });
  return size === sizeBytes && hash.digest('hex') === sha256;
}

function movedTo(stage: Stage, directory: string): Stage {
  return movedStage(stage, directory, ({ rowCount, files }) => ({
    rowCount,
    files: files.map((file) => ({ ...file, path: join(directory, basename(file.path)) })),
  }));
}
