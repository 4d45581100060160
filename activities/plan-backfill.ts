import type { LedgerHead } from '../model/batch.ts';
import { checkBackfillRequest, type BackfillRequest } from '../model/backfill-request.ts';
import { renamedColumns } from '../model/column.ts';
import { zeroCounts } from '../model/counts.ts';
import { LongWait, SyncError, type WaitReason } from '../model/errors.ts';
import { zeroRequests } from '../model/batch.ts';
import type { Scope } from '../model/plan.ts';
import { decideResume, type ResumeDecision } from '../model/run.ts';
import { buildPlan } from './build-plan.ts';
import type { ActivityDeps } from './deps.ts';
import { planDigest } from './plan-digest.ts';
import { sweepOtherRuns } from './stage-folders.ts';

export interface PlanBackfillInput extends BackfillRequest {
  readonly stream: string;
  readonly run: string;
  readonly runStartedAt: string;
}

export interface PlannedBackfill {
  readonly kind: 'planned';
  readonly scope: Scope;
  readonly generation: number;
  readonly planDigest: string;
  readonly firstStartedAt: string;
  readonly resumedFrom: string | null;
  readonly startReason: string;
  readonly estimatedRecords: number | null;
  readonly chunkRecords: number;
  readonly rejectLimit: number;
  /** Columns that are not called as their property, as `property → column`. */
  readonly renamedColumns: readonly string[];
  readonly canSetSearchAttributes: boolean;
  readonly head: LedgerHead;
}

export type PlanBackfillResult = PlannedBackfill | { readonly kind: 'wait'; readonly wait: WaitReason };

/**
 * Settles what a backfill reads, takes the stream's fence, decides where to begin, and records the run. A repeat (a
 * retry, or a history reset to before it) finds the run recorded and returns how far its ledger has come.
 */
export async function planBackfill(
  deps: ActivityDeps,
  input: PlanBackfillInput,
  signal: AbortSignal,
): Promise<PlanBackfillResult> {
  const settings = deps.streamSettings(input.stream);
  const { scope, chunkRecords, resume } = checkBackfillRequest(input, {
    chunkRecords: settings.chunkRecords,
    fewestPerChunk: deps.fewestPerChunk,
  });
  const [source, destination] = await Promise.all([
    deps.source(settings.source),
    deps.destination(settings.destination),
  ]);
  try {
    const start = await source.planBackfill(settings.object, scope, signal);
    const plan = buildPlan(settings, await source.describeObject(settings.object, signal));
    const digest = planDigest(plan, destination.identity);
    const { run, stream } = input;

    const claim = await destination.claimRun(
      { stream, table: plan.table, run, mode: 'backfill', runStartedAt: input.runStartedAt },
      signal,
    );
    await sweepOtherRuns({ stageRoot: deps.stageRoot, stream, mode: 'backfill', run });

    const common = {
      kind: 'planned' as const,
      scope: scope.kind,
      generation: claim.generation,
      chunkRecords,
      rejectLimit: settings.rejectLimit,
      renamedColumns: renamedColumns(plan.columns).map(({ property, name }) => `${property} → ${name}`),
      canSetSearchAttributes: deps.canSetSearchAttributes,
    };
    if (claim.self !== null) {
      const { record, head } = claim.self;
      return {
        ...common,
        planDigest: record.planDigest,
        firstStartedAt: record.firstStartedAt,
        resumedFrom: record.resumedFrom,
        startReason: 'this run had already begun',
        estimatedRecords: start.estimatedRecords,
        head,
      };
    }

    const decision: ResumeDecision =
      scope.kind === 'whole'
        ? decideResume(claim.previous, digest, resume)
        : { kind: 'fresh', reason: scope.kind === 'limit' ? 'a look at the first records' : 'named records only' };
    if (decision.kind === 'refuse') {
      throw new SyncError('ConfigInvalid', `${stream}: cannot resume, ${decision.reason}`, {
        next: 'leave out --resume to begin anew',
      });
    }
    const resumed = decision.kind === 'resume' ? decision.from : null;
    const startFrontier = resumed?.head.frontier ?? start.frontier;
    const firstStartedAt = resumed?.record.firstStartedAt ?? start.sourceNow;
    const resumedFrom = resumed?.record.run ?? null;
    await destination.openRun(
      {
        run,
        plan,
        planDigest: digest,
        mode: 'backfill',
        scope: scope.kind,
        startFrontier,
        firstStartedAt,
        resumedFrom,
        startReason: decision.reason,
      },
      signal,
    );
    return {
      ...common,
      planDigest: digest,
      firstStartedAt,
      resumedFrom,
      startReason: decision.reason,
      estimatedRecords: recordsLeft(start.estimatedRecords, resumed?.head.totals.read ?? 0),
      head: { sequence: 0, batchId: null, frontier: startFrontier, totals: zeroCounts, requests: zeroRequests },
    };
  } catch (error) {
    if (error instanceof LongWait) return { kind: 'wait', wait: error.wait };
    throw error;
  }
}

function recordsLeft(estimated: number | null, alreadyRead: number): number | null {
  return estimated === null ? null : Math.max(0, estimated - alreadyRead);
}
