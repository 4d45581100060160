import { randomUUID } from 'node:crypto';
import { rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { uploadStage } from '../../activities/upload-stage.ts';
import { movedStage, type Stage } from '../../model/batch.ts';
import type { Destination } from '../../model/destination.ts';
import type { UploadedRun } from '../../model/remote-stages.ts';

/** The stage as a merge gets it: uploaded, where the destination has a place for that. */
export async function bringStage({ stages }: Destination, staged: Stage, run: UploadedRun): Promise<Stage> {
  if (stages === null) return staged;
  // A worker's own folders have plain names.
  const directory = join(dirname(staged.directory), `sluice-${randomUUID()}`);
  await rename(staged.directory, directory);
  const stage = movedStage(staged, directory, ({ rowCount, files }) => ({
    rowCount,
    files: files.map((file) => ({ ...file, path: join(directory, basename(file.path)) })),
  }));
  return uploadStage({ stages, stage, run }, new AbortController().signal);
}
