import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { parseErrorText } from '../model/errors.ts';
import { CliError } from './cli-error.ts';
import { spanText } from './duration.ts';
import { exitCode, exitCodeOfKind } from './exit-code.ts';
import { rootFailure } from './run-end.ts';
import type { TemporalConnection } from './temporal-connection.ts';
import { hasWorkerPolling } from './worker-pollers.ts';

/** A live worker takes up a new workflow within milliseconds; one that died a moment ago is still listed as polling. */
const takenUpWithinMs = 5_000;

/** A workflow that answers somebody who waits for it. */
export interface Question {
  readonly type: string;
  readonly workflowId: string;
  readonly taskQueue: string;
  readonly input: object;
  /** What is asked, for history and errors: `verify of crm.contacts`. */
  readonly summary: string;
  readonly timeoutMs: number;
  /** When aborted, the question is taken back. */
  readonly signal?: AbortSignal;
  /** Called as soon as the server has taken the question. */
  readonly onStarted?: (workflowId: string) => void;
}

/**
 * Starts the workflow and waits for its result. Throws exit code 5 if there is no worker or it does not answer in time, the
 * code of the failure's kind if the work itself failed, and 130 where the signal was aborted.
 */
export async function askWorkflow<Answer>(temporal: TemporalConnection, question: Question): Promise<Answer> {
  const { taskQueue, timeoutMs, signal } = question;
  if (!(await hasWorkerPolling(temporal, taskQueue))) throw noWorker(taskQueue);
  const handle = await temporal.client.workflow.start<(input: object) => Promise<Answer>>(question.type, {
    workflowId: question.workflowId,
    taskQueue,
    args: [question.input],
    workflowExecutionTimeout: timeoutMs,
    workflowIdConflictPolicy: 'FAIL',
    staticSummary: question.summary,
  });
  question.onStarted?.(handle.workflowId);
  const takeBack = (): void => void handle.cancel().catch(() => {});
  signal?.addEventListener('abort', takeBack, { once: true });
  if (signal?.aborted) takeBack();
  const answer = handle.result();
  try {
    const unanswered = Symbol('unanswered');
    const early = await Promise.race([answer, sleep(takenUpWithinMs, unanswered, { ref: false })]);
    if (early === unanswered && (await isUntouched(handle))) {
      answer.catch(() => {});
      await handle.terminate('no worker took it up');
      throw noWorker(taskQueue);
    }
    return await answer;
  } catch (error) {
    if (signal?.aborted) throw new CliError(exitCode.interrupted, `${question.summary} was stopped`, { cause: error });
    if (error instanceof WorkflowFailedError) throw unanswered(question, error);
    throw error;
  } finally {
    signal?.removeEventListener('abort', takeBack);
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

function unanswered({ summary, timeoutMs }: Question, error: WorkflowFailedError): CliError {
  const failure = rootFailure(error.cause);
  if (failure !== null) {
    const { message, next } = parseErrorText(failure.message);
    const code = exitCodeOfKind(failure.type ?? 'Unexpected');
    return new CliError(code, message, { ...(next === null ? {} : { next }), cause: error });
  }
  return new CliError(exitCode.unreachable, `${summary} got no answer within ${spanText(timeoutMs)}`, {
    next: "look at the worker's log",
    cause: error,
  });
}
