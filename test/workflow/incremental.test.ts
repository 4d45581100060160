import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { BegunIncrementalRun } from '../../activities/begin-incremental.ts';
import { zeroRequests } from '../../model/batch.ts';
import { syncWorkflowId } from '../../model/workflow-id.ts';
import type { IncrementalResult } from '../../workflows/messages.ts';
import { eventually } from '../support/eventually.ts';
import { FakeSteps } from '../support/fake-steps.ts';
import { WorkflowWorld } from '../support/workflow-world.ts';

let stream = '';
let streamCount = 0;
let world: WorkflowWorld;

beforeAll(async () => {
  world = await WorkflowWorld.open();
});

afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
});

beforeEach(() => {
  stream = `crm.changing${++streamCount}`;
});

const earlier = { fast: '2026-11-20T11:58:00.000Z', settled: '2026-11-20T11:00:00.000Z' };
const later = { fast: '2026-11-20T12:00:00.000Z', settled: '2026-11-20T11:00:00.000Z' };

const looked = {
  text: 'Performing incremental sync from 2026-11-20T11:53:00.000Z to 2026-11-20T12:00:00.000Z',
  standing: { generation: 1, ledgerPositions: earlier, positions: earlier, liveRows: 1_000 },
  positions: later,
  sourceRecords: 1_000,
  sourceNow: later.fast,
  earliestReconcileMs: 3_600_000,
  requests: { ...zeroRequests, requests: 3 },
};

const idle: BegunIncrementalRun = { kind: 'idle', ...looked };

function changed(fake: FakeSteps): BegunIncrementalRun {
  const planned = { ...fake.planned({ comparesAfter: false }), positions: later };
  return { kind: 'begun', planned, batch: fake.firstBatch(), wait: null, ...looked };
}

function run(fake: FakeSteps, input: object = { stream }): Promise<IncrementalResult> {
  return world.run(fake, { mode: 'incremental', stream, input }, (handle) => handle.result());
}

describe('incremental', () => {
  it('without a change it takes one step, and hands on where it got to', async () => {
    const fake = new FakeSteps(10);
    fake.begins = [idle];
    const result = await run(fake);
    expect(fake.log).toEqual(['begin']);
    expect(result).toMatchObject({
      outcome: 'idle',
      text: `${looked.text}: nothing changed`,
      batches: 0,
      rows: null,
      next: { generation: 1, ledgerPositions: earlier, positions: later, idleRuns: 1 },
    });
  });

  it('with few changes it takes two steps: what was found is merged as it is', async () => {
    const fake = new FakeSteps(10);
    fake.begins = [changed(fake)];
    const result = await run(fake);
    expect(fake.log).toEqual(['begin', 'merge 1', 'finish done']);
    expect(result).toMatchObject({
      outcome: 'changed',
      text: looked.text,
      next: { ledgerPositions: later, idleRuns: 0 },
    });
  });

  it('says that a backfill is needed, and does nothing', async () => {
    const fake = new FakeSteps(10);
    fake.begins = [{ kind: 'needsBackfill', reason: 'it was never backfilled completely' }];
    const result = await run(fake);
    expect(result).toMatchObject({ outcome: 'needsBackfill', batches: 0, full: null });
    expect(result.text).toContain(`sluice backfill ${stream}`);
  });

  it('reads the whole stream in its place as a replacement, and hands on nothing', async () => {
    const fake = Object.assign(new FakeSteps(30), { comparesAfter: true });
    fake.begins = [{ kind: 'fullSync', reason: 'incremental sync is switched off' }];
    const result = await run(fake);
    expect(result).toMatchObject({ outcome: 'fullSync', mode: 'incremental', next: null, full: { mode: 'backfill' } });
    expect(result.text).toBe('Performing full sync (incremental sync is switched off)');
    expect(fake.merged.size).toBe(30);
    expect(fake.log).toContain('compare');
  });

  it('leaves a full sync to a backfill that is running', async () => {
    const fake = Object.assign(new FakeSteps(200), { chunkMs: 100 });
    fake.begins = [{ kind: 'fullSync', reason: 'asked for' }];
    await world.run(fake, { mode: 'backfill', stream }, async (backfill, taskQueue) => {
      await eventually('reading', () => fake.extracting > 0);
      const handle = await world.temporal.client.workflow.start('incremental', {
        taskQueue,
        workflowId: syncWorkflowId('incremental', stream),
        args: [{ stream, forceFullSync: true }],
      });
      expect(await handle.result()).toMatchObject({ outcome: 'fullSync', full: null });
      await backfill.terminate();
    });
  });

  it('takes no text for a switch: "false" would read the whole stream', async () => {
    const fake = new FakeSteps(10);
    fake.begins = [{ kind: 'fullSync', reason: 'asked for' }];
    await expect(run(fake, { stream, forceFullSync: 'false' })).rejects.toMatchObject({
      cause: { type: 'ConfigInvalid', message: expect.stringContaining('give true or false') as string },
    });
    expect(fake.log).toEqual([]);
  });

  it('waits for the source, then looks again', async () => {
    const fake = new FakeSteps(10);
    const until = new Date(Date.now() + 1_200).toISOString();
    fake.begins = [{ kind: 'wait', wait: { reason: 'HubSpot daily limit', until } }, idle];
    expect(await run(fake)).toMatchObject({ outcome: 'idle' });
    expect(fake.log).toEqual(['begin', 'begin']);
  });

  it('calls a reconciliation once a count has not fitted for a while', async () => {
    const fake = new FakeSteps(10);
    const minutes = (n: number) => new Date(Date.parse(later.fast) + n * 60_000).toISOString();
    fake.begins = [0, 10, 20, 30].map(
      (n) => ({ ...idle, sourceRecords: 800, sourceNow: minutes(n) }) as BegunIncrementalRun,
    );
    const taskQueue = `scheduled-${stream}`;
    const worker = await world.createWorker(fake, taskQueue);
    await worker.runUntil(async () => {
      const schedule = await world.temporal.client.schedule.create({
        scheduleId: syncWorkflowId('incremental', stream),
        spec: { intervals: [{ every: '1 second' }] },
        policies: { overlap: 'SKIP' },
        action: {
          type: 'startWorkflow',
          workflowType: 'incremental',
          workflowId: syncWorkflowId('incremental', stream),
          taskQueue,
          args: [{ stream }],
        },
      });
      await eventually('four runs', () => fake.standings.length >= 4, 30_000);
      await schedule.delete();
    });
    expect(fake.reconcileCalls).toBe(1);
    expect(fake.standings[0]).toBeNull();
    expect(fake.standings[1]).toEqual({ generation: 1, ledgerPositions: earlier, positions: later, liveRows: 1_000 });
  });
});

