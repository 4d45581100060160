import type { ExtractHeartbeat } from '../model/heartbeat.ts';
import type { SyncMode } from '../model/plan.ts';
import type { BackfillResult, IncrementalResult, ReconcileResult, SyncProgress } from '../workflows/messages.ts';

/** A step that failed and will be tried again. */
export interface PendingRetry {
  readonly activity: string;
  /** The attempt that comes next, from 2. */
  readonly attempt: number;
  readonly failure: string | null;
  /** ISO instant of the next attempt; null while it runs. */
  readonly nextAttemptAt: string | null;
}

/** A run's result, told apart by its mode. */
export type RunResult =
  | (BackfillResult & { readonly mode: 'backfill' | 'resync' })
  | (IncrementalResult & { readonly mode: 'incremental' })
  | (ReconcileResult & { readonly mode: 'softDelete' | 'reconcile' });

export type RunEnd =
  | { readonly kind: 'done'; readonly result: RunResult }
  /** `failure` is a `FailureKind`, or Temporal's word where the run ended without one. */
  | { readonly kind: 'failed'; readonly failure: string; readonly message: string }
  | { readonly kind: 'cancelled'; readonly message: string | null };

/** All that Temporal knows about one run at one moment, without asking source or destination. */
export interface RunFacts {
  readonly mode: SyncMode;
  readonly stream: string;
  readonly workflowId: string;
  /** Of the current execution: continue-as-new and reset change it. */
  readonly runId: string;
  /** Of the first execution: names the run. */
  readonly run: string;
  readonly startedAt: string;
  readonly endedAt: string | null;
  /** Null while the run is open. */
  readonly end: RunEnd | null;
  readonly isCancelRequested: boolean;
  /** Null where no worker answered, which `hasWorker` or `stuck` may explain. */
  readonly progress: SyncProgress | null;
  /** Whether an extract is under way, or waits for its next attempt. */
  readonly isReading: boolean;
  /** Of that extract; null in its first second. */
  readonly heartbeat: ExtractHeartbeat | null;
  readonly retries: readonly PendingRetry[];
  /** Set when the worker's code has failed this run's workflow task at least twice in a row. */
  readonly stuck: { readonly failures: number; readonly message: string | null } | null;
  readonly taskQueue: string;
  /** Whether one has polled within about a minute. One that just died still counts, but answers no query. */
  readonly hasWorker: boolean;
  /** Queue of the process that holds the destination, where a step waits for it and nobody polls; null otherwise. */
  readonly missingOwner: string | null;
}
