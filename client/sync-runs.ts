import { randomUUID } from 'node:crypto';
import type { WorkflowExecutionDescription } from '@temporalio/client';
import { WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError, type SignalDefinition } from '@temporalio/common';
import type { SyncMode } from '../model/plan.ts';
import { syncWorkflowId, workflowNames } from '../model/workflow-id.ts';
import { pauseSignal, resumeSignal, type PauseArgs } from '../workflows/messages.ts';
import { callerName } from './caller-name.ts';
import { CliError, grpcStatusOf } from './cli-error.ts';
import { describeOpenRuns, firstRunIdOf, latestRunOf, type RunKey, type RunTarget } from './describe-run.ts';
import { untilText } from './duration.ts';
import { exitCode } from './exit-code.ts';
import { runNoun } from './mode-words.ts';
import type { TemporalConnection } from './temporal-connection.ts';
import { noteCommand } from './trace-command.ts';

/** What a run is to do: the input of its workflow, and the line that its history begins with. */
export interface RunOrder {
  readonly mode: SyncMode;
  readonly input: { readonly stream: string };
  readonly summary: string;
}

/** Starts a run under the fixed id of its mode and stream; throws a usage error if one is running there. */
export async function startRun(
  temporal: TemporalConnection,
  { mode, input, summary }: RunOrder,
  taskQueue: string,
): Promise<RunTarget> {
  const { stream } = input;
  const workflowId = syncWorkflowId(mode, stream);
  const { type } = workflowNames[mode];
  const startedAtMs = Date.now();
  try {
    const handle = await temporal.client.workflow.start(type, {
      workflowId,
      taskQueue,
      args: [input],
      workflowIdConflictPolicy: 'FAIL',
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      staticSummary: summary,
    });
    const started: RunTarget = { mode, stream, workflowId, run: handle.firstExecutionRunId };
    noteCommand(temporal.traces, `StartWorkflow:${type}`, { ...started, startedAtMs });
    return started;
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    throw alreadyRunning({ mode, stream }, await latestRunOf(temporal, { mode, stream }), error);
  }
}

export function alreadyRunning(
  { mode, stream }: RunKey,
  running: WorkflowExecutionDescription | null,
  cause?: unknown,
): CliError {
  const since = running === null ? '' : ` (started ${untilText(running.startTime.toISOString(), new Date())})`;
  return new CliError(exitCode.usage, `${runNoun[mode]} of ${stream} is already running${since}`, {
    next: `sluice status ${stream} --watch`,
    cause,
  });
}

/** Signals the mode's open run of the stream; false if there is none. */
export async function pauseRun(temporal: TemporalConnection, key: RunKey, args: PauseArgs): Promise<boolean> {
  return withOpenRun(temporal, { key, name: 'SignalWorkflow:pause' }, ({ workflowId }) =>
    temporal.client.workflow.getHandle(workflowId).signal(pauseSignal, args),
  );
}

/** Signals the mode's open run of the stream; false if there is none. */
export async function resumeRun(temporal: TemporalConnection, key: RunKey, args: PauseArgs): Promise<boolean> {
  return withOpenRun(temporal, { key, name: 'SignalWorkflow:resume' }, ({ workflowId }) =>
    temporal.client.workflow.getHandle(workflowId).signal(resumeSignal, args),
  );
}

/** Asks the mode's open run of the stream to stop, with a reason for its history; false if there is none. */
export async function cancelRun(temporal: TemporalConnection, key: RunKey, reason: string): Promise<boolean> {
  // The client's own cancel() has no room for a reason.
  return withOpenRun(temporal, { key, name: 'CancelWorkflow' }, (run) =>
    temporal.client.workflowService.requestCancelWorkflowExecution({
      namespace: temporal.namespace,
      workflowExecution: { workflowId: run.workflowId },
      firstExecutionRunId: firstRunIdOf(run),
      identity: callerName(),
      requestId: randomUUID(),
      reason,
    }),
  );
}

/** False where the run has ended. */
export async function signalRun(
  temporal: TemporalConnection,
  run: RunTarget,
  signal: SignalDefinition,
): Promise<boolean> {
  const startedAtMs = Date.now();
  const { workflowId } = run;
  if (!(await unlessEnded(() => temporal.client.workflow.getHandle(workflowId).signal(signal)))) return false;
  noteCommand(temporal.traces, `SignalWorkflow:${signal.name}`, { ...run, startedAtMs });
  return true;
}

async function withOpenRun(
  temporal: TemporalConnection,
  { key, name }: { readonly key: RunKey; readonly name: string },
  request: (run: WorkflowExecutionDescription) => Promise<unknown>,
): Promise<boolean> {
  const open = await describeOpenRuns(temporal, key);
  const ask = async (run: WorkflowExecutionDescription): Promise<boolean> => {
    const startedAtMs = Date.now();
    if (!(await unlessEnded(() => request(run)))) return false;
    const { workflowId } = run;
    noteCommand(temporal.traces, name, { ...key, workflowId, run: firstRunIdOf(run), startedAtMs });
    return true;
  };
  const reached = await Promise.all(open.map(ask));
  return reached.includes(true);
}

// https://grpc.github.io/grpc/core/md_doc_statuscodes.html
const notFound = 5;

/** A run that ended a moment ago has nothing left to steer. */
async function unlessEnded(request: () => Promise<unknown>): Promise<boolean> {
  try {
    await request();
    return true;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError || grpcStatusOf(error)?.code === notFound) return false;
    throw error;
  }
}
