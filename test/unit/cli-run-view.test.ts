import { describe, expect, it } from 'vitest';
import type { RunFacts, RunResult } from '../../client/run-facts.ts';
import { percentDone, stateText, viewRun } from '../../client/run-view.ts';
import { zeroCounts } from '../../model/counts.ts';
import { sampleHeld } from '../support/sample-held.ts';
import {
  sampleApproval,
  sampleFacts as facts,
  sampleProgress as progress,
  sampleResult,
  sampleVanished,
} from '../support/sample-run.ts';

const now = new Date('2026-11-20T16:00:00.000Z');

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
  const paused = { at: now.toISOString(), by: 'anna@laptop', note: 'launch' };
  const until = '2026-11-21T00:00:00.000Z';
  const endedAt = now.toISOString();
  const retry = { activity: 'extractChunk', attempt: 3, failure: 'HubSpot answered 502', nextAttemptAt: null };

  const done = (result: RunResult): Partial<RunFacts> => ({ end: { kind: 'done', result }, endedAt });

  it.each<[string, Partial<RunFacts>, string]>([
    ['running', {}, 'Running 56 %'],
    [
      'planning',
      { progress: { ...progress, phase: 'planning', totals: zeroCounts, stagedRecords: 0 }, heartbeat: null },
      'Planning',
    ],
    ['merging with nothing being read', { isReading: false, heartbeat: null }, 'Running 50 %: merging'],
    ['in the first second of an extract', { heartbeat: null }, 'Running 50 %'],
    [
      'paused',
      { progress: { ...progress, phase: 'paused', paused } },
      'Paused 56 % by anna@laptop at 2026-11-20 16:00 UTC "launch"',
    ],
    [
      'pausing',
      { progress: { ...progress, phase: 'pausing', paused: { ...paused, note: null } } },
      'Pausing 56 % by anna@laptop at 2026-11-20 16:00 UTC',
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
      done(sampleResult('backfill', { scope: 'limit', totals: { ...zeroCounts, read: 50 } })),
      'Done: only 50 records, asked for with --limit',
    ],
    ['done with nothing to read', done(sampleResult('backfill')), 'Done: the source holds no such records'],
    ['listing', { progress: { ...progress, step: 'listing' } }, 'Running 56 %: listing'],
    [
      'waiting for an approval',
      { progress: { ...progress, phase: 'needs approval', approval: sampleApproval }, isReading: false },
      'Needs approval: 120 of 1000 live rows (12.0 %) are gone from the source, until 18:00 UTC',
    ],
    ['done without a change', done(sampleResult('incremental', { outcome: 'idle' })), 'Done: nothing changed'],
    [
      'done with changes that wait',
      done(sampleResult('incremental', { outcome: 'staged', next: { held: sampleHeld } })),
      'Done: 20 changes wait, to be merged at 12:10 UTC',
    ],
    ['never backfilled', done(sampleResult('incremental', { outcome: 'needsBackfill' })), 'Needs a backfill'],
    ['left out', done(sampleResult('reconcile', { startReason: 'counts fit' })), 'Done: left out, since counts fit'],
    [
      'done, and not approved',
      done(sampleResult('reconcile', { vanished: { ...sampleVanished, approval: 'lapsed' } })),
      'Done: what vanished is not flagged, since nobody approved it in time',
    ],
    [
      'done with ids that are nowhere',
      done(sampleResult('resync', { missingIds: 3, totals: { ...zeroCounts, read: 3, tombstones: 3, unchanged: 3 } })),
      'Done: none of the ids is at the source',
    ],
  ])('%s', (_, change, expected) => expect(stateText(view(change))).toBe(expected));

  it('names no worker before anything the worker could have said', () => {
    expect(view({ hasWorker: false, retries: [retry] }).state).toBe('noWorker');
  });
});
