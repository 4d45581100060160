import { lastScheduledRun, type ScheduledRun } from './last-scheduled-run.ts';
import { lookUpEach } from './look-up-each.ts';
import { namesInScope, type ScheduleName, type ScheduleScope } from './schedule-scope.ts';
import { scheduleStanding, type ScheduleStanding } from './schedule-standing.ts';
import { describeSchedule, ownerOf } from './stored-schedule.ts';
import type { TemporalConnection } from './temporal-connection.ts';

/** A schedule as a person sees it: what config wants, what Temporal has, and what came of it. */
export interface ScheduleStatus extends ScheduleName, ScheduleStanding {
  readonly lastRun: ScheduledRun | null;
}

/** Every schedule of the scope that config wants or Temporal has. */
export async function readSchedules(temporal: TemporalConnection, scope: ScheduleScope): Promise<ScheduleStatus[]> {
  const read = await lookUpEach(await namesInScope(temporal, scope), async (name): Promise<ScheduleStatus | null> => {
    const desired = scope.desired.find(({ scheduleId }) => scheduleId === name.scheduleId) ?? null;
    const stored = await describeSchedule(temporal, name.scheduleId);
    const standing = scheduleStanding(desired, stored);
    if (standing === null) return null;
    const isOurs = stored !== null && ownerOf(stored) !== null;
    return { ...name, ...standing, lastRun: isOurs ? await lastScheduledRun(temporal, name, stored) : null };
  });
  return read.filter((status) => status !== null);
}
