import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { BegunIncrementalRun } from '../../activities/begin-incremental.ts';
import { zeroRequests } from '../../model/batch.ts';
import type { HeldChanges } from '../../model/held-changes.ts';
import { syncWorkflowId } from '../../model/workflow-id.ts';
import { heldApplier } from '../../worker/apply-held.ts';
import { applySignal, type IncrementalResult } from '../../workflows/messages.ts';
import { heldNeed } from '../../client/doctor/held-need.ts';
import { connectionTo } from '../support/connection-to.ts';
import { eventually } from '../support/eventually.ts';
import { FakeSteps } from '../support/fake-steps.ts';
import { createIncrementalSchedule } from '../support/incremental-schedule.ts';
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

describe('changes that may wait', () => {
  const minutes = (n: number) => new Date(Date.parse(later.fast) + n * 60_000).toISOString();

  function heldOf(fake: FakeSteps): HeldChanges {
    const [since, dueAt] = [earlier.fast, minutes(8)];
    const found = fake.firstBatch();
    return {
      run: 'run-1',
      since,
      dueAt,
      positions: later,
      batches: [found],
      plan: 'plan',
      layout: 'layout',
      access: 'portal 1',
    };
  }

  /** The next looks find that nothing of what waits is due, however much the counts differ. */
  function held(fake: FakeSteps, changes: number, positions = later): BegunIncrementalRun {
    const sourceNow = positions.fast;
    return { ...looked, kind: 'held', held: heldOf(fake), changes, positions, sourceNow, sourceRecords: 500 };
  }

  /** A schedule that starts a run only when it is triggered, and a worker for it. */
  async function withSchedule(fake: FakeSteps, body: (trigger: () => Promise<void>) => Promise<void>): Promise<void> {
    const taskQueue = `held-${stream}`;
    const worker = await world.createWorker(fake, taskQueue);
    const schedule = await createIncrementalSchedule(world.temporal.client, { stream, taskQueue });
    await worker.runUntil(async () => body(async () => schedule.trigger('BUFFER_ONE')));
    await schedule.delete();
  }

  it('are handed from run to run until one merges them, and no count is judged meanwhile', async () => {
    const fake = new FakeSteps(10);
    const after = { ...later, fast: minutes(2) };
    fake.begins = [held(fake, 10), held(fake, 0, after), changed(fake), idle];
    await withSchedule(fake, async (trigger) => {
      for (const runs of [1, 2, 3, 4]) {
        await trigger();
        await eventually(`run ${runs}`, () => fake.reports.length === runs);
      }
    });
    const waiting = { held: heldOf(fake), isAsked: false };
    const withoutNames = ({ batches, ...rest }: HeldChanges) => ({ ...rest, staged: batches.length });
    expect(fake.waitings.map((each) => each && { ...each, held: each.held && withoutNames(each.held) })).toEqual([
      { held: null, lookedAt: null, isAsked: false },
      { held: withoutNames(waiting.held), lookedAt: later.fast, isAsked: false },
      { held: withoutNames(waiting.held), lookedAt: after.fast, isAsked: false },
      { held: null, lookedAt: later.fast, isAsked: false },
    ]);
    // The ledger is where it was until they are merged.
    expect(fake.standings.slice(1)).toMatchObject([
      { ledgerPositions: earlier, positions: earlier },
      { ledgerPositions: earlier, positions: earlier },
      { ledgerPositions: later, positions: later },
    ]);
    expect(fake.log).toEqual(['begin', 'begin', 'begin', 'merge 1', 'finish done', 'begin']);
    expect(fake.reconcileCalls).toBe(0);
    expect(fake.reports).toMatchObject([
      { kind: 'done', bringsUpToDate: false, undone: null, positions: earlier },
      { kind: 'done', bringsUpToDate: false, undone: null, positions: earlier },
      { kind: 'done', bringsUpToDate: true, positions: later },
      { kind: 'done', bringsUpToDate: true },
    ]);
  });

  it('are told of by the run that staged them', async () => {
    const fake = new FakeSteps(10);
    fake.begins = [held(fake, 10)];
    expect(await run(fake)).toMatchObject({
      outcome: 'staged',
      text: `${looked.text}: 10 changes staged; 10 changes wait, to be merged at 12:08 UTC`,
      batches: 0,
      rows: null,
      next: { positions: earlier, ledgerPositions: earlier, held: { positions: later }, idleRuns: 0 },
    });
  });

  it('are forgotten where the ledger has no positions any more', async () => {
    const fake = new FakeSteps(10);
    fake.begins = [held(fake, 10), { kind: 'needsBackfill', reason: 'it was never backfilled completely' }];
    await withSchedule(fake, async (trigger) => {
      for (const runs of [1, 2, 3]) {
        await trigger();
        await eventually(`run ${runs}`, () => fake.reports.length === runs);
      }
    });
    expect(fake.waitings.map((waiting) => waiting?.held?.run)).toEqual([undefined, 'run-1', undefined]);
    expect(fake.standings[2]).toMatchObject({ ledgerPositions: earlier, positions: earlier });
  });

  it('are merged by the run that is asked to while it stages them', async () => {
    const fake = new FakeSteps(10);
    fake.begins = [held(fake, 10), changed(fake)];
    const handle = world.temporal.client.workflow.getHandle(syncWorkflowId('incremental', stream));
    fake.onBegin = async () => {
      if (fake.waitings.length === 1) await handle.signal(applySignal);
    };
    expect(await run(fake)).toMatchObject({ outcome: 'changed', next: { positions: later } });
    expect(fake.waitings).toMatchObject([
      { held: null, isAsked: false },
      { held: { run: 'run-1' }, lookedAt: later.fast, isAsked: true },
    ]);
    expect(fake.log).toEqual(['begin', 'begin', 'merge 1', 'finish done']);
  });

  it('are merged in sequence where they were staged in several forms', async () => {
    const fake = new FakeSteps(10);
    const begun = changed(fake) as Extract<BegunIncrementalRun, { kind: 'begun' }>;
    const unread = { kind: 'idRanges', ranges: [{ from: '0', to: null }] } as const;
    const first = { ...begun.batch!, batchId: 'waited', frontierAfter: unread };
    const batch = { ...begun.batch!, sequence: 2, predecessor: 'waited' };
    fake.begins = [{ ...begun, earlier: [first], batch }];
    expect(await run(fake)).toMatchObject({ outcome: 'changed', batches: 2 });
    expect(fake.log).toEqual(['begin', 'merge 1', 'merge 2', 'finish done']);
  });

  it('are merged before a comparison, by a run of the schedule that is asked for', async () => {
    const fake = new FakeSteps(10);
    fake.begins = [held(fake, 10), changed(fake), idle];
    const log = { info() {}, warn() {}, error() {} };
    const applyHeld = heldApplier({ connection: world.native, namespace: 'default', log });
    await withSchedule(fake, async (trigger) => {
      const signal = AbortSignal.timeout(60_000);
      await trigger();
      await eventually('the first run', () => fake.reports.length === 1);
      const temporal = connectionTo(world.temporal);
      expect(await heldNeed(temporal, { stream, run: 'run-1' })).toBe('needed');
      expect(await heldNeed(temporal, { stream, run: 'run-0' })).toBe('left');
      await applyHeld(stream, signal);
      expect(await heldNeed(temporal, { stream, run: 'run-1' })).toBe('left');
      // It may have ended before it could be asked: what it had found, it would have merged in any case.
      expect(fake.log.slice(1, 4)).toEqual(['begin', 'merge 1', 'finish done']);
      const begun = fake.waitings.length;
      await applyHeld(stream, signal);
      expect(fake.waitings).toHaveLength(begun);
    });
    await applyHeld('crm.unscheduled', AbortSignal.timeout(60_000));
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
