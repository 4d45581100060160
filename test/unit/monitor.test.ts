import { noopMetricMeter, type MetricMeter } from '@temporalio/common';
import { expect, it } from 'vitest';
import type { Alert } from '../../model/alert.ts';
import type { RunDone, RunReport } from '../../model/run-report.ts';
import type { StreamLook } from '../../worker/look-at-stream.ts';
import { Monitor } from '../../worker/monitor.ts';
import { isFirst } from '../../worker/speaker.ts';
import { StreamWatch } from '../../worker/stream-watch.ts';
import { SyncMetrics } from '../../worker/sync-metrics.ts';
import { eventually } from '../support/eventually.ts';

const stream = 'crm.contacts';
const scheduled = { createdAt: '2026-11-28T00:00:00.000Z', isPaused: false };
const nothingSeen: StreamLook = {
  schedule: null,
  lastGoodAt: null,
  positions: null,
  isBackfilling: false,
  openSince: null,
  trouble: null,
};

/** A meter that keeps what it is told, by name and labels. */
function openMeter() {
  const values = new Map<string, number>();
  const keyOf = (name: string, tags: object): string => `${name} ${Object.values(tags).join(' ')}`.trim();
  const set = (name: string) => (value: number, tags: object) => void values.set(keyOf(name, tags), value);
  const add =
    (name: string) =>
    (value: number, tags: object = {}) => {
      values.set(keyOf(name, tags), (values.get(keyOf(name, tags)) ?? 0) + value);
    };
  const meter = Object.create(noopMetricMeter) as MetricMeter;
  const counter: MetricMeter['createCounter'] = (name) =>
    Object.assign(noopMetricMeter.createCounter(name), { add: add(name) });
  const gauge: MetricMeter['createGauge'] = (name) =>
    Object.assign(noopMetricMeter.createGauge(name), { set: set(name) });
  Object.assign(meter, { createCounter: counter, createGauge: gauge });
  return { meter, values };
}

function open({ look = async () => nothingSeen, isSpeaker = () => true, limitMs = 200 }: OpenOptions = {}) {
  const { meter, values } = openMeter();
  const sent: Alert[] = [];
  const warned: object[] = [];
  const monitor = new Monitor({
    streams: [{ stream, limitMs }],
    metrics: new SyncMetrics(meter),
    alerts: { send: (alert) => sent.push(alert) },
    look,
    isSpeaker: async () => isSpeaker(),
    waitingRuns: async () => [{ stream, mode: 'reconcile' }],
    limitShares: () => new Map([['crm', 0.25]]),
    log: { info: () => {}, error: () => {}, warn: (fields) => warned.push(fields) },
  });
  return { monitor, values, sent, warned };
}

interface OpenOptions {
  readonly look?: () => Promise<StreamLook>;
  readonly isSpeaker?: () => boolean;
  readonly limitMs?: number;
}

function doneAt(at: string, changed: Partial<RunDone> = {}): RunDone {
  return {
    kind: 'done',
    stream,
    mode: 'incremental',
    run: at,
    execution: at,
    isScheduled: true,
    at,
    durationMs: 2_500,
    rows: 7,
    rejects: 0,
    bringsUpToDate: true,
    undone: null,
    positions: { fast: at, settled: at },
    isLapsed: false,
    failedBefore: null,
    ...changed,
  };
}

async function watching(monitor: Monitor, body: () => Promise<unknown>): Promise<void> {
  const ending = new AbortController();
  const watch = monitor.watch(ending.signal);
  await body();
  ending.abort();
  await watch;
}

const now = (): string => new Date().toISOString();

it('counts each run once, and streams of the config only', () => {
  const { monitor, values } = open();
  expect(values.get('sync_failure_count crm contacts reconcile')).toBe(0);
  const report = doneAt(now());
  monitor.report(report);
  monitor.report(report);
  monitor.report(doneAt('later', { at: now(), undone: 'needs backfill', bringsUpToDate: false }));
  monitor.report(doneAt('elsewhere', { at: now(), stream: 'crm.nowhere' }));
  const failed: RunReport = { ...report, execution: 'f', kind: 'failed', failure: 'Fenced', message: 'x' };
  monitor.report(failed);
  expect(values.get('sync_success_count crm contacts incremental')).toBe(1);
  expect(values.get('sync_failure_count crm contacts incremental')).toBe(1);
  expect(values.get('rows_processed crm contacts incremental')).toBe(7);
  expect(values.get('last_sync_duration_seconds crm contacts incremental')).toBe(2.5);
  expect(values.get('sync_lag_seconds crm contacts settled')).toBeLessThan(60);
  expect([...values.keys()].filter((key) => key.includes('nowhere'))).toEqual([]);
});

it('has no series for what it does not know', () => {
  const { values } = open();
  const known = new Set([...values.keys()].map((key) => key.split(' ')[0]));
  expect(known).toEqual(
    new Set(['sync_success_count', 'sync_failure_count', 'rows_processed', 'sync_freshness_limit_seconds']),
  );
});

