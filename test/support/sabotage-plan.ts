import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SyncMode } from '../../model/plan.ts';

export type SabotagePoint =
  /** The stage is closed and the extract has not reported it. */
  | 'staged'
  /** A merge has begun and not opened the database, which the worker has let go of. */
  | 'mergeStarts'
  /** Of a batch that was merged. */
  | 'beforeCommit'
  | 'afterCommit'
  /** The commits of steps that merge nothing, before their step reports: a comparison, the begin of flagging, a run's claim and its opening. */
  | 'compared'
  | 'vanishedBegun'
  | 'claimed'
  | 'opened'
  /** The run has decided to continue as new and the server does not know. */
  | 'continueAsNewSent'
  /** The next execution has started and its first task is on its way to the workflow. */
  | 'continuationArrived';

/** One thing that goes wrong, once. */
export interface Harm {
  readonly at: SabotagePoint;
  /** Of the run; any where absent. */
  readonly mode?: SyncMode;
  /** Of the chunk; the first to come along where absent. */
  readonly sequence?: number;
  /** `stop` is SIGSTOP; `linger` only takes its time; `hold` (of a merge) waits until it is released, `holdSilently` without a heartbeat. */
  readonly does: 'kill' | 'stop' | 'linger' | 'hold' | 'holdSilently' | 'loseStage' | 'truncateStage' | 'corruptStage';
}

export const sabotagePlan = 'SABOTAGE_PLAN';
export const sabotageFolder = 'SABOTAGE_FOLDER';

/** The file in the folder that says a harm is done. */
export function markOf({ at, mode, sequence }: Harm): string {
  return [at, mode ?? 'any', sequence ?? 'any'].join('-');
}

export function releasedMarkOf(harm: Harm): string {
  return `${markOf(harm)}-released`;
}

export const heldOutcomeMark = 'held-outcome';

/** How to start a worker that does itself these harms; `folder` keeps which are done, over restarts. */
export function planSabotage(folder: string, harms: readonly Harm[]) {
  return {
    preload: fileURLToPath(new URL('sabotage.ts', import.meta.url)),
    environment: { [sabotagePlan]: JSON.stringify(harms), [sabotageFolder]: folder },
    isDone: (harm: Harm): boolean => existsSync(join(folder, markOf(harm))),
    release: (harm: Harm): void => writeFileSync(join(folder, releasedMarkOf(harm)), ''),
    /** How the merge that was held silently ended: the kind of its failure, or `merged`. Null before it did. */
    heldOutcome: (): string | null => {
      const path = join(folder, heldOutcomeMark);
      return existsSync(path) ? readFileSync(path, 'utf8') : null;
    },
  };
}
