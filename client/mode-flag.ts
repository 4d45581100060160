import { suggestName } from '../model/nearest-name.ts';
import { syncModes, type SyncMode } from '../model/plan.ts';
import { workflowNames } from '../model/workflow-id.ts';
import { CliError } from './cli-error.ts';
import { exitCode } from './exit-code.ts';

/** The modes that `--mode` asks for: the one named, or all. Throws a usage error with the nearest name. */
export function modesOf(flag: string | undefined): readonly SyncMode[] {
  if (flag === undefined) return syncModes;
  const mode = syncModes.find((name) => workflowNames[name].id === flag);
  if (mode !== undefined) return [mode];
  const names = syncModes.map((name) => workflowNames[name].id);
  throw new CliError(exitCode.usage, `--mode "${flag}" is not a mode`, { next: suggestName(flag, names) });
}

export const modeFlag = ['--mode <name>', 'only backfill, incremental, soft-delete, reconcile or resync'] as const;
