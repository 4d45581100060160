import { configSchedules } from './config-schedules.ts';
import { instantText, spanText } from './duration.ts';
import { exitCode, type ExitCode } from './exit-code.ts';
import { pauseNoteText } from './pause-note.ts';
import { readSchedules, type ScheduleStatus } from './read-schedules.ts';
import { driftText } from './schedule-text.ts';
import { openConfig, withTemporal } from './session.ts';
import { printTable } from './table.ts';
import type { VerbCall } from './verb.ts';

export async function listSchedules({ words, options, output }: VerbCall<unknown>): Promise<ExitCode> {
  const session = await openConfig(options);
  const scope = configSchedules(session, words);
  return withTemporal(session, async (temporal) => {
    const schedules = await readSchedules(temporal, scope);
    if (schedules.length === 0) output.talk('config has no schedules, and neither has Temporal');
    else output.text(printTable(columns, schedules.map(row), output));
    if (schedules.some(({ state, drift }) => state === 'notApplied' || state === 'notInConfig' || drift.length > 0)) {
      output.talk('Temporal and config differ; next: sluice schedules apply');
    }
    output.document('schedules', { schedules });
    return exitCode.done;
  });
}

const columns = [
  { title: 'schedule' },
  { title: 'every', align: 'right' },
  { title: 'next (UTC)' },
  { title: 'last (UTC)' },
  { title: 'result' },
  { title: 'skipped', align: 'right' },
  { title: 'missed', align: 'right' },
  { title: 'queued', align: 'right' },
  { title: 'state' },
] as const;

function row(schedule: ScheduleStatus): string[] {
  const { everyMs, times, nextAt, lastRun } = schedule;
  return [
    schedule.scheduleId,
    everyMs === null ? times : spanText(everyMs),
    nextAt === null ? '—' : instantText(nextAt),
    lastRun === null ? '—' : instantText(lastRun.startedAt),
    lastRun === null ? '—' : lastRun.text,
    String(schedule.skippedOverlap),
    String(schedule.missedCatchup),
    String(schedule.queued),
    stateText(schedule),
  ];
}

function stateText(schedule: ScheduleStatus): string {
  const { state, isPaused, note } = schedule;
  const words = {
    active: null,
    paused: null,
    notApplied: 'Not applied',
    notInConfig: 'Not in config',
    foreign: 'Not created by sluice',
  }[state];
  const parts = [words, isPaused ? pauseNoteText(note) : null, driftText(schedule)];
  return capitalised(parts.filter((part) => part !== null).join('; ')) || 'Active';
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
