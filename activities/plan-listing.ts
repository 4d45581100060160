import { mayStretch } from '../model/count-check.ts';
import { LongWait } from '../model/errors.ts';
import type { StreamState } from '../model/destination.ts';
import type { StreamPlan } from '../model/plan.ts';
import type { RecordCount } from '../model/source.ts';
import type { StreamSettings } from '../model/stream-settings.ts';
import { syncWorkflowId } from '../model/workflow-id.ts';
import { buildPlan, withListedColumns } from './build-plan.ts';
import { countRecords } from './count-records.ts';
import type { ActivityDeps } from './deps.ts';
import { everythingOf, wholeBin } from './full-frontier.ts';
import { claimRun, openPlannedRun, type RunName } from './open-planned-run.ts';
import type { PlannedRun, PlanWait } from './planned-run.ts';
import { requireSameAccess } from './require-access.ts';
import { trustedNow } from './trusted-now.ts';

export interface PlanListingInput extends RunName {
  readonly mode: 'softDelete' | 'reconcile';
  /** Whether a reconciliation may be left out while the counts of both sides fit. */
  readonly mayStretch: boolean;
}

/** The run is left out: nothing was read, and nothing written. */
export interface LeftOut {
  readonly kind: 'leftOut';
  readonly reason: string;
  /** Whether there is nothing to compare before a backfill was made. */
  readonly needsBackfill?: true;
}

/**
 * Settles a run that lists what the source has and compares it with the table; leaves it out where there is nothing to compare.
 */
export async function planListing(
  deps: ActivityDeps,
  input: PlanListingInput,
  signal: AbortSignal,
): Promise<PlannedRun | PlanWait | LeftOut> {
  const settings = deps.streamSettings(input.stream);
  const [source, destination] = await Promise.all([
    deps.source(settings.source),
    deps.destination(settings.destination),
  ]);
  // It would take what waits for a difference.
  if (settings.hold !== null) await deps.applyHeld(input.stream, signal);
  try {
    const description = await source.describeObject(settings.object, signal);
    const state = await destination.readState({ stream: input.stream, table: settings.table }, signal);
    if (state.liveRows === null || state.backfill === 'none') {
      const reason = `${input.stream} was never backfilled: it needs a backfill first`;
      return { kind: 'leftOut', reason, needsBackfill: true };
    }
    if (input.mayStretch && (await deps.isRunning(syncWorkflowId(input.mode, input.stream)))) {
      return { kind: 'leftOut', reason: 'one that was started by hand is running, or waits for an approval' };
    }
    if (input.mode === 'softDelete' && !description.can.listArchived) {
      return {
        kind: 'leftOut',
        reason: `${description.object} has no list of archived records: reconciliation finds them`,
      };
    }
    const { object } = settings;
    const counting = { source, object, traffic: 'bulk', log: deps.log } as const;
    const count = input.mode === 'reconcile' ? await countRecords(counting, signal) : null;
    const bare = buildPlan(settings, description);
    if (
      input.mayStretch &&
      !hasUnread(bare, state) &&
      fits(settings, { ...state, liveRows: state.liveRows, count, now: description.sourceNow })
    ) {
      return { kind: 'leftOut', reason: `counts fit, and the last reconciliation (${state.reconciledAt}) is recent` };
    }
    const { refreshCalculated } = settings.reconcile;
    const compared = { columns: state.comparedColumns, refreshCalculated };
    const plan = input.mode === 'reconcile' ? withListedColumns(bare, compared) : bare;
    const accessNow = await source.describeAccess(settings.object, signal);
    if (input.mode === 'softDelete') requireSameAccess(input.stream, { before: state.access, now: accessNow });
    const claim = await claimRun(deps, { name: input, plan, destination }, signal);
    const opening = {
      name: input,
      settings,
      destination,
      plan,
      claim,
      scope: 'whole',
      startFrontier: input.mode === 'softDelete' ? wholeBin : everythingOf(description),
      firstStartedAt: trustedNow(description.sourceNow),
      startReason: input.mode === 'reconcile' ? 'compares all ids' : 'reads the bin',
      estimatedRecords: count?.records ?? null,
      chunkRecords: settings.chunkRecords,
      positions: null,
      comparesAfter: true,
      accessNow,
      resumedFrom: null,
      idleRuns: 0,
    } as const;
    return (await openPlannedRun(deps, opening, signal)).planned;
  } catch (error) {
    if (error instanceof LongWait) return { kind: 'wait', wait: error.wait };
    throw error;
  }
}

/** Whether rows still wait for the values of columns that are new or have another type, and that the contract lets in. */
function hasUnread(plan: StreamPlan, { comparedColumns: columns }: StreamState): boolean {
  return (
    plan.contract !== 'discard' &&
    withListedColumns(plan, { columns, refreshCalculated: false }).listedColumns.length > 0
  );
}

/** Whether both sides' counts say that nothing vanished or was missed since the last reconciliation. */
function fits(
  { reconcile }: StreamSettings,
  facts: { reconciledAt: string | null; liveRows: number; count: RecordCount | null; now: string },
): boolean {
  return mayStretch({ ...facts, records: facts.count?.records ?? null, latestMs: reconcile.latestMs });
}
