import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { ScheduleDescription } from '@temporalio/client';
import { syncWorkflowId } from '../model/workflow-id.ts';
import { CliError } from './cli-error.ts';
import { describeOpenRuns, findSchedule, type RunKey, type RunTarget } from './describe-run.ts';
import { exitCode } from './exit-code.ts';
import { alreadyRunning, startRun, type RunOrder } from './sync-runs.ts';
import type { TemporalConnection } from './temporal-connection.ts';
import { noteCommand } from './trace-command.ts';

/** A run that its schedule starts as soon as the one under way has ended. */
export interface QueuedRun extends RunKey {
  readonly run: null;
  /** Names of the runs that the schedule had started before: the next one is this. */
  readonly earlier: ReadonlySet<string>;
}

export type BegunRun = RunTarget | QueuedRun;

export interface BeginOptions {
  readonly taskQueue: string;
  readonly warn: (line: string) => void;
}

const triggeredWithinMs = 15_000;
const pollMs = 250;

/**
 * Begins a run through its schedule, which then counts it as its own and starts none beside it. Where there is no schedule,
 * where it is paused, and where its runs do something else than this order, the run is started directly. Throws a usage error
 * if one is under way that it cannot follow.
 */
export async function beginRun(
  temporal: TemporalConnection,
  order: RunOrder,
  { taskQueue, warn }: BeginOptions,
): Promise<BegunRun> {
  const key = { mode: order.mode, stream: order.input.stream };
  const schedule = await findSchedule(temporal, key);
  const open = await describeOpenRuns(temporal, key);
  if (schedule?.state.paused) {
    const note = schedule.state.note ? ` ("${schedule.state.note}")` : '';
    warn(`schedule ${schedule.scheduleId} is paused${note}; this one run starts all the same`);
  } else if (schedule !== null && isDeepStrictEqual(schedule.action.args, [order.input])) {
    const isAlone = open.length === 0;
    const mayQueue = schedule.policies.overlap === 'BUFFER_ONE';
    if (!isAlone && (!mayQueue || open.some(({ workflowId }) => workflowId === syncWorkflowId(key.mode, key.stream)))) {
      throw alreadyRunning(key, open[0]!);
    }
    return trigger(temporal, { key, schedule, isAlone });
  }
  if (open.length > 0) throw alreadyRunning(key, open[0]!);
  return startRun(temporal, order, taskQueue);
}

/** Waits for a queued run to begin, until the signal is aborted. */
export async function nextRun(
  temporal: TemporalConnection,
  queued: QueuedRun,
  signal: AbortSignal,
): Promise<RunTarget> {
  for (;;) {
    signal.throwIfAborted();
    const schedule = await findSchedule(temporal, queued);
    const started = schedule?.info.recentActions
      .map(({ action }) => action.workflow)
      .find(({ firstExecutionRunId }) => !queued.earlier.has(firstExecutionRunId));
    if (started !== undefined) {
      const { mode, stream } = queued;
      return { mode, stream, workflowId: started.workflowId, run: started.firstExecutionRunId };
    }
    await sleep(pollMs, undefined, { signal });
  }
}

async function trigger(
  temporal: TemporalConnection,
  target: { readonly key: RunKey; readonly schedule: ScheduleDescription; readonly isAlone: boolean },
): Promise<BegunRun> {
  const { key, schedule, isAlone } = target;
  const { recentActions, runningActions } = schedule.info;
  const earlier = new Set(
    [...recentActions.map(({ action }) => action), ...runningActions].map(
      ({ workflow }) => workflow.firstExecutionRunId,
    ),
  );
  const startedAtMs = Date.now();
  await temporal.client.schedule.getHandle(schedule.scheduleId).trigger(schedule.policies.overlap);
  const queued: QueuedRun = { ...key, run: null, earlier };
  if (!isAlone) return queued;
  const tooLate = AbortSignal.timeout(triggeredWithinMs);
  try {
    const begun = await nextRun(temporal, queued, tooLate);
    noteCommand(temporal.traces, 'TriggerSchedule', { ...begun, startedAtMs });
    return begun;
  } catch (error) {
    if (!tooLate.aborted) throw error;
    throw new CliError(exitCode.runFailed, `schedule ${schedule.scheduleId} was triggered and has started no run yet`, {
      next: `sluice status ${key.stream}`,
      cause: error,
    });
  }
}
