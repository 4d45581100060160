/** What goes in and out of the workflows: shared by the workflows, the client and the tests, so that no name can differ. */
import { defineSearchAttributeKey } from '@temporalio/common';
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { CallReconcileResult } from '../activities/call-reconcile.ts';
import type { PlannedRun } from '../activities/planned-run.ts';
import type { LedgerHead, RequestCounts } from '../model/batch.ts';
import type { Differences } from '../model/comparison.ts';
import type { CountHistory } from '../model/count-check.ts';
import type { Counts } from '../model/counts.ts';
import type { WaitReason } from '../model/errors.ts';
import type { HeldChanges } from '../model/held-changes.ts';
import type { Scope, SyncMode } from '../model/plan.ts';
import type { Positions } from '../model/positions.ts';
import type { ResumePolicy } from '../model/run.ts';

export const inspectType = 'inspect';
export const mendType = 'mend';
export const resetType = 'reset';

/** Only `stream` is required, so that anyone can start a backfill from the Temporal UI. */
export interface BackfillInput {
  /** `pipeline.stream`, as in the config. */
  readonly stream: string;
  /** Read only the first N records by id, for a look; touches neither watermark nor resume point. */
  readonly limit?: number;
  /** Read only these record ids, at most 1,000; touches neither watermark nor resume point. */
  readonly ids?: readonly string[];
  /** Read only records created from this ISO instant on; touches neither watermark nor resume point. */
  readonly createdAfter?: string;
  /** Read only records created up to this ISO instant; touches neither watermark nor resume point. */
  readonly createdBefore?: string;
  /** Read everything, then flag what is in the table and was not read. Always begins anew. */
  readonly replace?: boolean;
  /** Take over a table that another tool has filled: reads nothing, and calls a reconciliation. */
  readonly adopt?: boolean;
  /** Records per chunk; 20,000–50,000, or fewer together with `limit`. Default: the config's. */
  readonly chunkRecords?: number;
  /** Default `auto`: go on from a failed or lost backfill if nothing about the plan changed. */
  readonly resume?: ResumePolicy;
  /** Set by the workflow itself when it continues as new; never by a person. */
  readonly continued?: ContinuedRun;
}

export interface IncrementalInput {
  readonly stream: string;
  /** Read the whole stream once instead of its changes. */
  readonly forceFullSync?: boolean;
  readonly continued?: ContinuedIncremental;
}

export interface SoftDeleteInput {
  readonly stream: string;
  readonly continued?: ContinuedRun;
}

export interface ReconcileInput {
  readonly stream: string;
  /** Set by the schedule: the run may be left out while counts fit (`reconcile.latest` in config). */
  readonly mayStretch?: boolean;
  readonly continued?: ContinuedRun;
}

export interface ResyncInput {
  readonly stream: string;
  /** Records to read again, at most 1,000. Those the source no longer has become tombstones. */
  readonly ids: readonly string[];
  readonly continued?: ContinuedRun;
}

export interface ResetInput {
  readonly stream: string;
  readonly tableRows: 'keep' | 'drop';
}

export interface ResetResult {
  readonly stream: string;
  readonly generation: number;
}

/** What is settled for the whole run. */
export interface SettledRun extends Omit<PlannedRun, 'kind' | 'head'> {
  readonly mode: SyncMode;
  readonly run: string;
  readonly stream: string;
  /** Where the activities run; null for the workflow's own queue. */
  readonly taskQueue: string | null;
}

/** All that a run carries over continue-as-new. */
export interface ContinuedRun {
  readonly run: SettledRun;
  readonly head: LedgerHead;
  readonly paused: PauseNote | null;
  readonly vanished: VanishedProgress | null;
}

export interface ContinuedIncremental extends ContinuedRun {
  readonly incremental: BegunIncremental;
}

/** What the beginning of an incremental run settled, beside the run itself. */
export interface BegunIncremental {
  readonly positions: Positions;
  readonly text: string;
  readonly sourceRecords: number | null;
  readonly sourceNow: string;
  readonly counts: CountHistory;
  readonly earliestReconcileMs: number;
}

export interface PauseNote {
  readonly at: string;
  readonly by: string | null;
  readonly note: string | null;
}

export interface PauseArgs {
  readonly by?: string;
  readonly note?: string;
}

export type SyncPhase =
  'planning' | 'running' | 'pausing' | 'paused' | 'waiting' | 'needs approval' | 'done' | 'cancelled' | 'failed';

/** What a running run is at: most modes only read. */
export type SyncStep = 'reading' | 'listing' | 'comparing' | 'repairing' | 'flagging';

/** The answer to the `progress` query, of every mode. */
export interface SyncProgress {
  readonly mode: SyncMode;
  readonly stream: string;
  readonly run: string;
  readonly phase: SyncPhase;
  readonly step: SyncStep;
  readonly scope: Scope | null;
  readonly startReason: string | null;
  readonly startedAt: string;
  readonly estimatedRecords: number | null;
  readonly chunkRecords: number | null;
  /** Committed batches of this run, all executions. */
  readonly batches: number;
  /** Batches staged and not merged yet. */
  readonly stagedBatches: number;
  /** Records staged and not merged yet. */
  readonly stagedRecords: number;
  readonly totals: Counts;
  readonly requests: RequestCounts;
  readonly wait: WaitReason | null;
  readonly paused: PauseNote | null;
  /** What a comparison found; null before it, and for modes without one. */
  readonly differences: Differences | null;
  readonly approval: PendingApproval | null;
}

