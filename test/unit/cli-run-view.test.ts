import { describe, expect, it } from 'vitest';
import type { RunFacts } from '../../client/run-facts.ts';
import { percentDone, stateText, viewRun } from '../../client/run-view.ts';
import { zeroRequests } from '../../model/batch.ts';
import { zeroCounts } from '../../model/counts.ts';
import type { BackfillProgress } from '../../workflows/messages.ts';

const now = new Date('2026-11-20T16:00:00.000Z');

const progress: BackfillProgress = {
  stream: 'crm.contacts',
  run: 'run-1',
  phase: 'running',
  scope: 'whole',
  startReason: 'no earlier backfill of this stream',
  startedAt: '2026-11-20T15:58:00.000Z',
  estimatedRecords: 200_000,
  chunkRecords: 25_000,
  batches: 3,
  stagedBatches: 1,
  stagedRecords: 25_000,
  totals: { ...zeroCounts, read: 75_000, inserted: 75_000 },
  requests: zeroRequests,
  wait: null,
  paused: null,
};

const facts: RunFacts = {
  stream: 'crm.contacts',
  workflowId: 'backfill/crm.contacts',
  runId: 'run-1',
  run: 'run-1',
  startedAt: progress.startedAt,
  endedAt: null,
  end: null,
  isCancelRequested: false,
  progress,
  isReading: true,
  heartbeat: { sequence: 5, records: 12_000, waiting: null, limitShare: 0.9 },
  retries: [],
  stuck: null,
  taskQueue: 'sluice',
  hasWorker: true,
};

const view = (change: Partial<RunFacts> = {}) => viewRun({ ...facts, ...change }, now);

describe('records read so far', () => {
  it('are those merged, staged and on their way', () => {
    expect(view()).toMatchObject({ records: 112_000, chunk: { current: 5, total: 8 } });
  });

  it('count a chunk once when its heartbeat is older than its stage', () => {
    expect(view({ heartbeat: { ...facts.heartbeat!, sequence: 4, records: 25_000 } }).records).toBe(100_000);
  });

  it('never make more than 99 % of a run that is not done', () => {
    expect(percentDone({ state: 'running', records: 200_000, estimatedRecords: 200_000 })).toBe(99);
    expect(percentDone({ state: 'running', records: 10, estimatedRecords: 0 })).toBeNull();
  });
});

describe('the state of a run', () => {
  const failure = { kind: 'failed', failure: 'AuthRejected', message: 'the token was refused' } as const;
  const result = {
    ...progress,
    scope: 'whole',
    startReason: '',
    totals: zeroCounts,
    rows: { live: 0, deleted: 0 },
    missingIds: 0,
    watermark: null,
  } as const;
  const paused = { at: now.toISOString(), by: 'anna@laptop', note: 'launch' };
  const until = '2026-11-21T00:00:00.000Z';
  const endedAt = now.toISOString();
  const retry = { activity: 'extractChunk', attempt: 3, failure: 'HubSpot answered 502', nextAttemptAt: null };

  it.each<[string, Partial<RunFacts>, string]>([
    ['running', {}, 'Running 56 %'],
    [
      'planning',
      { progress: { ...progress, phase: 'planning', totals: zeroCounts, stagedRecords: 0 }, heartbeat: null },
      'Planning',
    ],
    ['merging with nothing being read', { isReading: false, heartbeat: null }, 'Running 50 %: merging'],
    ['in the first second of an extract', { heartbeat: null }, 'Running 50 %'],
    ['paused', { progress: { ...progress, phase: 'paused', paused } }, 'Paused 56 % by anna@laptop "launch"'],
    [
      'pausing',
      { progress: { ...progress, phase: 'pausing', paused: { ...paused, note: null } } },
      'Pausing 56 % by anna@laptop',
    ],
    [
      'waiting on a timer',
      { progress: { ...progress, phase: 'waiting', wait: { reason: 'HubSpot daily limit', until } } },
      'Waiting 56 %: HubSpot daily limit until 2026-11-21 00:00 UTC',
    ],
    [
      'waiting within a step',
      { heartbeat: { ...facts.heartbeat!, waiting: { reason: 'HubSpot answers 429', until: null } } },
      'Waiting 56 %: HubSpot answers 429',
    ],
    ['retrying', { retries: [retry] }, 'Retrying 56 %: extractChunk attempt 3: HubSpot answered 502'],
    [
      'retrying later',
      { retries: [{ ...retry, nextAttemptAt: '2026-11-20T16:00:30.000Z' }] },
      'Retrying 56 %: extractChunk attempt 3, next 16:00:30 UTC: HubSpot answered 502',
    ],
    ['cancelling', { isCancelRequested: true }, 'Cancelling 56 %'],
    [
      'without a worker',
      { hasWorker: false, progress: null, heartbeat: null },
      'Waiting for a worker on task queue sluice',
    ],
    [
      'with a worker that died',
      { progress: null, heartbeat: null },
      'Waiting for a worker on task queue sluice; the last one does not answer',
    ],
    ['just started', { progress: null, heartbeat: null, startedAt: now.toISOString() }, 'Planning'],
    [
      'stuck',
      { progress: null, heartbeat: null, stuck: { failures: 4, message: 'a bug' } },
      'Stuck: its workflow task failed 4 times: a bug',
    ],
    ['failed', { end: failure, endedAt, progress: null, heartbeat: null }, 'Failed: the token was refused'],
    ['cancelled', { end: { kind: 'cancelled', message: null }, endedAt }, 'Cancelled'],
    [
      'done in part',
      { end: { kind: 'done', result: { ...result, scope: 'limit', totals: { ...zeroCounts, read: 50 } } }, endedAt },
      'Done: only 50 records, asked for with --limit',
    ],
    ['done with nothing to read', { end: { kind: 'done', result }, endedAt }, 'Done: the source holds no such records'],
  ])('%s', (_, change, expected) => expect(stateText(view(change))).toBe(expected));

  it('names no worker before anything the worker could have said', () => {
    expect(view({ hasWorker: false, retries: [retry] }).state).toBe('noWorker');
  });
});
