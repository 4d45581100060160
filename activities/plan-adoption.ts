import type { Adoption } from '../model/adoption.ts';
import type { Destination } from '../model/destination.ts';
import type { StreamPlan } from '../model/plan.ts';
import type { Source } from '../model/source.ts';
import type { StreamSettings } from '../model/stream-settings.ts';
import { buildPlan } from './build-plan.ts';
import type { ActivityDeps } from './deps.ts';
import { claimRun, openPlannedRun, type RunName } from './open-planned-run.ts';
import type { PlannedRun } from './planned-run.ts';
import { requireSameAccess } from './require-access.ts';
import { trustedNow } from './trusted-now.ts';

/**
 * Makes the stream's own what another tool has brought: surveys the table before anything is changed, then opens the run, which
 * adds the columns, and adopts. Nothing is left to be read: a reconciliation repairs what differs.
 */
export async function planAdoption(
  deps: ActivityDeps,
  on: { name: RunName; settings: StreamSettings; source: Source; destination: Destination; chunkRecords: number },
  signal: AbortSignal,
): Promise<PlannedRun> {
  const { name, settings, source, destination, chunkRecords } = on;
  const description = await source.describeObject(settings.object, signal);
  const start = await source.planBackfill(settings.object, { kind: 'whole' }, signal);
  const sourceNow = trustedNow(start.sourceNow);
  const plan: StreamPlan = { ...buildPlan(settings, description), isAdopted: true };
  await destination.surveyTable({ plan, run: name.run, sourceNow }, signal);
  const accessNow = await source.describeAccess(settings.object, signal);
  const claim = await claimRun(deps, { name, plan, destination }, signal);
  requireSameAccess(name.stream, { before: claim.state.access, now: accessNow });
  const { planned, plan: opened } = await openPlannedRun(
    deps,
    {
      name,
      settings,
      destination,
      plan,
      claim,
      scope: 'whole',
      startFrontier: start.frontier,
      firstStartedAt: sourceNow,
      startReason: 'adopts the table as it is',
      estimatedRecords: null,
      chunkRecords,
      positions: null,
      comparesAfter: false,
      accessNow,
      resumedFrom: null,
      idleRuns: 0,
    },
    signal,
  );
  const { planDigest, generation, firstStartedAt } = planned;
  const { overlapMs } = settings.incremental.windows;
  const request = { run: name.run, plan: opened, planDigest, generation, firstStartedAt, overlapMs };
  const { head, positions }: Adoption = await destination.adoptTable(request, signal);
  return { ...planned, head, positions };
}
