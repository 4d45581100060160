import { setTimeout as delay } from 'node:timers/promises';
import { alertsOf, freshAgainAlert, staleAlert, type Alert } from '../model/alert.ts';
import { spanText } from '../model/duration.ts';
import type { Log } from '../model/log.ts';
import type { SyncMode } from '../model/plan.ts';
import type { RunReport } from '../model/run-report.ts';
import type { AlertSender } from './alert-sender.ts';
import type { StreamLook } from './look-at-stream.ts';
import { StreamWatch, type Judgement } from './stream-watch.ts';
import type { SyncMetrics } from './sync-metrics.ts';

const usualTickMs = 15_000;
/** A worker that has just started lets the runs that waited for it come first. */
const firstLookAfterMs = 5_000;
const firstJudgementAfterMs = 120_000;
const approvalsEveryMs = 60_000;
const lookedUpAtOnce = 4;
const rememberedEnds = 10_000;

export interface WaitingRun {
  readonly stream: string;
  readonly mode: SyncMode;
}

export interface MonitorOptions {
  readonly streams: readonly { readonly stream: string; readonly limitMs: number | null }[];
  readonly metrics: SyncMetrics;
  /** Null where config names no webhook. */
  readonly alerts: Pick<AlertSender, 'send'> | null;
  readonly look: (stream: string) => Promise<StreamLook>;
  /** Whether of all workers this one tells of streams: each of them notices. */
  readonly isSpeaker: () => Promise<boolean>;
  /** Runs that wait for an approval; null where that cannot be asked. */
  readonly waitingRuns: () => Promise<readonly WaitingRun[] | null>;
  /** Share of the request limit in use, by source, of those that know it. */
  readonly limitShares: () => ReadonlyMap<string, number>;
  readonly log: Log;
}

/** Turns what runs report, and what does not come, into metrics, alerts and log lines. Opens no destination, and keeps nobody waiting. */
export class Monitor {
  readonly #options: MonitorOptions;
  readonly #watches: ReadonlyMap<string, StreamWatch>;
  readonly #ended = new Set<string>();
  /** Why a stream's mode last failed here. */
  readonly #failures = new Map<string, string>();
  /** By stream, what was left to the speaker: a speaker that is gone has told nobody. */
  readonly #leftToSpeaker = new Map<string, Alert>();
  #approvalsAskedAtMs = 0;

  constructor(options: MonitorOptions) {
    this.#options = options;
    this.#watches = new Map(options.streams.map((stream) => [stream.stream, new StreamWatch(stream)]));
    for (const { stream, limitMs } of options.streams) options.metrics.introduce(stream, limitMs);
  }

