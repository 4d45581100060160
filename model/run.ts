import type { LedgerHead } from './batch.ts';
import { isFrontierEmpty, type Frontier } from './frontier.ts';
import type { Scope, StreamPlan, SyncMode } from './plan.ts';

export type RunStatus = 'running' | 'done' | 'failed' | 'cancelled' | 'lost';

/** A run as `sync_runs` keeps it. `run` is the run id of its first execution, which continue-as-new and reset keep. */
export interface RunRecord {
  readonly run: string;
  readonly mode: SyncMode;
  readonly scope: Scope;
  readonly status: RunStatus;
  readonly planDigest: string;
  readonly startFrontier: Frontier;
  /** By the source's clock; a resumed run keeps that of the run it resumes. */
  readonly firstStartedAt: string;
  readonly resumedFrom: string | null;
}

/** A run and how far it came. */
export interface RunProgress {
  readonly record: RunRecord;
  readonly head: LedgerHead;
}

/**
 * `auto`, the default: resume what failed or was lost, under the same plan. `require`: resume, cancelled runs included, or
 * fail. `never`: begin anew.
 */
export const resumePolicies = ['auto', 'require', 'never'] as const;

export type ResumePolicy = (typeof resumePolicies)[number];

export type ResumeDecision =
  | { readonly kind: 'resume'; readonly from: RunProgress; readonly reason: string }
  | { readonly kind: 'fresh'; readonly reason: string }
  | { readonly kind: 'refuse'; readonly reason: string };

/**
 * Whether a whole-stream backfill goes on from `previous`, the stream's newest whole-stream backfill.
 * Only the same plan may be resumed: another column list or filter would leave the rows already merged incomplete.
 */
export function decideResume(previous: RunProgress | null, planDigest: string, policy: ResumePolicy): ResumeDecision {
  const fresh = (reason: string): ResumeDecision =>
    policy === 'require' ? { kind: 'refuse', reason } : { kind: 'fresh', reason };
  if (policy === 'never') return { kind: 'fresh', reason: 'asked to begin anew' };
  if (previous === null) return fresh('no earlier backfill of this stream');
  const { record, head } = previous;
  if (head.frontier.kind === 'work')
    return fresh('the last replacement had read everything, and its comparison is gone');
  if (record.status === 'done' || isFrontierEmpty(head.frontier)) return fresh('the last backfill was complete');
  if (record.status === 'cancelled' && policy !== 'require') return fresh('the last backfill was cancelled');
  if (record.planDigest !== planDigest) {
    return fresh('columns, types, key or destination changed since the last backfill');
  }
  if (head.batchId === null && record.resumedFrom === null) return fresh('the last backfill had merged nothing yet');
  return { kind: 'resume', from: previous, reason: `the last backfill ended as ${record.status}` };
}

export interface OpenRunRequest {
  readonly run: string;
  readonly plan: StreamPlan;
  readonly planDigest: string;
  readonly mode: SyncMode;
  readonly scope: Scope;
  readonly startFrontier: Frontier;
  readonly firstStartedAt: string;
  readonly resumedFrom: string | null;
  /** Totals of the run that this one resumes are not carried over; its reason is kept for `history`. */
  readonly startReason: string;
  /** What `Source.describeAccess` said; null for runs that flag nothing as vanished. */
  readonly access: string | null;
  /** Whether the run keeps a listing of the ids it reads, to compare the table with: emptied here, unless the run has already begun. */
  readonly keepsListing: boolean;
  /** Idle runs since the last one that wrote. */
  readonly idleRuns: number;
}
