import { workflowNames } from '../model/workflow-id.ts';
import { syncModes, type SyncMode } from '../model/plan.ts';
import { countText } from './count-text.ts';
import { instantText, spanText, untilText } from './duration.ts';
import { runNoun } from './mode-words.ts';
import type { ModeStatus } from './mode-status.ts';
import { pauseNoteText } from './pause-note.ts';
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
    if (schedules.length === 0 && runs.every(({ mode }) => mode === 'backfill')) return [headline];
    return [headline, ...modeRows(status, now), ['  positions', '', '', '', positionsText(status, now)]];
  });
}

/** A stream that is held must not look as if it were kept in step. */
function headlineText(status: StreamStatus): string {
  const { mode, schedules } = status;
  const text = mode === null || mode === 'backfill' ? stateText(status) : `${stateText(status)} (${runNoun[mode]})`;
  const isHeld = schedules.length > 0 && schedules.every(({ isPaused }) => isPaused);
  return isHeld ? `${text}; schedules ${pauseNoteText(schedules[0]?.note)}` : text;
}

function modeRows({ stream, runs, schedules }: StreamStatus, now: Date): string[][] {
  return syncModes.flatMap((mode) => {
    const run = runs.find((each) => each.mode === mode) ?? null;
    const schedule = schedules.find((each) => each.mode === mode) ?? null;
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
    schedule === null ? null : scheduleText(schedule, now),
  ];
  return [
    `  ${workflowNames[mode].id}`,
    '',
    run === null ? '—' : rejectsText(run),
    run === null ? '—' : lastRunText(run),
    parts.filter((part) => part !== null).join('; '),
  ];
}

function scheduleText({ isPaused, note, nextAt }: StreamSchedule, now: Date): string | null {
  if (isPaused) return `schedule ${pauseNoteText(note)}`;
  return nextAt === null ? null : `next run ${untilText(nextAt, now)}`;
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
