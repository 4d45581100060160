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
import type { RunEnd, RunFacts } from './run-facts.ts';
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

export type RowCounts = Readonly<Record<string, { readonly live: number; readonly deleted: number } | null>>;

/** Rows per stream by the worker that holds the destinations, or the reason there is no count. */
export async function readRowCounts(
  temporal: TemporalConnection,
  taskQueue: string,
  streams: readonly string[],
): Promise<{ readonly counts: RowCounts; readonly unavailable: string | null }> {
  try {
    const { counts } = await inspect(temporal, taskQueue, { verb: 'rows', streams }, { timeoutMs: rowsWithinMs });
    return { counts, unavailable: null };
  } catch (error) {
    return { counts: {}, unavailable: reportError(error).message };
  }
}
