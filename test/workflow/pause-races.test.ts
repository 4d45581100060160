import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { desiredSchedules, type DesiredSchedule } from '../../client/desired-schedules.ts';
import { lastScheduledRun } from '../../client/last-scheduled-run.ts';
import { observeLatest } from '../../client/observe-run.ts';
import { readStatus, type StreamStatus } from '../../client/stream-status.ts';
import { createSchedule } from '../../client/stored-schedule.ts';
import type { TemporalConnection } from '../../client/temporal-connection.ts';
import { zeroRequests } from '../../model/batch.ts';
import type { SyncMode } from '../../model/plan.ts';
import type { ScheduledMode } from '../../model/scheduled-mode.ts';
import { scheduleId, syncWorkflowId, workflowNames } from '../../model/workflow-id.ts';
import { pauseSignal, resumeSignal, type BackfillResult } from '../../workflows/messages.ts';
import { connectionTo } from '../support/connection-to.ts';
import { eventually } from '../support/eventually.ts';
import { FakeSteps } from '../support/fake-steps.ts';
import { progressOf, WorkflowWorld, type RunHandle } from '../support/workflow-world.ts';

let world: WorkflowWorld;
let temporal: TemporalConnection;
let taskQueue = '';
let stream: `crm.${string}` = 'crm.none';

beforeAll(async () => {
  world = await WorkflowWorld.open();
  temporal = connectionTo(world.temporal);
  await deleteRun();
});

afterAll(() => world?.[Symbol.asyncDispose]());

beforeEach(() => {
  const name = Math.random().toString(36).slice(2);
  taskQueue = `test-${name}`;
  stream = `crm.s${name}`;
});

const started = (mode: SyncMode = 'backfill') => ({
  workflowId: syncWorkflowId(mode, stream),
  taskQueue,
  args: [{ stream }],
});

/** Before any worker is there: its first task waits. */
const startUnserved = (mode: SyncMode = 'backfill'): Promise<RunHandle> =>
  temporal.client.workflow.start(workflowNames[mode].type, started(mode));

async function served<T>(fake: FakeSteps, body: () => Promise<T>): Promise<T> {
  const worker = await world.createWorker(fake, taskQueue);
  return worker.runUntil(body);
}

const isPaused = async (handle: RunHandle): Promise<boolean> => (await progressOf(handle)).phase === 'paused';

const resultOf = async (handle: RunHandle): Promise<BackfillResult> => (await handle.result()) as BackfillResult;

describe('a pause', () => {
  it('that is there before the first task of the run holds it before its first step', async () => {
    const fake = new FakeSteps(25);
    const handle = await startUnserved();
    await handle.signal(pauseSignal, { by: 'anna' });
    await served(fake, async () => {
      await eventually('paused', () => isPaused(handle));
      expect(fake.log).toEqual([]);
      await handle.signal(resumeSignal);
      expect((await resultOf(handle)).totals.inserted).toBe(25);
    });
  });

  it('and its resume, both before the first task, are none', async () => {
    const fake = new FakeSteps(25);
    const handle = await startUnserved();
    await handle.signal(pauseSignal, { by: 'anna' });
    await handle.signal(resumeSignal);
    expect((await served(fake, () => resultOf(handle))).totals.inserted).toBe(25);
  });

  it('sent along with the start holds the run before its first step', async () => {
    const fake = new FakeSteps(25);
    await served(fake, async () => {
      const handle = await temporal.client.workflow.signalWithStart(workflowNames.backfill.type, {
        ...started(),
        signal: pauseSignal,
        signalArgs: [{ by: 'anna' }],
      });
      const run = temporal.client.workflow.getHandle(handle.workflowId) as RunHandle;
      await eventually('paused', () => isPaused(run));
      expect(fake.log).toEqual([]);
      await run.signal(resumeSignal);
      expect((await resultOf(run)).totals.inserted).toBe(25);
    });
  });

  it('is a state and no count: two are undone by one resume, and two resumes by one pause', async () => {
    const fake = new FakeSteps(60);
    fake.chunkMs = 200;
    const handle = await startUnserved();
    await served(fake, async () => {
      await eventually('a chunk is read', () => fake.log.includes('extract 1'));
      await handle.signal(pauseSignal, { by: 'anna' });
      await handle.signal(pauseSignal, { by: 'ben' });
      await eventually('paused', () => isPaused(handle));
      await handle.signal(resumeSignal);
      await eventually('it goes on', async () => !(await isPaused(handle)));
      await handle.signal(resumeSignal);
      await handle.signal(resumeSignal);
      await handle.signal(pauseSignal, { by: 'cleo' });
      await eventually('paused again', () => isPaused(handle));
      expect((await progressOf(handle)).paused).toMatchObject({ by: 'cleo' });
      await handle.signal(resumeSignal);
      expect((await resultOf(handle)).totals.inserted).toBe(60);
    });
  });
});