it('tells once that a stream is stale, why, and once that it is fresh again', async () => {
  const look = async (): Promise<StreamLook> => ({
    ...nothingSeen,
    schedule: scheduled,
    lastGoodAt: '2026-11-28T11:00:00.000Z',
    trouble: 'terminated',
  });
  const { monitor, values, sent, warned } = open({ look });
  await watching(monitor, async () => {
    await eventually('stale', () => sent.length === 1);
    expect(values.get('sync_stale crm contacts')).toBe(1);
    expect(values.get('sync_budget_left_ratio crm')).toBe(0.75);
    expect(values.get('sync_approvals_waiting crm contacts reconcile')).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(sent).toHaveLength(1);
    expect(warned).toHaveLength(1);
    monitor.report(doneAt(now()));
    await eventually('fresh', () => sent.length >= 2);
  });
  // It goes stale again by itself where this machine is slow.
  expect(sent.slice(0, 2).map(({ kind, recovers, message }) => ({ kind, recovers, message }))).toEqual([
    {
      kind: 'stale',
      recovers: null,
      message:
        'crm.contacts is stale: no run has brought it up to date since 2026-11-28T11:00:00.000Z (freshness 200ms); its last run: terminated',
    },
    { kind: 'recovered', recovers: 'stale', message: 'crm.contacts is fresh again' },
  ]);
});

it('a stream that is paused is not stale, and says so', async () => {
  const look = async (): Promise<StreamLook> => ({
    ...nothingSeen,
    schedule: { ...scheduled, isPaused: true },
    lastGoodAt: '2026-11-28T11:00:00.000Z',
  });
  const { monitor, values, sent } = open({ look });
  await watching(monitor, () => eventually('paused', () => values.get('sync_paused crm contacts') === 1));
  expect(values.get('sync_stale crm contacts')).toBe(0);
  expect(sent).toEqual([]);
});

it('asks before it calls a stream stale, and believes what another worker’s run has brought', () => {
  const watch = new StreamWatch({ stream, limitMs: 15 * 60_000 });
  const at = (minutes: number): string => new Date(minutes * 60_000).toISOString();
  const stateAt = (minutes: number): string => watch.judge(minutes * 60_000).freshness.state;
  expect(watch.isInDoubt(0)).toBe(true);
  watch.noteLook({ ...nothingSeen, schedule: scheduled, lastGoodAt: at(0) }, 0);
  expect(watch.isInDoubt(10 * 60_000)).toBe(false);
  expect(watch.isInDoubt(16 * 60_000)).toBe(true);
  watch.noteLook({ ...nothingSeen, schedule: scheduled, lastGoodAt: at(14) }, 16 * 60_000);
  expect(stateAt(16)).toBe('fresh');
  // An older look takes back nothing.
  watch.noteLook({ ...nothingSeen, schedule: scheduled, lastGoodAt: null }, 17 * 60_000);
  expect(stateAt(17)).toBe('fresh');
  expect(stateAt(30)).toBe('stale');
  // In doubt, but asked a moment ago.
  watch.noteLook('unreachable', 30 * 60_000);
  expect(watch.isInDoubt(30.5 * 60_000)).toBe(false);
  expect(watch.whyStale().why).toBe('Temporal cannot be reached');
});

it('a pause excuses, and so does the time after it', () => {
  const watch = new StreamWatch({ stream, limitMs: 15 * 60_000 });
  const look = { ...nothingSeen, schedule: scheduled, lastGoodAt: new Date(0).toISOString() };
  watch.noteLook({ ...look, schedule: { ...scheduled, isPaused: true } }, 60 * 60_000);
  expect(watch.judge(60 * 60_000)).toEqual({ freshness: { state: 'paused', since: null }, before: null });
  watch.noteLook(look, 61 * 60_000);
  expect(watch.judge(61 * 60_000)).toMatchObject({ freshness: { state: 'fresh' }, before: 'paused' });
  expect(watch.judge(76 * 60_000)).toMatchObject({ freshness: { state: 'stale' }, before: 'fresh' });
});

it('where Temporal is gone a stream is stale too', async () => {
  const { monitor, sent } = open({ look: () => Promise.reject(new Error('gone')) });
  monitor.report(doneAt(now()));
  await watching(monitor, () => eventually('stale', () => sent.length === 1));
  expect(sent[0]).toMatchObject({ kind: 'stale', next: 'see to the Temporal server' });
});

it('one of several workers speaks, of those that are alive', async () => {
  const { monitor, sent, warned } = open({
    isSpeaker: () => false,
    look: async () => ({ ...nothingSeen, schedule: scheduled }),
  });
  await watching(monitor, () => eventually('stale', () => warned.length === 1));
  expect(sent).toEqual([]);
  const pollers = [
    { identity: '1@a', silentMs: 200_000 },
    { identity: '2@b', silentMs: 10 },
    { identity: '3@c', silentMs: 10 },
  ];
  expect(isFirst('2@b', pollers)).toBe(true);
  expect(isFirst('3@c', pollers)).toBe(false);
});

it('another one speaks where the speaker is gone, once', async () => {
  let isAlone = false;
  const { monitor, sent, warned } = open({
    isSpeaker: () => isAlone,
    look: async () => ({ ...nothingSeen, schedule: scheduled }),
  });
  await watching(monitor, async () => {
    await eventually('stale', () => warned.length === 1);
    expect(sent).toEqual([]);
    isAlone = true;
    await eventually('said', () => sent.length > 0);
  });
  expect(sent).toMatchObject([{ kind: 'stale', stream }]);
});
