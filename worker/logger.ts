import { DefaultLogger, type Logger as TemporalLogger } from '@temporalio/worker';
import { destination, pino, type Logger } from 'pino';
import { parseSyncWorkflowId } from '../model/workflow-id.ts';
import { logContext } from './log-context.ts';

/** Structured logs as JSON lines on stderr; stdout belongs to data. */
export function createLogger(level: string): Logger {
  const mixin = logContext;
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime, mixin }, destination(2));
}

/** What the SDK warns of although it is meant: the worker of an owner queue has activities only. */
const meant: ReadonlySet<string> = new Set(['No workflows registered, not polling for workflow tasks']);

/** The SDK's own log, and that of workflows, through the same lines. */
export function temporalLogger(log: Logger): TemporalLogger {
  const levels = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;
  return new DefaultLogger('INFO', ({ level, message, meta }) => {
    log[meant.has(message) ? 'debug' : levels[level]]({ ...pickPlain(meta) }, message);
  });
}

/** What the SDK adds of a task that it could not start: the whole of it, with its inputs. */
const whole: ReadonlySet<string> = new Set(['taskToken', 'task', 'taskEncoded']);

/** Fields that name the run; errors by name only, since their texts are in history already, scrubbed. */
function pickPlain(meta: object | undefined): Record<string, unknown> {
  const isPlain = (value: unknown): boolean => value === null || typeof value !== 'object' || Array.isArray(value);
  const plain = Object.fromEntries(
    Object.entries(meta ?? {}).filter(([name, value]) => !whole.has(name) && isPlain(value)),
  );
  const { workflowId } = plain;
  return typeof workflowId === 'string' ? { ...parseSyncWorkflowId(workflowId), ...plain } : plain;
}
