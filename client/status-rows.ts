import { workflowNames } from '../model/workflow-id.ts';
import { syncModes, type SyncMode } from '../model/plan.ts';
import { countText } from './count-text.ts';
import { instantText, spanText, untilText } from './duration.ts';
import { runNoun } from './mode-words.ts';
import type { ModeStatus } from './mode-status.ts';
import { pauseNoteText } from './pause-note.ts';
import { countsText, driftText } from './schedule-text.ts';
import { stateText, type RunView } from './run-view.ts';
import type { RowCounts, StreamSchedule, StreamStatus } from './stream-status.ts';

export const statusColumns = [
  { title: 'stream' },
  { title: 'rows', align: 'right' },
  { title: 'rejects', align: 'right' },
  { title: 'last run (UTC)' },
  { title: 'state' },
] as const;

/** A line for a stream that was only ever backfilled; for the others a line for each mode and one for the positions below it. */
export function statusRows(statuses: readonly StreamStatus[], counts: RowCounts, now: Date): string[][] {
  return statuses.flatMap((status) => {
    const { stream, runs, schedules } = status;
    const count = counts[stream];
    const rows = count === undefined ? '—' : count === null ? 'no table' : countText(count.live);
    const headline = [stream, rows, rejectsText(status), lastRunText(status), headlineText(status)];
    if (applied(schedules).length === 0 && runs.every(({ mode }) => mode === 'backfill')) return [headline];
    return [headline, ...modeRows(status, now), ['  positions', '', '', '', positionsText(status, now)]];
  });
}

/** A stream that is held must not look as if it were kept in step. */
function headlineText(status: StreamStatus): string {
  const { mode, schedules } = status;
  const text = mode === null || mode === 'backfill' ? stateText(status) : `${stateText(status)} (${runNoun[mode]})`;
  const known = applied(schedules);
  const isHeld = known.length > 0 && known.every(({ isPaused }) => isPaused);
  return isHeld ? `${text}; schedules ${pauseNoteText(known[0]?.note)}` : text;
}

function applied(schedules: readonly StreamSchedule[]): StreamSchedule[] {
  return schedules.filter(({ state }) => state !== 'notApplied');
}

function modeRows({ stream, runs, schedules }: StreamStatus, now: Date): string[][] {
  // Where none was ever applied, that is one fact, and not one of each mode.
  const shown = applied(schedules).length === 0 ? [] : schedules;
  return syncModes.flatMap((mode) => {
    const run = runs.find((each) => each.mode === mode) ?? null;
    const schedule = shown.find((each) => each.mode === mode) ?? null;
    return run === null && schedule === null ? [] : [modeRow({ stream, mode, run, schedule }, now)];
  });
}

interface ModeLine {
  readonly stream: string;
  readonly mode: SyncMode;
  readonly run: ModeStatus | null;
  readonly schedule: StreamSchedule | null;
}

function modeRow({ stream, mode, run, schedule }: ModeLine, now: Date): string[] {
  const parts = [
    run === null ? 'Never run' : stateText(run),
    run?.state === 'needsApproval' ? `next: sluice approve ${stream}` : null,
    ...(schedule === null ? [] : scheduleTexts(schedule, now)),
  ];
  return [
    `  ${workflowNames[mode].id}`,
    '',
    run === null ? '—' : rejectsText(run),
    run === null ? '—' : lastRunText(run),
    parts.filter((part) => part !== null).join('; '),
  ];
}

/** What a person should know of it: whether it will run, what differs from config, and what it left out so far. */
function scheduleTexts(schedule: StreamSchedule, now: Date): (string | null)[] {
  const { state, isPaused, note, nextAt } = schedule;
  if (state === 'notApplied') return ['schedule missing'];
  if (state === 'foreign') return ["schedule is not sluice's"];
  const due = nextAt === null ? null : `next run ${untilText(nextAt, now)}`;
  const drift = driftText(schedule);
  return [
    isPaused ? `schedule ${pauseNoteText(note)}` : due,
    state === 'notInConfig' ? 'schedule not in config' : drift === null ? null : `schedule ${drift}`,
    countsText(schedule),
  ];
}

/** What is amiss with the schedules of streams that ran, and the verb that mends it: a line each. */
export function scheduleWarnings(statuses: readonly StreamStatus[]): string[] {
  const ran = statuses.filter(({ runs, schedules }) => runs.length > 0 || applied(schedules).length > 0);
  const without = ran.filter(({ schedules }) => schedules.length > 0 && applied(schedules).length === 0);
  const differing = ran.filter((status) => !without.includes(status) && status.schedules.some(isAmiss));
  return [
    ...streamsLine(without, 'no schedules are applied for', 'sluice schedules apply'),
    ...streamsLine(differing, 'schedules are not those of the config for', 'sluice schedules diff'),
  ];
}

function isAmiss({ state, drift }: StreamSchedule): boolean {
  return state === 'notApplied' || state === 'notInConfig' || drift.length > 0;
}

const mostNamed = 5;

function streamsLine(statuses: readonly StreamStatus[], what: string, next: string): string[] {
  if (statuses.length === 0) return [];
  const names = statuses.slice(0, mostNamed).map(({ stream }) => stream);
  const others = statuses.length - names.length;
  return [`${what} ${names.join(', ')}${others > 0 ? ` and ${others} more` : ''}; next: ${next}`];
}

function positionsText({ positions }: StreamStatus, now: Date): string {
  if (positions === null) return 'unknown: no incremental run has ended well';
  return `fast ${behindText(positions.fast, now)}, settled ${behindText(positions.settled, now)}`;
}

/** How old the instant is, to the second for two minutes and to the minute from then on. */
function behindText(instant: string, now: Date): string {
  const lagMs = Math.max(0, now.getTime() - Date.parse(instant));
  const gridMs = lagMs < 120_000 ? 1_000 : 60_000;
  return `${untilText(instant, now)} (${spanText(Math.floor(lagMs / gridMs) * gridMs)} behind)`;
}

function rejectsText({ totals, rejects }: RunView): string {
  return totals === null ? '—' : countText(rejects);
}

function lastRunText({ startedAt, endedAt }: RunView): string {
  const at = endedAt ?? startedAt;
  return at === null ? '—' : instantText(at);
}
