import { leastGapIn } from '../model/cron-gaps.ts';
import { defaultWindows } from '../model/positions.ts';
import { leastGapMs } from '../model/schedule-gap.ts';
import { scheduledModes, type ScheduledMode } from '../model/scheduled-mode.ts';
import type { ScheduleCalendar, ScheduleSettings, StreamSettings } from '../model/stream-settings.ts';
import type { ConfigPath, Problem } from './problem.ts';
import type { ScheduleTime } from './schedule-time.ts';
import type { SyncOptions, SyncSection } from './sync-options.ts';

/** What one place of the config says of a stream. */
export interface SyncLayer {
  /** Of the stream, the pipeline, or the file. */
  readonly path: ConfigPath;
  readonly options: SyncOptions;
}

type SyncSettings = Pick<StreamSettings, 'incremental' | 'reconcile' | 'schedules' | 'freshnessMs'>;

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const usualApprovalWaitMs = 20 * hourMs;
const leastFreshnessMs = 10 * minuteMs;

export interface SyncSurroundings {
  /** What the environment says of that switch, which wins; null where it says nothing. */
  readonly incrementalEnabled: boolean | null;
  /** How long changes may wait staged; 0 where they do not. */
  readonly applyIntervalMs: number;
}

/** A stream's settings from what is said for it, for its pipeline and for all, nearest first. */
export function settleSync(
  layers: readonly SyncLayer[],
  { incrementalEnabled, applyIntervalMs }: SyncSurroundings,
): { readonly value: SyncSettings; readonly problems: readonly Problem[] } {
  const said = <Section extends SyncSection>(section: Section): NonNullable<SyncOptions[Section]> =>
    Object.assign({}, ...layers.map(({ options }) => options[section] ?? {}).reverse());

  const incremental = said('incremental');
  const reconcile = said('reconcile');
  const schedules = settleSchedules(said('schedules'));
  const longestWaitMs = approvalRoom(leastGapMs(schedules, 'reconcile'));
  const freshness = layers.find(({ options }) => options.freshness !== undefined)?.options.freshness;
  const value = {
    incremental: {
      enabled: incrementalEnabled ?? incremental.enabled ?? true,
      windows: {
        overlapMs: incremental.overlap ?? defaultWindows.overlapMs,
        horizonMs: incremental.horizon ?? defaultWindows.horizonMs,
        settledEveryMs: incremental.settledEvery ?? defaultWindows.settledEveryMs,
      },
      neverBackfilled: incremental.neverBackfilled ?? 'wait',
    },
    reconcile: {
      refreshCalculated: reconcile.refreshCalculated ?? true,
      earliestMs: reconcile.earliest ?? hourMs,
      latestMs: reconcile.latest ?? 3 * dayMs,
      approvalWaitMs: reconcile.approvalWait ?? Math.min(usualApprovalWaitMs, longestWaitMs),
    },
    schedules,
    freshnessMs: freshness === undefined ? usualFreshness(schedules.incrementalMs, applyIntervalMs) : freshness,
  } satisfies SyncSettings;
  const problems = [
    ...(value.reconcile.approvalWaitMs > longestWaitMs ? [waitTooLong(layers, schedules)] : []),
    ...(isTooFresh(value, applyIntervalMs) ? [tooFresh(layers, applyIntervalMs)] : []),
  ];
  return { value, problems };
}

const usualTimes = { incremental: 2 * minuteMs, softDelete: 6 * hourMs, reconcile: dayMs };

function settleSchedules(said: NonNullable<SyncOptions['schedules']>): ScheduleSettings {
  const { timezone = 'UTC', jitter = 0, ...times } = { ...usualTimes, ...said };
  const calendars = scheduledModes.flatMap((mode): [ScheduledMode, ScheduleCalendar][] => {
    const time = times[mode];
    if (time === null || typeof time === 'number') return [];
    return [[mode, { cron: time.cron, leastMs: leastGapIn(timezone, time.leastMs) }]];
  });
  return {
    incrementalMs: longestMs(times.incremental),
    softDeleteMs: longestMs(times.softDelete),
    reconcileMs: longestMs(times.reconcile),
    calendars: Object.fromEntries(calendars),
    timezone,
    jitterMs: jitter,
  };
}

function longestMs(time: ScheduleTime): number | null {
  return time === null || typeof time === 'number' ? time : time.mostMs;
}

/** A run that is late once is no news, and neither is a deploy. Null where nothing runs by itself. */
function usualFreshness(incrementalMs: number | null, applyIntervalMs: number): number | null {
  return incrementalMs === null ? null : Math.max(leastFreshnessMs, 3 * incrementalMs + applyIntervalMs);
}

/** An approval has to come before the next run, whose comparison replaces the one to be approved. */
function approvalRoom(gapMs: number | null): number {
  return gapMs === null ? Infinity : gapMs - Math.min(minuteMs, gapMs / 2);
}

/** A stream would be stale between any two of its runs that merge. */
function isTooFresh({ freshnessMs, schedules: { incrementalMs } }: SyncSettings, applyIntervalMs: number): boolean {
  return freshnessMs !== null && incrementalMs !== null && freshnessMs <= incrementalMs + applyIntervalMs;
}

function tooFresh(layers: readonly SyncLayer[], applyIntervalMs: number): Problem {
  const layer = layers.find(({ options }) => options.freshness !== undefined)!;
  const together = applyIntervalMs === 0 ? '' : ' and apply.interval together';
  return { path: [...layer.path, 'freshness'], text: `must be longer than schedules.incremental${together}` };
}

/** Told where the nearer of the two that do not fit stands. */
function waitTooLong(layers: readonly SyncLayer[], schedules: ScheduleSettings): Problem {
  const saysWait = ({ options }: SyncLayer): boolean => options.reconcile?.approvalWait !== undefined;
  const saysWhen = ({ options }: SyncLayer): boolean =>
    options.schedules?.reconcile !== undefined || options.schedules?.jitter !== undefined;
  const layer = layers.find((each) => saysWait(each) || saysWhen(each))!;
  const isPlain = schedules.calendars.reconcile === undefined && schedules.jitterMs === 0;
  const gap = isPlain ? 'schedules.reconcile' : 'the shortest time between two of schedules.reconcile';
  return saysWait(layer)
    ? {
        path: [...layer.path, 'reconcile', 'approvalWait'],
        text: `must end before the next scheduled run: a minute less than ${gap} at most`,
      }
    : {
        path: [...layer.path, 'schedules', layer.options.schedules?.reconcile === undefined ? 'jitter' : 'reconcile'],
        text: 'must leave room for reconcile.approvalWait: a minute more than that at least',
      };
}
