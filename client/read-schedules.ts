import type { ScheduleDescription } from '@temporalio/client';
import { lastScheduledRun, type ScheduledRun } from './last-scheduled-run.ts';
import { lookUpEach } from './look-up-each.ts';
import { scheduleDrift } from './schedule-drift.ts';
import { namesInScope, type ScheduleName, type ScheduleScope } from './schedule-scope.ts';
import { describeSchedule, ownerOf } from './stored-schedule.ts';
import type { TemporalConnection } from './temporal-connection.ts';

export type ScheduleState = 'active' | 'paused' | 'notApplied' | 'notInConfig' | 'foreign';

/** A schedule as a person sees it: what config wants, what Temporal has, and what came of it. */
export interface ScheduleStatus extends ScheduleName {
  readonly state: ScheduleState;
  /** Of the one who paused it. */
  readonly note: string | null;
  /** What differs from config, one text each. */
  readonly drift: readonly string[];
  /** Null where it has other times than one interval. */
  readonly everyMs: number | null;
  /** ISO; null where no run is due. */
  readonly nextAt: string | null;
  readonly lastRun: ScheduledRun | null;
  /** Runs left out because the one before was still running, and because Temporal was out of reach, since it was created. */
  readonly skippedOverlap: number;
  readonly missedCatchup: number;
}

/** Every schedule of the scope that config wants or Temporal has. */
export async function readSchedules(temporal: TemporalConnection, scope: ScheduleScope): Promise<ScheduleStatus[]> {
  const read = await lookUpEach(await namesInScope(temporal, scope), async (name): Promise<ScheduleStatus | null> => {
    const desired = scope.desired.find(({ scheduleId }) => scheduleId === name.scheduleId) ?? null;
    const stored = await describeSchedule(temporal, name.scheduleId);
    if (stored === null) return desired === null ? null : { ...notApplied(name), everyMs: desired.everyMs };
    const isForeign = ownerOf(stored) === null;
    if (isForeign && desired === null) return null;
    const { state, info } = stored;
    return {
      ...name,
      state: isForeign ? 'foreign' : desired === null ? 'notInConfig' : state.paused ? 'paused' : 'active',
      note: state.paused ? (state.note ?? null) : null,
      drift: desired === null || isForeign ? [] : scheduleDrift(desired, stored),
      everyMs: intervalOf(stored),
      nextAt: state.paused ? null : (info.nextActionTimes[0]?.toISOString() ?? null),
      lastRun: await lastScheduledRun(temporal, name, stored),
      skippedOverlap: info.numActionsSkippedOverlap,
      missedCatchup: info.numActionsMissedCatchupWindow,
    };
  });
  return read.filter((status) => status !== null);
}

function notApplied(name: ScheduleName): ScheduleStatus {
  return {
    ...name,
    state: 'notApplied',
    note: null,
    drift: [],
    everyMs: null,
    nextAt: null,
    lastRun: null,
    skippedOverlap: 0,
    missedCatchup: 0,
  };
}

function intervalOf({ spec }: ScheduleDescription): number | null {
  const [interval, ...others] = spec.intervals ?? [];
  return interval !== undefined && others.length === 0 ? interval.every : null;
}
