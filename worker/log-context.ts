import { AsyncLocalStorage } from 'node:async_hooks';
import type { ActivityInterceptors } from '@temporalio/worker';

/** What every log line of an activity carries, also those of the connectors it calls. */
export interface LogContext {
  readonly stream?: string;
  readonly mode?: string;
  /** Run id of the run's first execution. */
  readonly run?: string;
  readonly workflowId: string;
  readonly activity: string;
  readonly attempt: number;
}

const contexts = new AsyncLocalStorage<LogContext>();

/** Of the activity that is running here; nothing outside of one. */
export function logContext(): object {
  return contexts.getStore() ?? {};
}

export interface RunningActivity {
  readonly activityType: string;
  readonly attempt: number;
  readonly workflowExecution?: { readonly workflowId: string };
}

/** Names the run in the lines that its activities log, and in the SDK's about them. */
export function logContextInterceptors(info: RunningActivity): ActivityInterceptors {
  let context: LogContext | null = null;
  return {
    inbound: {
      execute(input, next) {
        context = contextOf(info, input.args[0]);
        return contexts.run(context, () => next(input));
      },
    },
    outbound: {
      getLogAttributes: (input, next) => ({ ...next(input), ...context }),
    },
  };
}

/** The ids come first in an activity's one argument. */
export function contextOf(
  { activityType: activity, attempt, workflowExecution }: RunningActivity,
  argument: unknown,
): LogContext {
  const of = (argument ?? {}) as Readonly<Record<string, unknown>>;
  const texts = ['stream', 'mode', 'run'].flatMap((name) => (typeof of[name] === 'string' ? [[name, of[name]]] : []));
  return { ...Object.fromEntries(texts), workflowId: workflowExecution?.workflowId ?? '', activity, attempt };
}