/** Activities whose results the server gets one at a time, each when it is let through. */
function heldBack(activities: object): { activities: object; letOneThrough: () => void } {
  const waiting: (() => void)[] = [];
  const held = Object.entries(activities as Record<string, (input: unknown) => Promise<unknown>>).map(
    ([name, step]) => {
      const heldStep = async (input: unknown): Promise<unknown> => {
        const result = await step(input);
        await new Promise<void>((resolve) => waiting.push(resolve));
        return result;
      };
      return [name, heldStep] as const;
    },
  );
  return { activities: Object.fromEntries(held), letOneThrough: () => waiting.shift()?.() };
}

it('a run that meets another worker with each workflow task ends as any other', async () => {
  const fake = new FakeSteps(20);
  const { activities, letOneThrough } = heldBack(fake.activities);
  fake.taskQueue = `${taskQueue}-steps`;
  const steps = await world.createActivityWorker(activities, fake.taskQueue);
  const handle = await startUnserved();
  const workers = await steps.runUntil(async () => {
    for (let tasks = 1; ; tasks++) {
      const worker = await world.createWorker(fake, taskQueue);
      await worker.runUntil(() =>
        eventually('a workflow task', async () => (await tasksOf(handle)).completed === tasks),
      );
      if ((await handle.describe()).status.name !== 'RUNNING') return tasks;
      // Nobody is there when its next task comes.
      await eventually('that task', async () => {
        letOneThrough();
        return (await tasksOf(handle)).scheduled > tasks;
      });
    }
  });
  expect((await resultOf(handle)).totals).toMatchObject({ read: 20, inserted: 20 });
  expect(fake.merged.size).toBe(20);
  expect(workers).toBeGreaterThan(4);
});

async function tasksOf(handle: RunHandle): Promise<{ scheduled: number; completed: number }> {
  const { events } = await handle.fetchHistory();
  return {
    scheduled: (events ?? []).filter((event) => event.workflowTaskScheduledEventAttributes).length,
    completed: (events ?? []).filter((event) => event.workflowTaskCompletedEventAttributes).length,
  };
}

const positions = { fast: '2026-11-20T12:00:00.000Z', settled: '2026-11-20T11:00:00.000Z' };

/** An account of which incremental runs and soft deletes find nothing new. */
function quietAccount(): FakeSteps {
  const fake = new FakeSteps(0);
  const standing = { generation: 1, ledgerPositions: positions, positions, liveRows: 10 };
  const looked = {
    sourceRecords: 10,
    sourceNow: positions.fast,
    earliestReconcileMs: 3_600_000,
    requests: zeroRequests,
  };
  fake.begins = [{ kind: 'idle', text: 'looked', standing, positions, ...looked }];
  fake.leftOut = 'nothing to delete';
  return fake;
}

/** Schedules of one mode each second; the others are off. */
function everySecond(mode: ScheduledMode, of: `crm.${string}` = stream): DesiredSchedule {
  const off = { incrementalMs: null, softDeleteMs: null, reconcileMs: null };
  const schedules = { ...off, [`${mode}Ms`]: 1_000, calendars: {}, timezone: 'UTC', jitterMs: 0 };
  return desiredSchedules({ stream: of, schedules }, taskQueue)[0]!;
}

