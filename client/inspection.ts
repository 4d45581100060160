import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { parseErrorText } from '../model/errors.ts';
import type { InspectInput, InspectResult, InspectResults, InspectVerb } from '../model/inspection.ts';
import { inspectWorkflowId } from '../model/workflow-id.ts';
import { inspectType } from '../workflows/messages.ts';
import { CliError } from './cli-error.ts';
import { exitCode, exitCodeOfKind } from './exit-code.ts';
import { rootFailure } from './run-end.ts';
import type { TemporalConnection } from './temporal-connection.ts';
import { hasWorkerPolling } from './worker-pollers.ts';

/** A look that takes longer than this has met something that will not answer. */
const answerWithinMs = 120_000;
/** A live worker takes up a new workflow within milliseconds; one that died a moment ago is still listed as polling. */
const takenUpWithinMs = 5_000;

/**
 * Asks the worker that holds the connections. Throws exit code 5 if there is none or it does not answer in time, and the
 * code of the failure's kind if the look itself failed.
 */
export async function inspect<Verb extends InspectVerb>(
  temporal: TemporalConnection,
  taskQueue: string,
  input: Extract<InspectInput, { verb: Verb }>,
  timeoutMs = answerWithinMs,
): Promise<InspectResults[Verb]> {
  if (!(await hasWorkerPolling(temporal, taskQueue))) throw noWorker(taskQueue);
  const handle = await temporal.client.workflow.start<(input: InspectInput) => Promise<InspectResult>>(inspectType, {
    workflowId: inspectWorkflowId(input.verb, new Date().toISOString()),
    taskQueue,
    args: [input],
    workflowExecutionTimeout: timeoutMs,
    staticSummary: inspectSummary(input),
  });
  const answer = handle.result();
  try {
    const unanswered = Symbol('unanswered');
    const early = await Promise.race([answer, sleep(takenUpWithinMs, unanswered, { ref: false })]);
    if (early === unanswered && (await isUntouched(handle))) {
      answer.catch(() => {});
      await handle.terminate('no worker took it up');
      throw noWorker(taskQueue);
    }
    return (await answer) as InspectResults[Verb];
  } catch (error) {
    if (error instanceof WorkflowFailedError) throw inspectionFailed(input.verb, timeoutMs, error);
    throw error;
  }
}

/** Whether no worker has begun its first workflow task: the start and that task are all of its history. */
async function isUntouched(handle: WorkflowHandle): Promise<boolean> {
  const { status, historyLength } = await handle.describe();
  return status.name === 'RUNNING' && historyLength <= 2;
}

export function noWorker(taskQueue: string): CliError {
  return new CliError(exitCode.unreachable, `no worker polls task queue ${taskQueue}`, {
    next: 'sluice dev, or sluice worker',
  });
}

function inspectSummary(input: InspectInput): string {
  switch (input.verb) {
    case 'check':
      return `check ${input.pipelines?.join(' ') ?? 'all pipelines'}`;
    case 'discover':
      return `discover ${input.pipeline} ${input.object ?? ''}`.trimEnd();
    case 'rows':
      return `rows of ${input.streams.length} streams`;
    default:
      return `${input.verb} of ${input.stream}`;
  }
}

function inspectionFailed(verb: string, timeoutMs: number, error: WorkflowFailedError): CliError {
  const failure = rootFailure(error.cause);
  if (failure !== null) {
    const { message, next } = parseErrorText(failure.message);
    const code = exitCodeOfKind(failure.type ?? 'Unexpected');
    return new CliError(code, message, { ...(next === null ? {} : { next }), cause: error });
  }
  return new CliError(exitCode.unreachable, `${verb} got no answer within ${timeoutMs / 1_000} s`, {
    next: "look at the worker's log",
    cause: error,
  });
}