  /** Takes what a workflow tells. Never throws. */
  report(report: RunReport): void {
    if (isEnd(report) && !this.#isFirst(report.execution)) return;
    const key = `${report.mode} ${report.stream}`;
    const failedHere = this.#failures.get(key) ?? null;
    for (const alert of alertsOf(report, { failedHere })) this.#options.alerts?.send(alert);
    if (report.kind === 'failed') this.#failures.set(key, report.failure);
    if (report.kind === 'done' && report.undone === null) this.#failures.delete(key);
    this.#count(report);
  }

  /** Looks at the streams until the signal aborts. */
  async watch(signal: AbortSignal): Promise<void> {
    const startedAtMs = Date.now();
    const limits = this.#options.streams.flatMap(({ limitMs }) => limitMs ?? []);
    const shortestMs = Math.min(...limits);
    const tickMs = Math.min(usualTickMs, shortestMs / 3);
    await delay(Math.min(firstLookAfterMs, tickMs), undefined, { signal }).catch(() => undefined);
    while (!signal.aborted) {
      const mayJudge = Date.now() - startedAtMs >= Math.min(firstJudgementAfterMs, shortestMs);
      // A fault here must not end the worker whose runs it watches.
      await this.#tick({ mayJudge }, signal).catch((error: unknown) => {
        this.#options.log.error({ error: (error as Error).name }, 'the streams could not be looked at');
      });
      await delay(tickMs, undefined, { signal }).catch(() => undefined);
    }
  }

  #isFirst(execution: string): boolean {
    if (this.#ended.has(execution)) return false;
    if (this.#ended.size >= rememberedEnds) this.#ended.delete(this.#ended.keys().next().value!);
    this.#ended.add(execution);
    return true;
  }

  /** Metrics have the labels of config and no others. */
  #count(report: RunReport): void {
    const { stream, mode } = report;
    const { metrics } = this.#options;
    const watch = this.#watches.get(stream);
    if (watch === undefined) return;
    switch (report.kind) {
      case 'done':
        if (report.undone === null) metrics.succeeded(stream, mode, report);
        if (report.bringsUpToDate) watch.noteGood(report.at, report.positions);
        this.#measure(watch, Date.now());
        if (report.bringsUpToDate) this.#tellChange(watch, watch.judge(Date.now()));
        break;
      case 'failed':
        metrics.failed(stream, mode);
        break;
      case 'approvalAsked':
        metrics.approvalsWaiting(stream, mode, 1);
        break;
      case 'approvalOver':
        metrics.approvalsWaiting(stream, mode, 0);
        break;
      case 'cancelled':
        break;
      default:
        report satisfies never;
    }
  }

  async #tick({ mayJudge }: { mayJudge: boolean }, signal: AbortSignal): Promise<void> {
    const { metrics } = this.#options;
    for (const [source, share] of this.#options.limitShares()) metrics.budgetLeft(source, 1 - share);
    const watches = [...this.#watches.values()];
    const doubtful = watches.filter((watch) => watch.isInDoubt(Date.now()));
    for (let start = 0; start < doubtful.length && !signal.aborted; start += lookedUpAtOnce) {
      await Promise.all(doubtful.slice(start, start + lookedUpAtOnce).map((watch) => this.#lookAt(watch)));
    }
    const nowMs = Date.now();
    for (const watch of watches) {
      this.#measure(watch, nowMs);
      if (mayJudge && !signal.aborted) this.#tellChange(watch, watch.judge(nowMs));
    }
    await this.#speakInstead();
    if (nowMs - this.#approvalsAskedAtMs >= approvalsEveryMs) await this.#countApprovals(nowMs);
  }

  async #lookAt(watch: StreamWatch): Promise<void> {
    watch.noteLook(await this.#options.look(watch.stream).catch(() => 'unreachable' as const), Date.now());
  }

  #measure({ stream, lastGoodAt, positions }: StreamWatch, nowMs: number): void {
    const { metrics } = this.#options;
    if (positions !== null) metrics.lag(stream, positions, nowMs);
    if (lastGoodAt !== null) metrics.freshness(stream, lastGoodAt, nowMs);
  }

  #tellChange(watch: StreamWatch, { freshness, before }: Judgement): void {
    const { stream } = watch;
    const { state } = freshness;
    const isStale = state === 'stale';
    if (watch.limitMs !== null) this.#options.metrics.standing(stream, { isStale, isPaused: state === 'paused' });
    if (state === before) return;
    if (freshness.state === 'stale') this.#tellStale(watch, freshness.since);
    else if (state === 'paused') this.#options.log.info({ stream }, 'paused: not watched for freshness');
    else if (before === 'stale' && state === 'fresh') this.#tellFresh(stream);
  }

  #tellStale(watch: StreamWatch, since: string): void {
    const { stream, limitMs } = watch;
    const { why, next } = watch.whyStale();
    const message = `${stream} is stale: no run has brought it up to date since ${since} (freshness ${spanText(limitMs!)}); ${why}`;
    this.#options.log.warn({ stream, since, why, next }, 'stale');
    void this.#speakOfStale(stream, staleAlert({ stream, since, at: new Date().toISOString(), message, next }));
  }

  #tellFresh(stream: string): void {
    this.#options.log.info({ stream }, 'fresh again');
    this.#leftToSpeaker.delete(stream);
    void this.#speak(freshAgainAlert({ stream, at: new Date().toISOString() }));
  }

  /** Every worker notices; who cannot tell whether it is the speaker, speaks. False where another one does. */
  async #speak(alert: Alert): Promise<boolean> {
    const { alerts, isSpeaker } = this.#options;
    if (alerts === null) return true;
    if (!(await isSpeaker().catch(() => true))) return false;
    alerts.send(alert);
    return true;
  }

  async #speakOfStale(stream: string, alert: Alert): Promise<void> {
    if (!(await this.#speak(alert))) this.#leftToSpeaker.set(stream, alert);
  }

  /** While a stream stays stale: the speaker may have died, and the stream with it. Alerts have ids, for who hears them twice. */
  async #speakInstead(): Promise<void> {
    for (const [stream, alert] of this.#leftToSpeaker) {
      if (!(await this.#speak(alert))) return;
      this.#leftToSpeaker.delete(stream);
    }
  }

  async #countApprovals(nowMs: number): Promise<void> {
    this.#approvalsAskedAtMs = nowMs;
    const waiting = await this.#options.waitingRuns().catch(() => null);
    if (waiting === null) return;
    for (const stream of this.#watches.keys()) {
      for (const mode of ['backfill', 'softDelete', 'reconcile'] as const) {
        const runs = waiting.filter((run) => run.stream === stream && run.mode === mode).length;
        this.#options.metrics.approvalsWaiting(stream, mode, runs);
      }
    }
  }
}

function isEnd({ kind }: RunReport): boolean {
  return kind === 'done' || kind === 'failed' || kind === 'cancelled';
}
