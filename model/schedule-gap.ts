import type { ScheduledMode } from './scheduled-mode.ts';
import type { ScheduleSettings } from './stream-settings.ts';

type Timing = Pick<ScheduleSettings, `${ScheduledMode}Ms` | 'calendars' | 'jitterMs'>;

const secondMs = 1_000;

/** How much later than planned runs of the mode may start, in whole seconds: never so much that two of them swap. */
export function jitterOf(schedules: Timing, mode: ScheduledMode): number {
  const plannedMs = plannedGap(schedules, mode);
  const mostMs = plannedMs === null ? 0 : Math.min(schedules.jitterMs, plannedMs / 2);
  return Math.floor(mostMs / secondMs) * secondMs;
}

/** The shortest time there can be between two scheduled starts of the mode; null where it has none. */
export function leastGapMs(schedules: Timing, mode: ScheduledMode): number | null {
  const plannedMs = plannedGap(schedules, mode);
  return plannedMs === null ? null : plannedMs - jitterOf(schedules, mode);
}

function plannedGap(schedules: Timing, mode: ScheduledMode): number | null {
  return schedules.calendars[mode]?.leastMs ?? schedules[`${mode}Ms`];
}
