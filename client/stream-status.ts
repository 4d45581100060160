import { syncModes } from '../model/plan.ts';
import type { Positions } from '../model/positions.ts';
import { scheduledModes, type ScheduledMode } from '../model/scheduled-mode.ts';
import { reportError } from './cli-error.ts';
import { findSchedule } from './describe-run.ts';
import type { DesiredSchedule } from './desired-schedules.ts';
import { inspect } from './inspection.ts';
import { lookUpEach } from './look-up-each.ts';
import { headlineOf, type ModeStatus } from './mode-status.ts';
import { observeLatest } from './observe-run.ts';
import { runUrl } from './run-summary.ts';
import type { RunEnd, RunFacts, RunResult } from './run-facts.ts';
import { neverRunView, percentDone, viewRun, type RunView } from './run-view.ts';
import { scheduleStanding, type ScheduleStanding } from './schedule-standing.ts';
import { readPositions } from './stream-positions.ts';
import type { TemporalConnection } from './temporal-connection.ts';

/** The state of streams is what a person wants to see; their rows are worth this much waiting. */
const rowsWithinMs = 10_000;

/** A stream as a person sees it: the run that stands for it, then all that is known of each mode. */
export interface StreamStatus extends RunView {
  readonly percent: number | null;
  /** Names the run; null where none is known. */
  readonly run: string | null;
  readonly end: RunEnd | null;
  readonly url: string | null;
  /** The latest run of each mode that has one. */
  readonly runs: readonly ModeStatus[];
  readonly schedules: readonly StreamSchedule[];
  /** Null where no incremental run has left any. */
  readonly positions: Positions | null;
}

export interface StreamSchedule extends ScheduleStanding {
  readonly mode: ScheduledMode;
}

/** By stream, what config wants; a stream is missing where its config cannot be read. */
export type WantedSchedules = ReadonlyMap<string, readonly DesiredSchedule[]>;

/** The state of each stream, each looked up on its own: one that cannot be read says so in its row. */
export async function readStatus(
  temporal: TemporalConnection,
  streams: readonly string[],
  wanted: WantedSchedules,
): Promise<StreamStatus[]> {
  return lookUpEach(streams, (stream) => readStreamStatus(temporal, stream, wanted.get(stream)));
}

async function readStreamStatus(
  temporal: TemporalConnection,
  stream: string,
  wanted: readonly DesiredSchedule[] | undefined,
): Promise<StreamStatus> {
  const nothing = { percent: null, run: null, end: null, url: null, runs: [], schedules: [], positions: null };
  try {
    const looks = await Promise.all(
      syncModes.map(async (mode) => {
        const schedule = await findSchedule(temporal, { mode, stream });
        return { mode, schedule, facts: await observeLatest(temporal, { mode, stream }, schedule) };
      }),
    );
    const runs = looks.flatMap(({ facts }) => (facts === null ? [] : [modeStatus(temporal, facts)]));
    const incremental = runs.find(({ mode }) => mode === 'incremental') ?? null;
    return {
      ...neverRunView(stream),
      ...nothing,
      ...headlineOf(runs),
      runs,
      schedules: scheduledModes.flatMap((mode) => {
        const desired = wanted && (wanted.find((each) => each.mode === mode) ?? null);
        const standing = scheduleStanding(desired, looks.find((look) => look.mode === mode)!.schedule);
        return standing === null ? [] : [{ mode, ...standing }];
      }),
      positions: await readPositions(temporal, stream, incremental),
    };
  } catch (error) {
    return { ...neverRunView(stream), ...nothing, state: 'unreachable', why: reportError(error).message };
  }
}

function modeStatus(temporal: TemporalConnection, facts: RunFacts): ModeStatus {
  const view = viewRun(facts, new Date());
  return {
    ...view,
    mode: facts.mode,
    percent: percentDone(view),
    run: facts.run,
    end: facts.end,
    url: temporal.found.uiUrl === null ? null : runUrl(temporal.found.uiUrl, temporal.namespace, facts),
  };
}

/** `deleted` is null where only the live ones are known. Null for a stream that has no table. */
export type RowCounts = Readonly<Record<string, { readonly live: number; readonly deleted: number | null } | null>>;

/**
 * Rows per stream by the worker that holds the destinations, or the reason there is no count. Without `isExact` a stream whose
 * destination would charge for the count is missing.
 */
export async function readRowCounts(
  temporal: TemporalConnection,
  taskQueue: string,
  { streams, isExact }: { streams: readonly string[]; isExact: boolean },
): Promise<{ readonly counts: RowCounts; readonly unavailable: string | null }> {
  try {
    const asked = { verb: 'rows', streams, ...(isExact ? { exact: true } : {}) } as const;
    const { counts } = await inspect(temporal, taskQueue, asked, { timeoutMs: rowsWithinMs });
    return { counts, unavailable: null };
  } catch (error) {
    return { counts: {}, unavailable: reportError(error).message };
  }
}

/** Where rows were not counted now, as many as there were when a run of the stream last ended. */
export function withLastKnown(counts: RowCounts, statuses: readonly StreamStatus[]): RowCounts {
  const known = statuses.flatMap(({ stream, runs }) => {
    if (counts[stream] !== undefined) return [];
    const ended = runs.filter(({ endedAt }) => endedAt !== null).toSorted(byEnd);
    const rows = ended
      .map(({ end }) => (end?.kind === 'done' ? rowsOf(end.result) : null))
      .find((each) => each !== null);
    return rows === undefined ? [] : [[stream, rows] as const];
  });
  return { ...Object.fromEntries(known), ...counts };
}

function byEnd(a: ModeStatus, b: ModeStatus): number {
  return Date.parse(b.endedAt!) - Date.parse(a.endedAt!);
}

function rowsOf(result: RunResult): RowCounts[string] {
  if (result.rows !== null || result.mode !== 'incremental') return result.rows;
  if (result.full !== null) return result.full.rows;
  const live = result.next?.liveRows ?? null;
  return live === null ? null : { live, deleted: null };
}