const scheduleOf = (mode: ScheduledMode, of: string = stream) =>
  temporal.client.schedule.getHandle(scheduleId(mode, of));

const firstRunOf = (mode: ScheduledMode, of: string = stream): Promise<RunHandle> =>
  eventually('a scheduled run', async () => {
    const [first] = (await scheduleOf(mode, of).describe()).info.recentActions;
    return first && (temporal.client.workflow.getHandle(first.action.workflow.workflowId) as RunHandle);
  });

const runsSoFar = async (mode: ScheduledMode): Promise<number> =>
  (await scheduleOf(mode).describe()).info.numActionsTaken;

describe('a schedule whose run is paused by itself', () => {
  it.each([
    ['incremental', 1],
    ['softDelete', 0],
  ] as const)('of %s leaves runs out and has %d queued, which status tells', async (mode, queued) => {
    const desired = everySecond(mode);
    await createSchedule(temporal, desired, 'by a test');
    const handle = await firstRunOf(mode);
    await handle.signal(pauseSignal, { by: 'anna', note: 'launch' });
    await served(quietAccount(), async () => {
      const status = await eventually('a run is left out', async () => {
        const [seen] = await readStatus(temporal, [stream], new Map([[stream, [desired]]]));
        return isHeldAndSkipping(seen!, mode) && seen!;
      });
      expect(status.state).toBe('paused');
      expect(status.why).toMatch(/^by anna at .* UTC "launch"$/);
      const schedule = status.schedules.find((each) => each.mode === mode)!;
      expect(schedule).toMatchObject({ state: 'active', isPaused: false, drift: [], missedCatchup: 0, queued });
      expect(await runsSoFar(mode)).toBe(1);
      await handle.signal(resumeSignal);
      await handle.result();
      await eventually('the next run', async () => (await runsSoFar(mode)) > 1);
      await scheduleOf(mode).delete();
    });
  });

  function isHeldAndSkipping({ state, schedules }: StreamStatus, mode: ScheduledMode): boolean {
    return state === 'paused' && schedules.some((each) => each.mode === mode && each.skippedOverlap > 1);
  }
});

const gone = { mode: 'incremental', stream: 'crm.gone' } as const;
const goneAccount = quietAccount();

function goneSchedule(): DesiredSchedule {
  const times = { kind: 'interval', everyMs: 86_400_000, offsetMs: 0 } as const;
  return { ...everySecond(gone.mode, gone.stream), taskQueue: gone.stream, times };
}

/** The server takes some ten seconds to delete a run, in which the other tests go on. */
async function deleteRun(): Promise<void> {
  await createSchedule(temporal, goneSchedule(), 'by a test');
  await scheduleOf(gone.mode, gone.stream).trigger();
  const worker = await world.createWorker(goneAccount, gone.stream);
  await worker.runUntil(async () => {
    const run = await firstRunOf(gone.mode, gone.stream);
    await run.result();
    await temporal.client.workflowService.deleteWorkflowExecution({
      namespace: temporal.namespace,
      workflowExecution: { workflowId: run.workflowId },
    });
  });
}

it('a run that Temporal keeps no more is none, and its schedule starts the next', async () => {
  expect(goneAccount.standings).toEqual([null]);
  await eventually('it is gone', async () => (await observeLatest(temporal, gone)) === null, 40_000);
  const schedule = scheduleOf(gone.mode, gone.stream);
  expect(await lastScheduledRun(temporal, gone, await schedule.describe())).toMatchObject({
    endedAt: null,
    state: null,
    text: 'older than what Temporal keeps',
  });
  const [status] = await readStatus(temporal, [gone.stream], new Map([[gone.stream, [goneSchedule()]]]));
  expect(status).toMatchObject({ state: 'neverRun', runs: [], schedules: [{ mode: gone.mode, drift: [] }] });
  await schedule.trigger();
  const worker = await world.createWorker(goneAccount, gone.stream);
  await worker.runUntil(() => eventually('the next run', () => goneAccount.standings.length === 2));
});
