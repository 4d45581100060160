import { defaultWindows } from '../model/positions.ts';
import type { StreamSettings } from '../model/stream-settings.ts';
import type { ConfigPath, Problem } from './problem.ts';
import type { SyncOptions } from './sync-options.ts';

/** What one place of the config says of a stream. */
export interface SyncLayer {
  /** Of the stream, the pipeline, or the file. */
  readonly path: ConfigPath;
  readonly options: SyncOptions;
}

type SyncSettings = Pick<StreamSettings, 'incremental' | 'reconcile' | 'schedules'>;

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const usualApprovalWaitMs = 20 * hourMs;

/**
 * A stream's settings from what is said for it, for its pipeline and for all, nearest first. `incrementalEnabled` is what
 * the environment says of that switch, which wins; null where it says nothing.
 */
export function settleSync(
  layers: readonly SyncLayer[],
  incrementalEnabled: boolean | null,
): { readonly value: SyncSettings; readonly problems: readonly Problem[] } {
  const said = <Section extends keyof SyncOptions>(section: Section): NonNullable<SyncOptions[Section]> =>
    Object.assign({}, ...layers.map(({ options }) => options[section] ?? {}).reverse());

  const incremental = said('incremental');
  const reconcile = said('reconcile');
  const schedules = { incremental: 2 * minuteMs, softDelete: 6 * hourMs, reconcile: dayMs, ...said('schedules') };
  const longestWaitMs = approvalRoom(schedules.reconcile);
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
    schedules: {
      incrementalMs: schedules.incremental,
      softDeleteMs: schedules.softDelete,
      reconcileMs: schedules.reconcile,
    },
  } satisfies SyncSettings;
  return { value, problems: value.reconcile.approvalWaitMs > longestWaitMs ? [waitTooLong(layers)] : [] };
}

/** An approval has to come before the next run, whose comparison replaces the one to be approved. */
function approvalRoom(reconcileMs: number | null): number {
  return reconcileMs === null ? Infinity : reconcileMs - Math.min(minuteMs, reconcileMs / 2);
}

/** Told where the nearer of the two that do not fit stands. */
function waitTooLong(layers: readonly SyncLayer[]): Problem {
  const saysWait = ({ options }: SyncLayer): boolean => options.reconcile?.approvalWait !== undefined;
  const layer = layers.find((each) => saysWait(each) || each.options.schedules?.reconcile !== undefined)!;
  return saysWait(layer)
    ? {
        path: [...layer.path, 'reconcile', 'approvalWait'],
        text: 'must end before the next scheduled run: a minute less than schedules.reconcile at most',
      }
    : {
        path: [...layer.path, 'schedules', 'reconcile'],
        text: 'must leave room for reconcile.approvalWait: a minute more than that at least',
      };
}
