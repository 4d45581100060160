import type { StageLeftover } from '../model/mending.ts';
import { SyncError } from '../model/errors.ts';
import type { ActivityDeps } from './deps.ts';
import { removeRunStages } from './stage-folders.ts';

/** Removes what closed runs have staged and nobody will merge. What is gone already is left at that. */
export async function sweepStages(
  deps: ActivityDeps,
  leftovers: readonly StageLeftover[],
  signal: AbortSignal,
): Promise<void> {
  for (const { stream, mode, run, uploadedTo } of leftovers) {
    for (const name of [stream, mode, run]) requireFolderName(name);
    if (uploadedTo === undefined) {
      await removeRunStages({ stageRoot: deps.stageRoot, stream, mode, run });
    } else {
      const { schema } = uploadedTo;
      await (await deps.destination(uploadedTo.destination)).stages?.removeRun({ schema, stream, mode, run }, signal);
    }
  }
}

/** They come with a workflow's input, which anyone may write: none may lead out of the stage folder. */
function requireFolderName(name: string): void {
  if (/^[A-Za-z0-9_$-][A-Za-z0-9._$-]*$/.test(name)) return;
  throw new SyncError('ConfigInvalid', 'a stage to be swept has no proper name', { next: 'sluice doctor --fix' });
}
