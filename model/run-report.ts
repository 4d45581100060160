import type { SyncMode } from './plan.ts';
import type { Positions } from './positions.ts';

/** Which run a report is about. */
export interface RunSubject {
  /** `pipeline.stream`, as the run was started with; config may not have it. */
  readonly stream: string;
  readonly mode: SyncMode;
  /** Names the run: the run id of its first execution. */
  readonly run: string;
  /** The run id of this execution, which a repeat of its last workflow task shares and a reset does not. */
  readonly execution: string;
  readonly isScheduled: boolean;
  /** ISO, by Temporal's clock. */
  readonly at: string;
}

export interface RunDone extends RunSubject {
  readonly kind: 'done';
  /** From the start of the first execution, pauses and waits included. */
  readonly durationMs: number;
  /** Records and tombstones read. */
  readonly rows: number;
  readonly rejects: number;
  /** Whether the table now has what the source had: a part of a stream, or a run that was left out, brings it no further. */
  readonly bringsUpToDate: boolean;
  /** Why the run did nothing of what it was started for, such as `needs backfill`; null where it did. */
  readonly undone: string | null;
  /** Null where the run moved none. */
  readonly positions: Positions | null;
  /** Nobody approved in time what it would have flagged. */
  readonly isLapsed: boolean;
  /** Why the schedule's run before failed; null where it did not, or there is none. */
  readonly failedBefore: string | null;
}

export interface RunFailed extends RunSubject {
  readonly kind: 'failed';
  readonly durationMs: number;
  /** A `FailureKind`, or `Unexpected`. */
  readonly failure: string;
  /** Without values; the next step may follow, as in `describeError`. */
  readonly message: string;
  readonly failedBefore: string | null;
}

export interface RunCancelled extends RunSubject {
  readonly kind: 'cancelled';
  readonly durationMs: number;
}

export interface ApprovalAsked extends RunSubject {
  readonly kind: 'approvalAsked';
  readonly reason: string;
  /** Names the rows that wait. */
  readonly digest: string;
  /** ISO. */
  readonly until: string;
}

export interface ApprovalOver extends RunSubject {
  readonly kind: 'approvalOver';
}

/**
 * What a workflow tells the worker it runs in, beside its history. Told once, and lost with that worker if it dies in the same
 * moment: for metrics and alerts, and nothing that has to be right.
 */
export type RunReport = RunDone | RunFailed | RunCancelled | ApprovalAsked | ApprovalOver;
