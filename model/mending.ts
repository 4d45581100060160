import type { SyncMode } from './plan.ts';

/** A folder of staged files: of a stream, a mode (or `verify`) and a run. */
export interface StagedRunName {
  readonly stream: string;
  readonly mode: string;
  readonly run: string;
}

/** What `sluice doctor --fix` has the worker put right: only what the next run would do as well. */
export interface MendInput {
  /** Recorded as `running`, while their executions are closed or gone. */
  readonly lostRuns?: readonly (StagedRunName & { readonly mode: SyncMode })[];
  /** Staged by runs that are closed. */
  readonly stages?: readonly StagedRunName[];
}

export interface MendResult {
  /** Those that still said `running`. */
  readonly closedRuns: readonly string[];
  readonly sweptStages: number;
}
