import { ScheduleAlreadyRunning } from '@temporalio/client';
import { CliError } from './cli-error.ts';
import type { DesiredSchedule } from './desired-schedules.ts';
import { exitCode } from './exit-code.ts';
import { lookUpEach } from './look-up-each.ts';
import { scheduleDrift } from './schedule-drift.ts';
import { namesInScope, type ScheduleName, type ScheduleScope } from './schedule-scope.ts';
import { createSchedule, deleteSchedule, describeSchedule, ownerOf, updateSchedule } from './stored-schedule.ts';
import type { TemporalConnection } from './temporal-connection.ts';

export type ScheduleChange = ScheduleName &
  (
    | { readonly change: 'created'; readonly desired: DesiredSchedule }
    | { readonly change: 'updated'; readonly desired: DesiredSchedule; readonly drift: readonly string[] }
    | { readonly change: 'unchanged'; readonly desired: DesiredSchedule }
    | { readonly change: 'deleted' }
    /** Somebody else made a schedule under this id; it is left alone. */
    | { readonly change: 'foreign' }
  );

/** What has to change in Temporal for its schedules to be those of config; changes nothing. */
export async function planScheduleChanges(
  temporal: TemporalConnection,
  scope: ScheduleScope,
): Promise<ScheduleChange[]> {
  const planned = await lookUpEach(
    await namesInScope(temporal, scope),
    async (name): Promise<ScheduleChange | null> => {
      const desired = scope.desired.find(({ scheduleId: id }) => id === name.scheduleId);
      const stored = await describeSchedule(temporal, name.scheduleId);
      if (stored === null) return desired === undefined ? null : { ...name, change: 'created', desired };
      if (ownerOf(stored) === null) return desired === undefined ? null : { ...name, change: 'foreign' };
      if (desired === undefined) return { ...name, change: 'deleted' };
      const drift = scheduleDrift(desired, stored);
      return drift.length === 0
        ? { ...name, change: 'unchanged', desired }
        : { ...name, change: 'updated', desired, drift };
    },
  );
  return planned.filter((change) => change !== null);
}

/** Repeating it changes nothing more. Throws a usage error for a schedule that is not Sluice's. */
export async function carryOut(temporal: TemporalConnection, change: ScheduleChange): Promise<void> {
  switch (change.change) {
    case 'created':
      await createOnce(temporal, change.desired);
      break;
    case 'updated':
      await updateSchedule(temporal, change.desired);
      break;
    case 'deleted':
      await deleteSchedule(temporal, change.scheduleId);
      break;
    case 'foreign':
      throw new CliError(exitCode.usage, `schedule ${change.scheduleId} was not created by sluice, and is left alone`, {
        next: `temporal schedule delete --schedule-id ${change.scheduleId}, then sluice schedules apply`,
      });
    case 'unchanged':
      break;
    default:
      change satisfies never;
  }
}

async function createOnce(temporal: TemporalConnection, desired: DesiredSchedule): Promise<void> {
  try {
    await createSchedule(temporal, desired);
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    throw new CliError(exitCode.runFailed, `schedule ${desired.scheduleId} was created by somebody else just now`, {
      next: 'sluice schedules apply',
      cause: error,
    });
  }
}
