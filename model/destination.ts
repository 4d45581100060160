import type { Batch, LedgerHead } from './batch.ts';
import type { Counts } from './counts.ts';
import type { Finding } from './finding.ts';
import type { Scope, StreamPlan, SyncMode, TableName } from './plan.ts';
import type { OpenRunRequest, RunProgress, RunStatus } from './run.ts';

export interface StreamTable {
  /** `pipeline.stream`, the key of every system table. */
  readonly stream: string;
  readonly table: TableName;
}

export interface ClaimRequest extends StreamTable {
  readonly run: string;
  readonly mode: SyncMode;
  /** ISO instant the run's first execution started, by Temporal's clock: a claim never passes to an older run. */
  readonly runStartedAt: string;
}

export interface ClaimResult {
  /** The stream's generation, raised by `reset`; batches of an older one are fenced. */
  readonly generation: number;
  /** This run, if an earlier attempt or a reset history already opened it. */
  readonly self: RunProgress | null;
  /** The newest other whole-stream run of the same mode, for the resume decision. */
  readonly previous: RunProgress | null;
}

export interface MergeRequest {
  readonly run: string;
  readonly mode: SyncMode;
  readonly scope: Scope;
  readonly generation: number;
  readonly plan: StreamPlan;
  readonly planDigest: string;
  readonly firstStartedAt: string;
  readonly batch: Batch;
  /** Set on the last batch of a whole-stream backfill: raises both positions to at least this instant. */
  readonly watermark: string | null;
}

export type MergeOutcome =
  /** Data and ledger row are committed. `isRepeat`: an earlier attempt of this batch had committed them. */
  | { readonly kind: 'merged'; readonly counts: Counts; readonly isRepeat: boolean }
  /** Nothing was written: the ledger is ahead of this run's history, or the stage is gone. The run goes on from `head`. */
  | { readonly kind: 'rewind'; readonly reason: 'ledgerAhead' | 'stageLost'; readonly head: LedgerHead };

export interface CloseRunRequest extends StreamTable {
  readonly run: string;
  readonly status: Exclude<RunStatus, 'running'>;
  /** Kind and text of the failure, without values. */
  readonly error: string | null;
}

export interface RejectRow {
  readonly run: string;
  readonly recordId: string | null;
  readonly column: string | null;
  readonly reason: string;
  readonly sourceType: string | null;
  readonly columnType: string | null;
  readonly createdAt: string;
}

export interface RunRow {
  readonly run: string;
  readonly mode: SyncMode;
  readonly scope: Scope;
  readonly status: RunStatus;
  readonly startReason: string;
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly batches: number;
  readonly totals: Counts;
  readonly requests: number;
  readonly error: string | null;
}

/**
 * Where rows go. One instance per configured destination and process. Every method takes an AbortSignal, and an abort
 * interrupts the running statement. All raise `SyncError`.
 */
export interface Destination {
  /** Names the database itself, not the way to it; part of the plan digest. */
  readonly identity: string;
  check(signal: AbortSignal): Promise<Finding[]>;
  /** Takes the stream's fence for this run; closes what earlier runs of the same mode left `running` as `lost`. Idempotent. */
  claimRun(request: ClaimRequest, signal: AbortSignal): Promise<ClaimResult>;
  /** Creates or widens the target table and records the run with its plan. Idempotent per run. */
  openRun(request: OpenRunRequest, signal: AbortSignal): Promise<void>;
  readPlan(target: StreamTable & { run: string }, signal: AbortSignal): Promise<StreamPlan>;
  /** Data and ledger row in one transaction; repeating it changes nothing. */
  mergeBatch(request: MergeRequest, signal: AbortSignal): Promise<MergeOutcome>;
  /** Closes the run's `sync_runs` row. Idempotent; a later close counts, since a history that was reset may finish what had failed. */
  closeRun(request: CloseRunRequest, signal: AbortSignal): Promise<LedgerHead>;
  countRows(target: StreamTable, signal: AbortSignal): Promise<{ live: number; deleted: number } | null>;
  listRejects(
    target: StreamTable & { limit: number },
    signal: AbortSignal,
  ): Promise<{ total: number; rows: RejectRow[] }>;
  listRuns(target: StreamTable & { limit: number }, signal: AbortSignal): Promise<RunRow[]>;
  close(): Promise<void>;
}
