import { describe, expect, it } from 'vitest';
import { progressLine } from '../../client/progress-line.ts';
import { RateMeter, remainingMs } from '../../client/rate-meter.ts';
import { neverRunView, type RunView } from '../../client/run-view.ts';
import { openAppendingBoard } from '../../client/progress.ts';

const running: RunView = {
  ...neverRunView('crm.contacts'),
  state: 'running',
  records: 124_300,
  estimatedRecords: 200_000,
  chunk: { current: 5, total: 8 },
  limitShare: 0.981,
  startedAt: '2026-11-20T16:00:00.000Z',
};

describe('progressLine', () => {
  it.each<[string, Partial<RunView>, number | null, number | null, string]>([
    ['all figures', {}, 1_870.4, 40_000, 'crm.contacts   62 %  124,300/200,000  1,870/s  chunk 5/8  limit 98 %  ~0:40'],
    [
      'no estimate',
      { estimatedRecords: null, chunk: { current: 5, total: null } },
      950,
      null,
      'crm.contacts  124,300  950/s  chunk 5  limit 98 %',
    ],
    ['before there is a rate', { limitShare: null }, null, null, 'crm.contacts   62 %  124,300/200,000  chunk 5/8'],
    [
      'a rate of zero',
      {},
      0,
      null,
      'crm.contacts   62 %  124,300/200,000  0/s, the source has not answered yet  chunk 5/8  limit 98 %',
    ],
    [
      'waiting',
      { state: 'waiting', why: 'HubSpot daily limit until 00:00 UTC' },
      0,
      null,
      'crm.contacts   62 %  124,300/200,000  waiting: HubSpot daily limit until 00:00 UTC  chunk 5/8  limit 98 %',
    ],
    [
      'more than was estimated',
      { records: 210_000 },
      10,
      null,
      'crm.contacts   99 %  210,000/210,000  10/s  chunk 5/8  limit 98 %',
    ],
    [
      'paused',
      { state: 'paused', why: 'by anna@laptop "launch"' },
      0,
      null,
      'crm.contacts  124,300/200,000  Paused 62 % by anna@laptop "launch"',
    ],
    [
      'no worker, nothing read',
      { state: 'noWorker', why: 'on task queue sluice', records: 0, estimatedRecords: null },
      null,
      null,
      'crm.contacts  Waiting for a worker on task queue sluice',
    ],
    [
      'retrying',
      { state: 'retrying', why: 'extractChunk attempt 3: HubSpot answered 502' },
      0,
      null,
      'crm.contacts  124,300/200,000  Retrying 62 %: extractChunk attempt 3: HubSpot answered 502',
    ],
    [
      'done',
      { state: 'done', records: 200_000, endedAt: '2026-11-20T16:01:47.000Z', estimatedRecords: null },
      900,
      null,
      'crm.contacts  200,000  Done in 1:47',
    ],
    [
      'failed, without its reason',
      { state: 'failed', why: 'no such scope', endedAt: '2026-11-20T16:00:03.000Z' },
      null,
      null,
      'crm.contacts  124,300/200,000  Failed after 0:03',
    ],
  ])('%s', (_, change, perSecond, remaining, expected) => {
    expect(progressLine({ view: { ...running, ...change }, perSecond, remainingMs: remaining })).toBe(expected);
  });

  it('aligns the lines of several streams', () => {
    expect(progressLine({ view: running, perSecond: 1, remainingMs: null }, 14)).toMatch(/^crm\.contacts {3,}62 %/);
  });
});

describe('openAppendingBoard', () => {
  it('writes a line on each change of state and every 30 s, without control characters', () => {
    const lines: string[] = [];
    let nowMs = Date.parse('2026-11-20T16:00:00.000Z');
    const board = openAppendingBoard(
      (line) => lines.push(line),
      0,
      () => new Date(nowMs),
    );
    const show = (view: RunView, afterMs: number): void => {
      nowMs += afterMs;
      board.update({ view, perSecond: 10, remainingMs: null });
    };
    show(running, 0);
    show(running, 29_000);
    show({ ...running, state: 'paused' }, 0);
    show({ ...running, state: 'paused' }, 29_000);
    show({ ...running, state: 'paused' }, 1_000);
    expect(lines.map((line) => line.slice(0, 20))).toEqual([
      '2026-11-20T16:00:00Z',
      '2026-11-20T16:00:29Z',
      '2026-11-20T16:00:59Z',
    ]);
    expect(lines.join('')).not.toMatch(/\p{Cc}/u);
  });
});

describe('RateMeter', () => {
  it('measures over the last ten seconds', () => {
    const meter = new RateMeter();
    for (let second = 0; second <= 10; second++) meter.add(second * 1_000, second * 100);
    expect(meter.perSecond).toBe(100);
    for (let second = 11; second <= 20; second++) meter.add(second * 1_000, 1_000);
    expect(meter.perSecond).toBe(0);
  });

  it('knows no rate from one sample, and begins anew when records were lost', () => {
    const meter = new RateMeter();
    meter.add(0, 50_000);
    expect(meter.perSecond).toBeNull();
    meter.add(1_000, 60_000);
    expect(meter.perSecond).toBe(10_000);
    meter.add(2_000, 25_000);
    expect(meter.perSecond).toBeNull();
  });
});

describe('remainingMs', () => {
  const run = { records: 50_000, estimatedRecords: 150_000, perSecond: 1_000, elapsedMs: 60_000, chunks: 2 };

  it('is what is left by the rate', () => expect(remainingMs(run)).toBe(100_000));
  it.each([
    ['after three chunks', { chunks: 3, elapsedMs: 5_000 }, 100_000],
    ['not in the first seconds', { elapsedMs: 5_000 }, null],
    ['not without an estimate', { estimatedRecords: null }, null],
    ['not while nothing flows', { perSecond: 0 }, null],
    ['never negative', { records: 160_000 }, 0],
  ])('%s', (_, change, expected) => expect(remainingMs({ ...run, ...change })).toBe(expected));
});
