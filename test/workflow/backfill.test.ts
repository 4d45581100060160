import { WorkflowFailedError, type WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { NativeConnection, Worker, type WorkflowBundleOption } from '@temporalio/worker';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { syncWorkflowId } from '../../model/workflow-id.ts';
import type { backfill } from '../../workflows/backfill.ts';
import {
  pauseSignal,
  progressQuery,
  resumeSignal,
  type BackfillInput,
  type SyncProgress,
} from '../../workflows/messages.ts';
import { eventually } from '../support/eventually.ts';
import { FakeSteps } from '../support/fake-steps.ts';
import { quietRuntime } from '../support/quiet-runtime.ts';
import { startTestTemporal, type TestTemporal } from '../support/temporal.ts';
import { todaysWorkflows } from '../support/todays-workflows.ts';

/** A stream of its own for each test, so that none meets what another left running. */
let stream = '';
let streamCount = 0;

beforeEach(() => {
  stream = `crm.contacts${++streamCount}`;
});

let temporal: TestTemporal;
let native: NativeConnection;
let workflowBundle: WorkflowBundleOption;

beforeAll(async () => {
  quietRuntime();
  temporal = await startTestTemporal();
  native = await NativeConnection.connect({ address: temporal.server.address });
  workflowBundle = await todaysWorkflows();
});

afterAll(async () => {
  await native?.close();
  await temporal?.stop();
});

/** Replaying a thousand events with every task would take a minute. */
const longHistory = { maxCachedWorkflows: 10 };

type Backfill = WorkflowHandleWithFirstExecutionRunId<typeof backfill>;

/** Runs one backfill over fake steps; every workflow task replays from the start of history. */
async function run<T>(
  fake: FakeSteps,
  body: (handle: Backfill) => Promise<T>,
  options: { workflowId?: string; maxCachedWorkflows?: number; input?: object } = {},
): Promise<T> {
  const taskQueue = `test-${Math.random().toString(36).slice(2)}`;
  const worker = await Worker.create({
    connection: native,
    taskQueue,
    workflowBundle,
    activities: fake.activities,
    sinks: fake.sinks,
    maxCachedWorkflows: options.maxCachedWorkflows ?? 0,
    maxHeartbeatThrottleInterval: '100ms',
    defaultHeartbeatThrottleInterval: '100ms',
  });
  return worker.runUntil(async () => {
    const handle = await temporal.client.workflow.start<typeof backfill>('backfill', {
      taskQueue,
      workflowId: options.workflowId ?? syncWorkflowId('backfill', stream),
      args: [(options.input ?? { stream }) as BackfillInput],
    });
    return body(handle);
  });
}

async function failureOf(handle: Backfill): Promise<Error> {
  const error = await handle.result().then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(WorkflowFailedError);
  return (error as WorkflowFailedError).cause!;
}

const progress = (handle: Backfill): Promise<SyncProgress> => handle.query(progressQuery);

describe('backfill', () => {
  it('merges every record once, in sequence, beside the extraction of the next chunk', async () => {
    const fake = new FakeSteps(95);
    fake.mergeMs = 20;
    const result = await run(fake, (handle) => handle.result());
    expect(result).toMatchObject({ batches: 10, totals: { read: 95, inserted: 95 }, rows: { live: 95 } });
    expect(result.watermark).toBe('2026-01-01T00:00:00.000Z');
    expect(fake.ledger.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(fake.overlapped).toBe(true);
    expect(fake.mostStaged).toBeLessThanOrEqual(3);
    expect(fake.closed).toEqual({ status: 'done', error: null });
  });

  it('never stages more than two chunks ahead of a slow merge', async () => {
    const fake = new FakeSteps(80);
    fake.mergeMs = 150;
    await run(fake, (handle) => handle.result());
    expect(fake.mostStaged).toBe(2);
  });

  it('merges several chunks as one where it is asked to, and the rest at the end', async () => {
    const fake = new FakeSteps(95);
    fake.batchesPerMerge = 4;
    fake.mergeMs = 100;
    const result = await run(fake, (handle) => handle.result());
    expect(result).toMatchObject({ batches: 3, totals: { read: 95, inserted: 95 } });
    expect(fake.ledger.map(({ sequence, joined }) => [sequence, joined?.length])).toEqual([
      [1, 4],
      [2, 4],
      [3, 2],
    ]);
    expect(fake.mostStaged).toBeLessThanOrEqual(8);
    expect(fake.overlapped).toBe(true);
  });

  it('merges what is staged before it holds still, and reads a lost stage of several chunks again', async () => {
    const fake = new FakeSteps(95);
    fake.batchesPerMerge = 4;
    fake.losesStageOf.add(2);
    fake.chunkMs = 100;
    await run(fake, async (handle) => {
      await eventually('third chunk under way', () => fake.log.includes('extract 3'));
      await handle.signal(pauseSignal, { by: 'anna', note: 'quota' });
      await eventually('paused', async () => (await progress(handle)).phase === 'paused');
      expect(fake.merged.size).toBeGreaterThanOrEqual(20);
      expect((await progress(handle)).stagedBatches).toBe(0);
      await handle.signal(resumeSignal);
      await handle.result();
    });
    expect(fake.merged.size).toBe(95);
  });

  it('pauses inside a chunk, keeps what was staged, holds still, and resumes', async () => {
    const fake = new FakeSteps(60);
    fake.chunkMs = 400;
    await run(fake, async (handle) => {
      await eventually('second chunk under way', () => fake.log.includes('extract 2'));
      await handle.signal(pauseSignal, { by: 'anna', note: 'quota' });
      await handle.signal(pauseSignal, { by: 'ben' });
      await eventually('paused', async () => (await progress(handle)).phase === 'paused');
      expect(fake.merged.size).toBeLessThan(20);
      expect(fake.merged.size).toBeGreaterThanOrEqual(10);
      const { paused, stagedBatches } = await progress(handle);
      expect(paused).toMatchObject({ by: 'anna', note: 'quota' });
      expect(stagedBatches).toBe(0);
      const before = fake.log.length;
      await new Promise((resolve) => setTimeout(resolve, 600));
      expect(fake.log.length).toBe(before);
      await handle.signal(resumeSignal);
      expect((await handle.result()).totals.inserted).toBe(60);
    });
    expect(fake.merged.size).toBe(60);
  });

  it('a pause while an extract’s worker is dead is a pause, and no failure', async () => {
    const fake = new FakeSteps(40);
    fake.diesAt.add(2);
    await run(fake, async (handle) => {
      await eventually('second chunk under way', () => fake.log.includes('extract 2'));
      await handle.signal(pauseSignal);
      await eventually('paused', async () => (await progress(handle)).phase === 'paused', 25_000);
      await handle.signal(resumeSignal);
      expect((await handle.result()).totals.inserted).toBe(40);
    });
    expect(fake.merged.size).toBe(40);
  }, 60_000);

  it('pauses while it plans, and plans anew when resumed', async () => {
    const fake = new FakeSteps(20);
    fake.planMs = 10_000;
    await run(fake, async (handle) => {
      await eventually('planning', () => fake.log.includes('plan'));
      await handle.signal(pauseSignal);
      await eventually('paused', async () => (await progress(handle)).phase === 'paused');
      fake.planMs = 0;
      await new Promise((resolve) => setTimeout(resolve, 500));
      expect(fake.log).toEqual(['plan']);
      await handle.signal(resumeSignal);
      await handle.result();
    });
    expect(fake.log.slice(0, 2)).toEqual(['plan', 'plan']);
  });

  it('cancel hands the chunk back, closes the run and ends as cancelled', async () => {
    const fake = new FakeSteps(100);
    fake.chunkMs = 5_000;
    const cause = await run(fake, async (handle) => {
      await eventually('extracting', () => fake.extracting > 0);
      await handle.cancel();
      return failureOf(handle);
    });
    expect(cause).toBeInstanceOf(CancelledFailure);
    expect(fake.closed).toEqual({ status: 'cancelled', error: null });
    expect(fake.reports).toMatchObject([{ kind: 'cancelled', stream, mode: 'backfill' }]);
  });

  it('a failed extraction lets staged chunks merge, then ends with its own type', async () => {
    const fake = new FakeSteps(100);
    fake.mergeMs = 100;
    fake.failsAt.set('extract 3', 'AuthRejected');
    const cause = await run(fake, failureOf);
    expect(cause).toBeInstanceOf(ApplicationFailure);
    expect(cause).toMatchObject({ type: 'AuthRejected', message: 'extract 3 failed' });
    expect(fake.ledger.map(({ sequence }) => sequence)).toEqual([1, 2]);
    expect(fake.closed).toEqual({ status: 'failed', error: 'AuthRejected: extract 3 failed' });
  });

  it('a fenced merge stops the run and the extraction beside it', async () => {
    const fake = new FakeSteps(100);
    fake.chunkMs = 300;
    fake.failsAt.set('merge 2', 'Fenced');
    expect(await run(fake, failureOf)).toMatchObject({ type: 'Fenced' });
    expect(fake.extracting).toBe(0);
    expect(fake.ledger).toHaveLength(1);
  });

  it('adopts a ledger that is ahead of its history, as after a reset', async () => {
    const fake = new FakeSteps(100);
    fake.ledgerAheadBy = 4;
    const result = await run(fake, (handle) => handle.result());
    expect(result.totals.read).toBe(100);
    expect(fake.merged.size).toBe(100);
    expect(fake.ledger.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  it('a lost stage drops what was staged after it; all is read again from the ledger', async () => {
    const fake = new FakeSteps(100);
    fake.mergeMs = 50;
    fake.losesStageOf.add(3);
    const result = await run(fake, (handle) => handle.result());
    expect(result.totals.read).toBe(100);
    expect(fake.merged.size).toBe(100);
    expect(fake.log.filter((line) => line === 'extract 3')).toHaveLength(2);
  });

  it('waits out a long limit on a timer, with no activity running, then goes on where it was', async () => {
    const fake = new FakeSteps(40);
    const until = Date.now() + 12_000;
    fake.waitsAt.set(2, { reason: 'HubSpot daily limit', until: new Date(until).toISOString() });
    await run(fake, async (handle) => {
      const waiting = await eventually('waiting', async () => {
        const now = await progress(handle);
        return now.phase === 'waiting' && now.stagedBatches === 0 && now;
      });
      expect(waiting.wait).toEqual({ reason: 'HubSpot daily limit', until: new Date(until).toISOString() });
      const { raw } = await handle.describe();
      expect(raw.pendingActivities ?? []).toHaveLength(0);
      await handle.result();
    });
    expect(fake.extractStartedAt[2]).toBeGreaterThanOrEqual(until - 50);
    expect(fake.merged.size).toBe(40);
  });

  it('a pause during a wait neither shortens nor loses it', async () => {
    const fake = new FakeSteps(20);
    const until = Date.now() + 24_000;
    fake.waitsAt.set(1, { reason: 'HubSpot daily limit', until: new Date(until).toISOString() });
    await run(fake, async (handle) => {
      await eventually('waiting', async () => (await progress(handle)).phase === 'waiting');
      await handle.signal(pauseSignal);
      await eventually('paused', async () => (await progress(handle)).phase === 'paused');
      await handle.signal(resumeSignal);
      await eventually('waiting again', async () => (await progress(handle)).phase === 'waiting');
      await handle.result();
    });
    expect(fake.extractStartedAt[1]).toBeGreaterThanOrEqual(until - 50);
    expect(fake.merged.size).toBe(20);
  });

  it('waits for the source before it plans', async () => {
    const fake = new FakeSteps(10);
    fake.planWait = { reason: 'HubSpot daily limit', until: new Date(Date.now() + 1_000).toISOString() };
    await run(fake, (handle) => handle.result());
    expect(fake.log.filter((line) => line === 'plan')).toHaveLength(2);
  });

  it('continues as new with its ledger position, and with a pause that was on', async () => {
    const fake = new FakeSteps(1_205);
    fake.chunkMs = 1;
    fake.mergeMs = 1;
    await run(
      fake,
      async (handle) => {
        await eventually('many batches', () => fake.ledger.length >= 95, 60_000);
        const first = await handle.describe();
        await handle.signal(pauseSignal, { by: 'anna' });
        await eventually('paused', async () => (await progress(handle)).phase === 'paused');
        await handle.signal(resumeSignal);
        const result = await handle.result();
        expect(result).toMatchObject({ batches: fake.ledger.length, totals: { read: 1_205, inserted: 1_205 } });
        const last = await temporal.client.workflow.getHandle(handle.workflowId).describe();
        expect(last.runId).not.toBe(first.runId);
        expect(result.run).toBe(handle.firstExecutionRunId);
      },
      longHistory,
    );
    expect(fake.log.filter((line) => line === 'plan')).toHaveLength(1);
    expect(fake.merged.size).toBe(1_205);
  });

  it('a pause set just before continue-as-new holds after it', async () => {
    const fake = new FakeSteps(1_100);
    fake.chunkMs = 1;
    fake.mergeMs = 1;
    await run(
      fake,
      async (handle) => {
        await eventually('the last batch of the execution', () => fake.ledger.length >= 99, 60_000);
        await handle.signal(pauseSignal, { by: 'anna' });
        const current = temporal.client.workflow.getHandle<typeof backfill>(handle.workflowId);
        await eventually('paused', async () => (await current.query(progressQuery)).phase === 'paused');
        const held = fake.ledger.length;
        await new Promise((resolve) => setTimeout(resolve, 500));
        expect(fake.ledger.length).toBe(held);
        await current.signal(resumeSignal);
        await handle.result();
      },
      longHistory,
    );
    expect(fake.merged.size).toBe(1_100);
  });

  it('stops, resumable, once too much is rejected', async () => {
    const fake = new FakeSteps(100);
    fake.rejectedPerBatch = 2;
    fake.rejectLimit = 5;
    const cause = await run(fake, failureOf);
    expect(cause).toMatchObject({ type: 'DataRejected' });
    expect(cause.message).toContain(`sluice errors ${stream}`);
    expect(fake.ledger).toHaveLength(3);
    expect(fake.closed?.status).toBe('failed');
  });

  it('refuses to run under another id, and names the right one', async () => {
    const fake = new FakeSteps(10);
    const cause = await run(fake, failureOf, { workflowId: 'my-backfill' });
    expect(cause).toMatchObject({ type: 'ConfigInvalid' });
    expect(cause.message).toContain(`backfill/${stream}`);
    expect(fake.log).toEqual([]);
    expect(fake.reports).toMatchObject([{ kind: 'failed', stream, failure: 'ConfigInvalid' }]);
  });

  it('refuses to run without a stream, instead of getting stuck', async () => {
    const fake = new FakeSteps(10);
    const cause = await run(fake, failureOf, { input: {} });
    expect(cause).toMatchObject({ type: 'ConfigInvalid' });
    expect(cause.message).toContain('{"stream": "<pipeline>.<stream>"}');
  });

  it('refuses an input it does not know, instead of reading the whole stream', async () => {
    const fake = new FakeSteps(10);
    const cause = await run(fake, failureOf, { input: { stream, limt: 10 } });
    expect(cause).toMatchObject({ type: 'ConfigInvalid' });
    expect(cause.message).toContain('no "limt"');
    expect(fake.log).toEqual([]);
  });

  it('adopting reads nothing, and calls a reconciliation once the run is closed', async () => {
    const adopting = async () => {
      const fake = new FakeSteps(0);
      const result = await run(fake, (handle) => handle.result(), { input: { stream, adopt: true } });
      expect(fake.log).toEqual(['plan', 'finish done', 'call reconcile']);
      return result;
    };
    expect(await adopting()).toMatchObject({ adopted: { reconcile: 'called' }, totals: { read: 0 } });
  });

  it('costs at most 14 events a chunk, and shows where it is', async () => {
    const fake = new FakeSteps(200);
    await run(fake, async (handle) => {
      await handle.result();
      const { historyLength, typedSearchAttributes } = await handle.describe();
      expect(historyLength / fake.ledger.length).toBeLessThanOrEqual(14);
      const found = typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value]);
      expect(Object.fromEntries(found)).toMatchObject({
        SyncPipeline: 'crm',
        SyncStream: stream,
        SyncMode: 'backfill',
        SyncPhase: 'done',
      });
    });
  });

  it('does without search attributes where the namespace has none', async () => {
    const fake = new FakeSteps(20);
    fake.canSetSearchAttributes = false;
    await run(fake, async (handle) => {
      await handle.result();
      const names = (await handle.describe()).typedSearchAttributes.getAll().map(({ key }) => key.name);
      expect(names.filter((name) => name.startsWith('Sync'))).toEqual([]);
    });
  });
});
