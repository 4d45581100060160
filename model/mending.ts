import type { SyncMode } from './plan.ts';
import type { StagedRunName, UploadPlace } from './staged-run.ts';

/** What is to be swept: on the worker's own disk, or where it was uploaded. */
export interface StageLeftover extends StagedRunName {
  readonly uploadedTo?: UploadPlace;
}

/** What `sluice doctor --fix` has the worker put right: only what the next run would do as well. */
export interface MendInput {
  /** Recorded as `running`, while their executions are closed or gone. */
  readonly lostRuns?: readonly (StagedRunName & { readonly mode: SyncMode })[];
  /** Staged by runs that are closed. */
  readonly stages?: readonly StageLeftover[];
}

export interface MendResult {
  /** Those that still said `running`. */
  readonly closedRuns: readonly string[];
  readonly sweptStages: number;
}
