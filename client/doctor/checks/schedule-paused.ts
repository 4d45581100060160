import { pauseNoteText } from '../../pause-note.ts';
import type { ScheduleStatus } from '../../read-schedules.ts';
import { warning, type DoctorFinding } from '../doctor-finding.ts';

/** Somebody meant it at the time; whether it is still meant, only a person knows. */
export function judgePausedSchedule({ scheduleId, stream, state, note }: ScheduleStatus): DoctorFinding[] {
  if (state !== 'paused') return [];
  return [warning('schedule-paused', scheduleId, pauseNoteText(note), { mend: `sluice resume ${stream}` })];
}
