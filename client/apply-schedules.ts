import { ScheduleAlreadyRunning } from '@temporalio/client';
import { CliError, reportError, type ErrorReport } from './cli-error.ts';
import type { DesiredSchedule } from './desired-schedules.ts';
import { exitCode } from './exit-code.ts';
import { lookUpEach } from './look-up-each.ts';
import { scheduleDrift, type ScheduleDrift } from './schedule-drift.ts';
import { namesInScope, type ScheduleName, type ScheduleScope } from './schedule-scope.ts';
import { createSchedule, deleteSchedule, describeSchedule, ownerOf, updateSchedule } from './stored-schedule.ts';
import type { TemporalConnection } from './temporal-connection.ts';

export type ScheduleChange = ScheduleName &
  (
    | { readonly change: 'created'; readonly desired: DesiredSchedule }
    | ({ readonly change: 'updated'; readonly desired: DesiredSchedule } & ScheduleDrift)
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
      return drift.driftCause === null
        ? { ...name, change: 'unchanged', desired }
        : { ...name, change: 'updated', desired, ...drift };
    },
  );
  return planned.filter((change) => change !== null);
}

/** A change, and what kept it from being made; null where nothing did. */
export interface TriedChange {
  readonly change: ScheduleChange;
  readonly failure: ErrorReport | null;
}

/** Tries every change, whatever became of the others. The outcomes are in the order of the changes. */
export async function carryOutAll(
  temporal: TemporalConnection,
  changes: readonly ScheduleChange[],
  note: string,
): Promise<TriedChange[]> {
  return lookUpEach(changes, async (change) => {
    try {
      await carryOut(temporal, change, note);
      return { change, failure: null };
    } catch (error) {
      const report = reportError(error);
      const named = report.message.includes(change.scheduleId);
      const message = named ? report.message : `schedule ${change.scheduleId}: ${report.message}`;
      return { change, failure: { ...report, message } };
    }
  });
}

/** Repeating it changes nothing more. Throws a usage error for a schedule that is not Sluice's. */
export async function carryOut(temporal: TemporalConnection, change: ScheduleChange, note: string): Promise<void> {
  switch (change.change) {
    case 'created':
      await createOnce(temporal, change.desired, note);
      break;
    case 'updated':
      await updateSchedule(temporal, change.desired, note);
      break;
    case 'deleted':
      await deleteSchedule(temporal, change.scheduleId);
      break;
    case 'foreign':
      throw foreignSchedule(change.scheduleId);
    case 'unchanged':
      break;
    default:
      change satisfies never;
  }
}

/** Why one that somebody else created is no business of ours. */
export function foreignSchedule(scheduleId: string): CliError {
  return new CliError(exitCode.usage, `schedule ${scheduleId} was not created by sluice, and is left alone`, {
    next: `temporal schedule delete --schedule-id ${scheduleId}, then sluice schedules apply`,
  });
}

async function createOnce(temporal: TemporalConnection, desired: DesiredSchedule, note: string): Promise<void> {
  try {
    await createSchedule(temporal, desired, note);
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    if (await isOurs(temporal, desired, note)) return;
    throw new CliError(exitCode.runFailed, `schedule ${desired.scheduleId} was created by somebody else just now`, {
      next: 'sluice schedules apply',
      cause: error,
    });
  }
}

/** Whether it is the one we asked for: an answer that came too late leaves open what came of the asking. */
async function isOurs(temporal: TemporalConnection, desired: DesiredSchedule, note: string): Promise<boolean> {
  const stored = await describeSchedule(temporal, desired.scheduleId);
  if (stored === null || ownerOf(stored) === null || stored.state.note !== note) return false;
  return scheduleDrift(desired, stored).driftCause === null;
}
