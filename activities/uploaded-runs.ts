import type { Destination } from '../model/destination.ts';
import { SyncError } from '../model/errors.ts';
import type { UploadedRun } from '../model/remote-stages.ts';
import type { StagedRunName } from '../model/staged-run.ts';
import type { TableName } from '../model/stream-table.ts';
import type { ActivityDeps } from './deps.ts';

export function uploadedRun({ stream, mode, run }: StagedRunName, { schema }: TableName): UploadedRun {
  return { schema, stream, mode, run };
}

/** Removes what an ended run has uploaded. It fails no run that is done: the next one of its mode removes it as well. */
export async function removeUploaded(
  { log }: Pick<ActivityDeps, 'log'>,
  { stages, run }: Pick<Destination, 'stages'> & { readonly run: UploadedRun },
  signal: AbortSignal,
): Promise<void> {
  try {
    await stages?.removeRun(run, signal);
  } catch (error) {
    if (!(error instanceof SyncError) && !signal.aborted) throw error;
    const { stream, mode } = run;
    const reason = error instanceof SyncError ? error.message : 'there was no time';
    log.warn({ stream, mode, run: run.run, reason }, 'what the run has uploaded stays for now');
  }
}
