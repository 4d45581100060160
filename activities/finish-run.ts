import type { LedgerHead } from '../model/batch.ts';
import { rejects } from '../model/counts.ts';
import type { CloseRunRequest } from '../model/destination.ts';
import { heldMode } from '../model/held-changes.ts';
import type { SyncMode } from '../model/plan.ts';
import type { ActivityDeps } from './deps.ts';
import { removeRunStages } from './stage-folders.ts';
import { removeUploaded, uploadedRun } from './uploaded-runs.ts';

export interface FinishRunInput {
  readonly stream: string;
  readonly mode: SyncMode;
  readonly run: string;
  readonly status: CloseRunRequest['status'];
  readonly error: string | null;
  readonly forgetsAccess?: boolean;
  /** Of a run that merged changes which had waited. */
  readonly heldRun?: string;
}

export interface FinishRunResult {
  readonly head: LedgerHead;
  readonly rows: { readonly live: number; readonly deleted: number };
}

/** Closes the run in `sync_runs` and removes its stages. */
export async function finishRun(
  deps: ActivityDeps,
  input: FinishRunInput,
  signal: AbortSignal,
): Promise<FinishRunResult> {
  const { stream, mode, run, status, error, forgetsAccess = false, heldRun } = input;
  const settings = deps.streamSettings(stream);
  const destination = await deps.destination(settings.destination);
  const target = { stream, mode, table: settings.table };
  const head = await destination.closeRun({ ...target, run, status, error, forgetsAccess }, signal);
  await removeRunStages({ stageRoot: deps.stageRoot, ...input });
  await removeUploaded(deps, { stages: destination.stages, run: uploadedRun(input, settings.table) }, signal);
  if (heldRun !== undefined && status === 'done') {
    const held = uploadedRun({ stream, mode: heldMode, run: heldRun }, settings.table);
    await removeUploaded(deps, { stages: destination.stages, run: held }, signal);
  }
  const rows = (await destination.countRows(target, signal)) ?? { live: 0, deleted: 0 };
  // Where a look costs money, only a run that added to it is worth one.
  if (!destination.isMetered || rejects(head.totals) > 0) {
    const { total } = await destination.listRejects({ ...target, limit: 1 }, signal);
    deps.noteQuarantine(stream, total);
  }
  return { head, rows };
}
