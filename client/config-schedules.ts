import type { StreamName } from '../model/stream-name.ts';
import { reportError } from './cli-error.ts';
import { desiredSchedules, type DesiredSchedule } from './desired-schedules.ts';
import type { ScheduleScope } from './schedule-scope.ts';
import type { ConfigSession } from './session.ts';

/**
 * What config wants of the schedules of these streams; without names, of all of them, and of pipelines whose streams left.
 * Throws `ConfigInvalid` before anything is asked of Temporal.
 */
export function configSchedules(session: ConfigSession, names: readonly string[]): ScheduleScope {
  const streams = names.length > 0 ? session.resolveStreams(names) : session.streams;
  const settings = streams.map((stream) => session.config.stream(stream));
  return {
    streams,
    desired: settings.flatMap((stream) => desiredSchedules(stream, session.taskQueue)),
    pipelines: names.length > 0 ? [] : [...new Set(settings.map(({ pipeline }) => pipeline))],
  };
}

/** The same by stream, for a look at what there is: where config cannot be read, what it wants is left open, and that is told. */
export function wantedSchedules(
  session: ConfigSession,
  streams: readonly StreamName[],
  tell: (line: string) => void,
): ReadonlyMap<string, readonly DesiredSchedule[]> {
  const wanted = new Map<string, readonly DesiredSchedule[]>();
  const problems = new Set<string>();
  for (const stream of streams) {
    try {
      wanted.set(stream, desiredSchedules(session.config.stream(stream), session.taskQueue));
    } catch (error) {
      problems.add(reportError(error).message);
    }
  }
  for (const problem of problems) tell(`schedules are not compared with config: ${problem}`);
  return wanted;
}
