import { setTimeout as delay } from 'node:timers/promises';
import { Client, ScheduleNotFoundError, WorkflowFailedError, type ScheduleDescription } from '@temporalio/client';
import { WorkflowNotFoundError, type DataConverter } from '@temporalio/common';
import type { NativeConnection } from '@temporalio/worker';
import { SyncError } from '../model/errors.ts';
import type { Log } from '../model/log.ts';
import { orAborted } from '../model/or-aborted.ts';
import { scheduleId } from '../model/workflow-id.ts';
import { applySignal, type IncrementalResult } from '../workflows/messages.ts';

interface HeldApplierOptions {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly dataConverter?: DataConverter;
  readonly log: Log;
  /** For tests. */
  readonly waitMs?: number;
}

/** A run may end just before it is asked. */
const mostTries = 5;
/** What compares goes on then all the same: it is right in any case, and repairs what would have been merged. */
const usualWaitMs = 10 * 60_000;
const pollMs = 200;

export type ApplyHeld = (stream: string, signal: AbortSignal) => Promise<void>;

/**
 * Has changes of a stream that wait, staged, merged by a run of its schedule, and waits for that. Nothing is done where nothing
 * waits, or where the schedule is paused; a run that fails is another's to tell of. Throws `Unavailable` where Temporal does not answer.
 */
export function heldApplier({ log, waitMs = usualWaitMs, ...server }: HeldApplierOptions): ApplyHeld {
  const client = new Client(server);

  return async (stream, signal) => {
    const schedule = client.schedule.getHandle(scheduleId('incremental', stream));
    const enough = AbortSignal.any([signal, AbortSignal.timeout(waitMs)]);
    try {
      for (let tries = 0; tries < mostTries; tries++) {
        const found = await describe(schedule);
        if (found === null || found.state.paused || !(await isWaiting(client, found, enough))) return;
        const run = await nextRun(schedule, found, enough);
        if ((await ask(client, run)) && (await endOf(client, run, enough)) !== 'staged') return;
      }
    } catch (error) {
      signal.throwIfAborted();
      if (!enough.aborted) throw notReached(stream, error);
    }
    log.warn({ stream }, 'staged changes were not merged first: the run that does it took too long');
  };
}

function notReached(stream: string, cause: unknown): SyncError {
  return new SyncError('Unavailable', `Temporal did not tell whether changes of ${stream} wait`, { cause });
}

type ScheduleHandle = ReturnType<Client['schedule']['getHandle']>;

async function describe(schedule: ScheduleHandle): Promise<ScheduleDescription | null> {
  try {
    return await schedule.describe();
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return null;
    throw error;
  }
}

/** A run under way may be about to stage; one that failed has left what was held to the next one. */
async function isWaiting(client: Client, { info }: ScheduleDescription, signal: AbortSignal): Promise<boolean> {
  if (info.runningActions.length > 0) return true;
  for (const { action } of info.recentActions.toReversed()) {
    const result = await resultOf(client, action.workflow.workflowId, signal);
    if (result !== null) return result.next?.held !== undefined;
  }
  return false;
}

/** The run under way, or one that is triggered: its workflow id. */
async function nextRun(schedule: ScheduleHandle, { info }: ScheduleDescription, signal: AbortSignal): Promise<string> {
  const running = info.runningActions.at(-1);
  if (running !== undefined) return running.workflow.workflowId;
  // Of two runs within a second, both have the same id.
  const before = new Set(info.recentActions.map(({ action }) => action.workflow.firstExecutionRunId));
  await schedule.trigger('BUFFER_ONE');
  for (;;) {
    const { recentActions } = (await schedule.describe()).info;
    const started = recentActions.find(({ action }) => !before.has(action.workflow.firstExecutionRunId));
    if (started !== undefined) return started.action.workflow.workflowId;
    await delay(pollMs, undefined, { signal });
  }
}

/** False where the run has ended. */
async function ask(client: Client, workflowId: string): Promise<boolean> {
  try {
    await client.workflow.getHandle(workflowId).signal(applySignal);
    return true;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

async function endOf(client: Client, workflowId: string, signal: AbortSignal): Promise<string> {
  for (;;) {
    signal.throwIfAborted();
    const { status } = await client.workflow.getHandle(workflowId).describe();
    if (status.name !== 'RUNNING') return (await resultOf(client, workflowId, signal))?.outcome ?? status.name;
    await delay(pollMs, undefined, { signal });
  }
}

/** Null for a run that failed, or that Temporal no longer keeps. */
async function resultOf(client: Client, workflowId: string, signal: AbortSignal): Promise<IncrementalResult | null> {
  try {
    return await orAborted(client.workflow.getHandle<() => Promise<IncrementalResult>>(workflowId).result(), signal);
  } catch (error) {
    if (error instanceof WorkflowFailedError || error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}
