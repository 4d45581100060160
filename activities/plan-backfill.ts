import { checkBackfillRequest, type BackfillRequest, type CheckedBackfill } from '../model/backfill-request.ts';
import type { ClaimResult, Destination } from '../model/destination.ts';
import { LongWait, SyncError } from '../model/errors.ts';
import type { StreamPlan } from '../model/plan.ts';
import { decideResume, type ResumeDecision } from '../model/run.ts';
import type { BackfillScope, BackfillStart, ObjectDescription } from '../model/source.ts';
import { earnedPositions } from '../model/watermark.ts';
import { buildPlan } from './build-plan.ts';
import type { ActivityDeps } from './deps.ts';
import { withBin } from './full-frontier.ts';
import { claimRun, openPlannedRun, type RunName } from './open-planned-run.ts';
import { planAdoption } from './plan-adoption.ts';
import { planDigest } from './plan-digest.ts';
import type { PlannedRun, PlanWait } from './planned-run.ts';
import { requireSameAccess } from './require-access.ts';
import { trustedNow } from './trusted-now.ts';

export interface PlanBackfillInput extends RunName, BackfillRequest {
  readonly mode: 'backfill' | 'resync';
}

/**
 * Settles what a backfill reads, takes the stream's fence, decides where to begin, and records the run. A repeat (a
 * retry, or a history reset to before it) finds the run recorded and returns how far its ledger has come.
 */
export async function planBackfill(
  deps: ActivityDeps,
  input: PlanBackfillInput,
  signal: AbortSignal,
): Promise<PlannedRun | PlanWait> {
  const settings = deps.streamSettings(input.stream);
  const { fewestPerChunk } = deps;
  const now = new Date().toISOString();
  const request = checkBackfillRequest(input, { chunkRecords: settings.chunkRecords, fewestPerChunk, now });
  const [source, destination] = await Promise.all([
    deps.source(settings.source),
    deps.destination(settings.destination),
  ]);
  try {
    if (request.adopts) {
      const { chunkRecords } = request;
      return await planAdoption(deps, { name: input, settings, source, destination, chunkRecords }, signal);
    }
    const description = await source.describeObject(settings.object, signal);
    requireCapability(input.stream, description, request.scope);
    const start = await source.planBackfill(settings.object, request.scope, signal);
    const accessNow = await source.describeAccess(settings.object, signal);
    const plan = buildPlan(settings, description);
    const claim = await claimRun(deps, { name: input, plan, destination }, signal);
    requireSameAccess(input.stream, { before: claim.state.access, now: accessNow });
    const begin = beginningOf({ input, request, description, start, plan, claim, destination });
    const { chunkRecords } = request;
    const opening = { name: input, settings, destination, plan, claim, chunkRecords, accessNow, idleRuns: 0, ...begin };
    return (await openPlannedRun(deps, opening, signal)).planned;
  } catch (error) {
    if (error instanceof LongWait) return { kind: 'wait', wait: error.wait };
    throw error;
  }
}

function beginningOf(facts: {
  input: PlanBackfillInput;
  request: CheckedBackfill;
  description: ObjectDescription;
  start: BackfillStart;
  plan: StreamPlan;
  claim: ClaimResult;
  destination: Destination;
}) {
  const { input, request, description, start, claim } = facts;
  const { scope, replaces } = request;
  const decision = resumeDecision(facts);
  if (decision.kind === 'refuse') {
    throw new SyncError('ConfigInvalid', `${input.stream}: cannot resume, ${decision.reason}`, {
      next: 'leave out --resume to begin anew',
    });
  }
  const resumed = decision.kind === 'resume' ? decision.from : null;
  const firstStartedAt = resumed?.record.firstStartedAt ?? trustedNow(start.sourceNow);
  return {
    scope: scope.kind,
    // What lies in the bin is known to be dead, and not missing: it is listed too, so that it does not count as vanished.
    startFrontier: resumed?.head.frontier ?? (replaces ? withBin(start.frontier, description) : start.frontier),
    firstStartedAt,
    startReason: decision.reason,
    estimatedRecords: recordsLeft(start.estimatedRecords, resumed?.head.totals.read ?? 0),
    positions: earnedPositions({
      scope: scope.kind,
      firstStartedAt: claim.self?.record.firstStartedAt ?? firstStartedAt,
    }),
    comparesAfter: replaces,
    resumedFrom: resumed?.record.run ?? null,
  };
}

function resumeDecision(facts: {
  request: CheckedBackfill;
  plan: StreamPlan;
  claim: ClaimResult;
  destination: Destination;
}): ResumeDecision {
  const { request, plan, claim, destination } = facts;
  if (request.replaces) return { kind: 'fresh', reason: 'a replacement of the whole stream' };
  switch (request.scope.kind) {
    case 'whole':
      return decideResume(claim.previous, planDigest(plan, destination.identity), request.resume);
    case 'limit':
      return { kind: 'fresh', reason: 'a look at the first records' };
    case 'ids':
      return { kind: 'fresh', reason: 'named records only' };
    case 'range':
      return { kind: 'fresh', reason: 'records created within a range' };
    default:
      return request.scope satisfies never;
  }
}

function requireCapability(stream: string, { object, can }: ObjectDescription, scope: BackfillScope): void {
  if (scope.kind !== 'range' || can.searchCreated) return;
  throw new SyncError('ConfigInvalid', `${stream}: ${object} cannot be searched by creation`, {
    next: 'leave out the range: the whole object is small',
  });
}

function recordsLeft(estimated: number | null, alreadyRead: number): number | null {
  return estimated === null ? null : Math.max(0, estimated - alreadyRead);
}
