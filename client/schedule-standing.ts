import type { ScheduleDescription } from '@temporalio/client';
import type { DesiredSchedule } from './desired-schedules.ts';
import { noDrift, scheduleDrift, type ScheduleDrift } from './schedule-drift.ts';
import { storedTimesText, timesText } from './schedule-times.ts';
import { ownerOf } from './stored-schedule.ts';

export type ScheduleState = 'active' | 'paused' | 'notApplied' | 'notInConfig' | 'foreign';

/** What config wants of a schedule, and how it stands in Temporal. */
export interface ScheduleStanding extends ScheduleDrift {
  readonly state: ScheduleState;
  readonly isPaused: boolean;
  /** Of the one who paused it. */
  readonly note: string | null;
  /** Null where it has other times than one interval. */
  readonly everyMs: number | null;
  /** When it runs, in words. */
  readonly times: string;
  /** ISO; null where no run is due. */
  readonly nextAt: string | null;
  /** Runs left out because the one before was still running, and because Temporal was out of reach, since it was created. */
  readonly skippedOverlap: number;
  readonly missedCatchup: number;
  /** Runs that begin once the one under way has ended. */
  readonly queued: number;
}

/** Undefined for what config wants is to say that it cannot be known. Null where there is nothing to tell of. */
export function scheduleStanding(
  desired: DesiredSchedule | null | undefined,
  stored: ScheduleDescription | null,
): ScheduleStanding | null {
  if (stored === null) return desired === null || desired === undefined ? null : notApplied(desired);
  const isForeign = ownerOf(stored) === null;
  if (isForeign && !desired) return null;
  const { state, info, spec } = stored;
  const usual = state.paused ? 'paused' : 'active';
  return {
    state: isForeign ? 'foreign' : desired === null ? 'notInConfig' : usual,
    isPaused: state.paused,
    note: state.paused ? (state.note ?? null) : null,
    ...(!desired || isForeign ? noDrift : scheduleDrift(desired, stored)),
    everyMs: intervalOf(stored),
    times: storedTimesText(spec),
    nextAt: state.paused ? null : (info.nextActionTimes[0]?.toISOString() ?? null),
    skippedOverlap: info.numActionsSkippedOverlap,
    missedCatchup: info.numActionsMissedCatchupWindow,
    queued: Number(stored.raw.info?.bufferSize ?? 0),
  };
}

function notApplied({ times }: DesiredSchedule): ScheduleStanding {
  return {
    state: 'notApplied',
    isPaused: false,
    note: null,
    ...noDrift,
    everyMs: times.kind === 'interval' ? times.everyMs : null,
    times: timesText(times),
    nextAt: null,
    skippedOverlap: 0,
    missedCatchup: 0,
    queued: 0,
  };
}

function intervalOf({ spec }: ScheduleDescription): number | null {
  const [interval, ...others] = spec.intervals ?? [];
  const isAll = others.length === 0 && (spec.calendars ?? []).length === 0;
  return interval !== undefined && isAll ? interval.every : null;
}
