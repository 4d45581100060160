import { zeroRequests, type LedgerHead } from '../model/batch.ts';
import { renamedColumns } from '../model/column.ts';
import { zeroCounts } from '../model/counts.ts';
import type { ClaimResult, Destination } from '../model/destination.ts';
import type { Frontier } from '../model/frontier.ts';
import type { Scope, StreamPlan, SyncMode } from '../model/plan.ts';
import type { Positions } from '../model/positions.ts';
import { leastGapMs } from '../model/schedule-gap.ts';
import type { StreamSettings } from '../model/stream-settings.ts';
import type { ActivityDeps } from './deps.ts';
import { planDigest } from './plan-digest.ts';
import type { PlannedRun } from './planned-run.ts';
import { sweepOtherRuns } from './stage-folders.ts';
import { uploadedRun } from './uploaded-runs.ts';

export interface RunName {
  readonly stream: string;
  readonly mode: SyncMode;
  readonly run: string;
  /** ISO, by Temporal's clock. */
  readonly runStartedAt: string;
}

/** Takes the stream's fence for the run, and removes what earlier runs of the mode left staged. */
export async function claimRun(
  deps: ActivityDeps,
  { name, plan, destination }: { name: RunName; plan: StreamPlan; destination: Destination },
  signal: AbortSignal,
): Promise<ClaimResult> {
  const claim = await destination.claimRun({ ...name, table: plan.table }, signal);
  await sweepOtherRuns({ stageRoot: deps.stageRoot, ...name });
  await destination.stages?.removeOtherRuns(uploadedRun(name, plan.table), signal);
  return claim;
}

export interface OpeningRun {
  readonly name: RunName;
  readonly settings: StreamSettings;
  readonly destination: Destination;
  readonly plan: StreamPlan;
  readonly claim: ClaimResult;
  readonly scope: Scope;
  readonly startFrontier: Frontier;
  /** By the source's clock. */
  readonly firstStartedAt: string;
  readonly startReason: string;
  readonly estimatedRecords: number | null;
  readonly chunkRecords: number;
  readonly positions: Positions | null;
  readonly comparesAfter: boolean;
  /** What the source says of the credentials' access; null for runs that flag nothing as vanished. */
  readonly accessNow: string | null;
  readonly resumedFrom: string | null;
  readonly idleRuns: number;
  /** Names the changes that waited for this run, if any did. */
  readonly heldRun?: string;
}

/**
 * Records the run and brings the table into the plan's form. A run that is recorded already (a retry, or a history that was
 * reset to before it) goes on from its ledger, by the plan it was recorded with.
 */
export async function openPlannedRun(
  deps: ActivityDeps,
  opening: OpeningRun,
  signal: AbortSignal,
): Promise<{ readonly planned: PlannedRun; readonly plan: StreamPlan }> {
  const { name, settings, destination, claim } = opening;
  const digest = planDigest(opening.plan, destination.identity);
  const self = claim.self;
  const opened = await destination.openRun(
    {
      run: name.run,
      plan: opening.plan,
      planDigest: digest,
      mode: name.mode,
      scope: opening.scope,
      startFrontier: opening.startFrontier,
      firstStartedAt: opening.firstStartedAt,
      resumedFrom: opening.resumedFrom,
      startReason: opening.startReason,
      access: opening.accessNow,
      keepsListing: opening.comparesAfter,
      idleRuns: opening.idleRuns,
    },
    signal,
  );
  const planned: PlannedRun = {
    kind: 'planned',
    scope: opening.scope,
    generation: claim.generation,
    planDigest: self?.record.planDigest ?? digest,
    firstStartedAt: self?.record.firstStartedAt ?? opening.firstStartedAt,
    resumedFrom: self === null ? opening.resumedFrom : self.record.resumedFrom,
    startReason: self === null ? opening.startReason : 'this run had already begun',
    estimatedRecords: opening.estimatedRecords,
    chunkRecords: opening.chunkRecords,
    batchesPerMerge: settings.batchesPerMerge,
    rejectLimit: settings.rejectLimit,
    renamedColumns: renamedColumns(opened.plan.columns).map(({ property, name: column }) => `${property} → ${column}`),
    addedColumns: opened.addedColumns,
    canSetSearchAttributes: deps.canSetSearchAttributes,
    positions: opening.positions,
    comparesAfter: opening.comparesAfter,
    access: { before: claim.state.access, now: opening.accessNow },
    approvalWaitMs: approvalWaitOf(settings),
    head: self?.head ?? startOf(opening.startFrontier),
    ...(opening.heldRun === undefined ? {} : { heldRun: opening.heldRun }),
  };
  return { planned, plan: opened.plan };
}

/** A full sync in place of incremental runs must not hold the next one up. */
function approvalWaitOf({ incremental, schedules, reconcile }: StreamSettings): number {
  const nextRunMs = leastGapMs(schedules, 'incremental');
  if (incremental.enabled || nextRunMs === null) return reconcile.approvalWaitMs;
  return Math.min(reconcile.approvalWaitMs, nextRunMs);
}

function startOf(frontier: Frontier): LedgerHead {
  return { sequence: 0, batchId: null, frontier, totals: zeroCounts, requests: zeroRequests };
}
