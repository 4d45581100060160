import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export type SabotagePoint =
  /** The stage is closed and the extract has not reported it. */
  | 'staged'
  /** A merge has begun and not opened the database, which the worker has let go of. */
  | 'mergeStarts'
  | 'beforeCommit'
  | 'afterCommit'
  /** The run has decided to continue as new and the server does not know. */
  | 'continueAsNewSent'
  /** The next execution has started and its first task is on its way to the workflow. */
  | 'continuationArrived';

/** One thing that goes wrong, once. */
export interface Harm {
  readonly at: SabotagePoint;
  /** Of the chunk; the first to come along where absent. */
  readonly sequence?: number;
  /** `stop` is SIGSTOP; `linger` only takes its time. */
  readonly does: 'kill' | 'stop' | 'linger' | 'loseStage' | 'truncateStage' | 'corruptStage';
}

export const sabotagePlan = 'SABOTAGE_PLAN';
export const sabotageFolder = 'SABOTAGE_FOLDER';

/** How to start a worker that does itself these harms; `folder` keeps which are done, over restarts. */
export function planSabotage(folder: string, harms: readonly Harm[]) {
  return {
    preload: fileURLToPath(new URL('sabotage.ts', import.meta.url)),
    environment: { [sabotagePlan]: JSON.stringify(harms), [sabotageFolder]: folder },
    isDone: (harm: Harm): boolean => existsSync(join(folder, `${harm.at}-${harm.sequence ?? 'any'}`)),
  };
}
