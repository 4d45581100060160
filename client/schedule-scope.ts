import { scheduledModes, type ScheduledMode } from '../model/scheduled-mode.ts';
import { scheduleId } from '../model/workflow-id.ts';
import type { DesiredSchedule } from './desired-schedules.ts';
import { listOwnSchedules } from './stored-schedule.ts';
import type { TemporalConnection } from './temporal-connection.ts';

/** Which schedules a verb is about, and what config wants of them. */
export interface ScheduleScope {
  /** Streams of the config whose schedules are looked at. */
  readonly streams: readonly string[];
  readonly desired: readonly DesiredSchedule[];
  /** Pipelines of which schedules are looked at whose stream is no longer in config. */
  readonly pipelines: readonly string[];
}

export interface ScheduleName {
  readonly scheduleId: string;
  readonly stream: string;
  readonly mode: ScheduledMode;
}

/** Every mode of the streams, since Temporal's list of schedules may trail; only the list knows what config has no more. */
export async function namesInScope(
  temporal: TemporalConnection,
  { streams, pipelines }: ScheduleScope,
): Promise<ScheduleName[]> {
  const known = streams.flatMap((stream) =>
    scheduledModes.map((mode) => ({ scheduleId: scheduleId(mode, stream), stream, mode })),
  );
  if (pipelines.length === 0) return known;
  const own = await listOwnSchedules(temporal);
  const left = own.filter(({ stream }) => !streams.includes(stream) && pipelines.includes(stream.split('.')[0]!));
  return [...known, ...left.toSorted((a, b) => a.scheduleId.localeCompare(b.scheduleId))];
}
