/** What goes in and out of the workflows: shared by the workflows, the client and the tests, so that no name can differ. */
import { defineSearchAttributeKey } from '@temporalio/common';
import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { PlannedBackfill } from '../activities/plan-backfill.ts';
import type { LedgerHead, RequestCounts } from '../model/batch.ts';
import type { Counts } from '../model/counts.ts';
import type { WaitReason } from '../model/errors.ts';
import type { Scope } from '../model/plan.ts';
import type { ResumePolicy } from '../model/run.ts';

export const backfillType = 'backfill';
export const inspectType = 'inspect';

/** Only `stream` is required, so that anyone can start a backfill from the Temporal UI. */
export interface BackfillInput {
  /** `pipeline.stream`, as in the config. */
  readonly stream: string;
  /** Read only the first N records by id, for a look; touches neither watermark nor resume point. */
  readonly limit?: number;
  /** Read only these record ids, at most 1,000; touches neither watermark nor resume point. */
  readonly ids?: readonly string[];
  /** Records per chunk; 20,000–50,000, or fewer together with `limit`. Default: the config's. */
  readonly chunkRecords?: number;
  /** Default `auto`: go on from a failed or lost backfill if nothing about the plan changed. */
  readonly resume?: ResumePolicy;
  /** Set by the workflow itself when it continues as new; never by a person. */
  readonly continued?: ContinuedBackfill;
}

/** All that a backfill carries over continue-as-new. */
export interface ContinuedBackfill {
  readonly run: BackfillRun;
  readonly head: LedgerHead;
  readonly paused: PauseNote | null;
}

/** What planning settled for the whole run. */
export interface BackfillRun extends Omit<PlannedBackfill, 'kind' | 'head' | 'renamedColumns'> {
  readonly run: string;
  readonly stream: string;
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

export type BackfillPhase = 'planning' | 'running' | 'pausing' | 'paused' | 'waiting' | 'done' | 'cancelled' | 'failed';

export interface BackfillProgress {
  readonly stream: string;
  readonly run: string;
  readonly phase: BackfillPhase;
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
}

export interface BackfillResult {
  readonly stream: string;
  readonly run: string;
  readonly scope: Scope;
  readonly startReason: string;
  readonly batches: number;
  readonly totals: Counts;
  readonly requests: RequestCounts;
  /** Rows in the table when the run ended. */
  readonly rows: { readonly live: number; readonly deleted: number };
  /** Ids asked for that the source did not give: archived, merged away, or never there. 0 for other scopes. */
  readonly missingIds: number;
  /** What the watermark was raised to; null where the scope earns none. */
  readonly watermark: string | null;
}

export const pauseSignal = defineSignal<[PauseArgs?]>('pause');
export const resumeSignal = defineSignal<[PauseArgs?]>('resume');
export const progressQuery = defineQuery<BackfillProgress>('progress');

export const syncPipeline = defineSearchAttributeKey('SyncPipeline', 'KEYWORD');
export const syncStream = defineSearchAttributeKey('SyncStream', 'KEYWORD');
export const syncMode = defineSearchAttributeKey('SyncMode', 'KEYWORD');
export const syncPhase = defineSearchAttributeKey('SyncPhase', 'KEYWORD');
export const searchAttributeNames = ['SyncPipeline', 'SyncStream', 'SyncMode', 'SyncPhase'] as const;
