import type { ScheduleDescription } from '@temporalio/client';
import type { SyncMode } from '../model/plan.ts';
import { scheduledModes, type ScheduledMode } from '../model/scheduled-mode.ts';
import { scheduleId, workflowNames } from '../model/workflow-id.ts';
import { pauseNoteText } from './pause-note.ts';
import { describeSchedule, ownerOf, pauseSchedule, resumeSchedule } from './stored-schedule.ts';
import type { TemporalConnection } from './temporal-connection.ts';

export interface StreamModes {
  readonly stream: string;
  readonly modes: readonly SyncMode[];
}

export interface OwnSchedule {
  readonly mode: ScheduledMode;
  readonly stored: ScheduleDescription;
}

/** The stream's schedules of these modes that exist and are Sluice's. */
export async function readStreamSchedules(
  temporal: TemporalConnection,
  { stream, modes }: StreamModes,
): Promise<OwnSchedule[]> {
  const found = await Promise.all(
    scheduledModes
      .filter((mode) => modes.includes(mode))
      .map(async (mode) => ({ mode, stored: await describeSchedule(temporal, scheduleId(mode, stream)) })),
  );
  return found.flatMap(({ mode, stored }) => (stored === null || ownerOf(stored) === null ? [] : [{ mode, stored }]));
}

/** Returns what came of it, a line each. A schedule that is paused already keeps its note. */
export async function pauseStreamSchedules(
  temporal: TemporalConnection,
  target: StreamModes,
  note: string,
): Promise<string[]> {
  const schedules = await readStreamSchedules(temporal, target);
  const [already, running] = split(schedules, ({ stored }) => stored.state.paused);
  const paused = await Promise.all(running.map(({ stored }) => pauseSchedule(temporal, stored.scheduleId, note)));
  return [
    ...schedulesLine(
      'paused',
      target.stream,
      running.filter((_, index) => paused[index]),
    ),
    ...running
      .filter((_, index) => !paused[index])
      .map(({ stored }) => `schedule ${stored.scheduleId} is gone, and starts nothing`),
    ...already.map(({ stored }) => `schedule ${stored.scheduleId} is already ${pauseNoteText(stored.state.note)}`),
  ];
}

/** Returns what came of it, a line each; none where no schedule was paused. */
export async function resumeStreamSchedules(
  temporal: TemporalConnection,
  target: StreamModes,
  note: string,
): Promise<string[]> {
  const schedules = (await readStreamSchedules(temporal, target)).filter(({ stored }) => stored.state.paused);
  const resumed = await Promise.all(schedules.map(({ stored }) => resumeSchedule(temporal, stored.scheduleId, note)));
  return schedulesLine(
    'resumed',
    target.stream,
    schedules.filter((_, index) => resumed[index]),
  );
}

function schedulesLine(what: string, stream: string, schedules: readonly OwnSchedule[]): string[] {
  if (schedules.length === 0) return [];
  return [`${what} the schedules of ${stream}: ${schedules.map(({ mode }) => workflowNames[mode].id).join(', ')}`];
}

function split<Item>(items: readonly Item[], test: (item: Item) => boolean): [Item[], Item[]] {
  return [items.filter(test), items.filter((item) => !test(item))];
}
