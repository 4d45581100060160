import type { MetricMeter, MetricTags } from '@temporalio/common';
import { syncModes, type SyncMode } from '../model/plan.ts';
import type { Positions } from '../model/positions.ts';
import { parseStreamName } from '../model/stream-name.ts';

/**
 * Sluice's own metrics, on the SDK's meter, so that one endpoint serves both. Labels come from config alone; what this process
 * does not know yet has no series. docs/monitoring.md describes each.
 */
export class SyncMetrics {
  readonly #meter: MetricMeter;
  readonly #successes;
  readonly #failures;
  readonly #duration;
  readonly #rows;
  readonly #lag;
  readonly #freshness;
  readonly #freshnessLimit;
  readonly #stale;
  readonly #paused;
  readonly #budgetLeft;
  readonly #quarantine;
  readonly #approvals;
  readonly #alertsSent;
  readonly #alertsLost;

  constructor(meter: MetricMeter) {
    this.#meter = meter;
    const counter = (name: string, description: string) => meter.createCounter(name, undefined, description);
    this.#successes = counter('sync_success_count', 'Runs that ended well.');
    this.#failures = counter('sync_failure_count', 'Runs that failed.');
    this.#rows = counter('rows_processed', 'Records and tombstones read by runs that ended well.');
    this.#duration = this.#gauge('last_sync_duration_seconds', 'Start to end of the last run that ended well.');
    this.#lag = this.#gauge('sync_lag_seconds', 'Now less the position, fast or settled.');
    this.#freshness = this.#gauge('sync_freshness_seconds', 'Since a run last brought the table up to date.');
    this.#freshnessLimit = this.#gauge('sync_freshness_limit_seconds', 'Above this the stream is stale.');
    this.#stale = this.#gauge('sync_stale', '1 while the stream is stale, else 0.');
    this.#paused = this.#gauge('sync_paused', '1 while the schedule of incremental runs is paused, else 0.');
    this.#budgetLeft = this.#gauge('sync_budget_left_ratio', 'Share of the source’s request limit not in use, 0 to 1.');
    this.#quarantine = this.#gauge('sync_quarantine_rows', 'Rows of sync_errors, as last counted.');
    this.#approvals = this.#gauge('sync_approvals_waiting', 'Runs that wait for an approval.');
    this.#alertsSent = counter('sync_alerts_delivered_count', 'Alerts that the webhook took.');
    this.#alertsLost = counter('sync_alerts_undelivered_count', 'Alerts given up.');
  }

  /** Counters of a stream begin at 0, so that the first failure is a rise. */
  introduce(stream: string, limitMs: number | null): void {
    for (const mode of syncModes) {
      for (const counter of [this.#successes, this.#failures, this.#rows]) counter.add(0, labels(stream, mode));
    }
    if (limitMs !== null) this.#freshnessLimit.set(limitMs / 1_000, labels(stream));
  }

  /** Counters of alerts begin at 0 where there is a webhook. */
  introduceAlerts(): void {
    this.#alertsSent.add(0);
    this.#alertsLost.add(0);
  }

  succeeded(stream: string, mode: SyncMode, { durationMs, rows }: { durationMs: number; rows: number }): void {
    const tags = labels(stream, mode);
    this.#successes.add(1, tags);
    this.#rows.add(rows, tags);
    this.#duration.set(durationMs / 1_000, tags);
  }

  failed(stream: string, mode: SyncMode): void {
    this.#failures.add(1, labels(stream, mode));
  }

  lag(stream: string, positions: Positions, nowMs: number): void {
    for (const position of ['fast', 'settled'] as const) {
      const lagMs = Math.max(0, nowMs - Date.parse(positions[position]));
      this.#lag.set(lagMs / 1_000, { ...labels(stream), position });
    }
  }

  freshness(stream: string, lastGoodAt: string, nowMs: number): void {
    this.#freshness.set(Math.max(0, nowMs - Date.parse(lastGoodAt)) / 1_000, labels(stream));
  }

  standing(stream: string, { isStale, isPaused }: { isStale: boolean; isPaused: boolean }): void {
    this.#stale.set(isStale ? 1 : 0, labels(stream));
    this.#paused.set(isPaused ? 1 : 0, labels(stream));
  }

  budgetLeft(source: string, share: number): void {
    this.#budgetLeft.set(share, { source });
  }

  quarantine(stream: string, rows: number): void {
    this.#quarantine.set(rows, labels(stream));
  }

  approvalsWaiting(stream: string, mode: SyncMode, runs: number): void {
    this.#approvals.set(runs, labels(stream, mode));
  }

  alertDelivered(): void {
    this.#alertsSent.add(1);
  }

  alertLost(): void {
    this.#alertsLost.add(1);
  }

  #gauge(name: string, description: string) {
    return this.#meter.createGauge(name, 'float', undefined, description);
  }
}

function labels(address: string, mode?: SyncMode): MetricTags {
  const { pipeline, stream } = parseStreamName(address);
  return mode === undefined ? { pipeline, stream } : { pipeline, stream, mode };
}