/** Vanished rows that nobody flags until a person has looked. */
export interface PendingApproval {
  readonly run: string;
  /** Names the ids concerned; an approval has to name the same. */
  readonly digest: string;
  readonly vanished: number;
  readonly liveRows: number;
  readonly reason: string;
  /** ISO; the run then ends and flags nothing. */
  readonly until: string;
}

export type ApprovalState = 'notNeeded' | 'pending' | 'approved' | 'lapsed';

/** What became of vanished rows so far. */
export interface VanishedProgress {
  readonly differences: Differences;
  readonly liveRows: number;
  /** Names the vanished ids; null where there are none. */
  readonly digest: string | null;
  readonly approval: ApprovalState;
  readonly pending: PendingApproval | null;
}

export interface ApproveArgs {
  /** Of the pending approval; another one is refused. */
  readonly run: string;
  readonly digest: string;
  readonly by?: string;
}

/** A run's end, of every mode. */
export interface SyncResult {
  readonly mode: SyncMode;
  readonly stream: string;
  readonly run: string;
  readonly scope: Scope;
  readonly startReason: string;
  readonly batches: number;
  readonly totals: Counts;
  readonly requests: RequestCounts;
  /** Rows in the table when the run ended; null where the destination was not opened. */
  readonly rows: { readonly live: number; readonly deleted: number } | null;
  /** Columns added to the table by this run: rows that did not change show NULL there until they are reconciled. */
  readonly addedColumns: readonly string[];
}

export interface BackfillResult extends SyncResult {
  /** Ids asked for that the source did not give: archived, merged away, or never there. 0 for other scopes. */
  readonly missingIds: number;
  /** What the watermark was raised to; null where the scope earns none. */
  readonly watermark: string | null;
  /** Null unless it replaced. */
  readonly vanished: VanishedProgress | null;
  /** Whether it adopted a table, and what became of the call of a reconciliation. */
  readonly adopted?: { readonly reconcile: CallReconcileResult['kind'] | 'failed' };
}

export interface ReconcileResult extends SyncResult {
  /** Null where the run was left out because counts fit, or because there is nothing to compare. */
  readonly vanished: VanishedProgress | null;
  /** Whether a backfill has to come first: nothing was read. */
  readonly needsBackfill?: true;
}

export type IncrementalOutcome =
  /** No change: nothing was written, and no destination opened. */
  | 'idle'
  | 'changed'
  /** What was found waits, staged, for a later run to merge it (`apply.interval`): nothing was written, and no destination opened. */
  | 'staged'
  /** The stream was never backfilled: nothing was read. */
  | 'needsBackfill'
  /** The whole stream was read in its place; `full` tells of it. */
  | 'fullSync';

export interface IncrementalResult extends SyncResult {
  readonly outcome: IncrementalOutcome;
  /** `Performing incremental sync from … to …`, or why it was something else. */
  readonly text: string;
  readonly full: BackfillResult | null;
  /** Whether the count check called a reconciliation. */
  readonly calledReconcile: boolean;
  /** For the schedule's next run, which reads no ledger for it. */
  readonly next: IncrementalCache | null;
}

/** What one incremental run leaves to the next. */
export interface IncrementalCache {
  readonly generation: number;
  /** As the ledger had them; where it no longer does, the cache is void. */
  readonly ledgerPositions: Positions;
  /** Beyond the ledger's where idle runs have gone on. */
  readonly positions: Positions;
  readonly liveRows: number | null;
  readonly idleRuns: number;
  readonly counts: CountHistory;
  /** ISO, by the source's clock: when the run looked. Absent where an earlier release left it, like the next. */
  readonly lookedAt?: string;
  /** Changes that wait to be merged, from `positions` on. */
  readonly held?: HeldChanges;
}

export const pauseSignal = defineSignal<[PauseArgs?]>('pause');
export const resumeSignal = defineSignal<[PauseArgs?]>('resume');
/** To an incremental run: what it and the runs before it hold is to be merged now. */
export const applySignal = defineSignal('apply');
export const progressQuery = defineQuery<SyncProgress>('progress');
export const approveDeletesUpdate = defineUpdate<PendingApproval, [ApproveArgs]>('approveDeletes');

export const syncPipeline = defineSearchAttributeKey('SyncPipeline', 'KEYWORD');
export const syncStream = defineSearchAttributeKey('SyncStream', 'KEYWORD');
export const syncMode = defineSearchAttributeKey('SyncMode', 'KEYWORD');
export const syncPhase = defineSearchAttributeKey('SyncPhase', 'KEYWORD');
export const searchAttributeNames = ['SyncPipeline', 'SyncStream', 'SyncMode', 'SyncPhase'] as const;