describe('resync', () => {
  it('reads named records again, under an id of its own', async () => {
    const fake = new FakeSteps(3);
    const input = { stream, ids: ['1', '2', '3', '4'] };
    const result = await world.run(fake, { mode: 'resync', stream, input }, (handle) => handle.result());
    expect(result).toMatchObject({ mode: 'resync', missingIds: 1, totals: { read: 3 } });
  });
});

describe('what a run tells its worker', () => {
  it('is its end, once, with what the schedule’s run before came to', async () => {
    const fake = new FakeSteps(10);
    fake.begins = [idle];
    fake.failsAt.set('begin', 'AuthRejected');
    const { client } = world.temporal;
    const scheduleId = syncWorkflowId('incremental', stream);
    const taskQueue = `test-${stream}`;
    const worker = await world.createWorker(fake, taskQueue);
    const schedule = await client.schedule.create({
      scheduleId,
      spec: { intervals: [{ every: '30d' }] },
      action: {
        type: 'startWorkflow',
        workflowType: 'incremental',
        workflowId: scheduleId,
        taskQueue,
        args: [{ stream }],
      },
    });
    await worker.runUntil(async () => {
      for (const reports of [1, 2, 3]) {
        // As a schedule does by itself; ALLOW_ALL, the default here, would not tell of the run before.
        await schedule.trigger('BUFFER_ONE');
        await eventually(`report ${reports}`, () => fake.reports.length === reports);
      }
    });
    await schedule.delete();
    expect(fake.reports).toMatchObject([
      { kind: 'failed', stream, mode: 'incremental', isScheduled: true, failure: 'AuthRejected', failedBefore: null },
      { kind: 'done', bringsUpToDate: true, rows: 0, positions: later, failedBefore: 'AuthRejected' },
      { kind: 'done', failedBefore: null },
    ]);
  });

  it('says that a backfill is needed, and who started it by hand', async () => {
    const fake = new FakeSteps(10);
    fake.begins = [{ kind: 'needsBackfill', reason: 'it was never backfilled completely' }];
    await run(fake);
    expect(fake.reports).toMatchObject([
      { kind: 'done', isScheduled: false, bringsUpToDate: false, undone: expect.stringContaining('needs backfill') },
    ]);
  });
});
