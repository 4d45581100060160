import type { ActivityDeps } from './deps.ts';
import { removeRunStages } from './stage-folders.ts';
import { uploadedRun } from './uploaded-runs.ts';

export interface CloseLostRunsInput {
  readonly stream: string;
  /** Runs whose executions are closed or gone. */
  readonly runs: readonly { readonly mode: string; readonly run: string }[];
}

/** What the next run of each mode would do first: `lost` in place of `running`, and their stages go. Returns those it closed. */
export async function closeLostRuns(
  deps: ActivityDeps,
  { stream, runs }: CloseLostRunsInput,
  signal: AbortSignal,
): Promise<string[]> {
  const settings = deps.streamSettings(stream);
  const destination = await deps.destination(settings.destination);
  const target = { stream, table: settings.table };
  const closed = await destination.closeLostRuns({ ...target, runs: runs.map(({ run }) => run) }, signal);
  for (const { mode, run } of runs.filter((lost) => closed.includes(lost.run))) {
    await removeRunStages({ stageRoot: deps.stageRoot, stream, mode, run });
    await destination.stages?.removeRun(uploadedRun({ stream, mode, run }, settings.table), signal);
  }
  return closed;
}
