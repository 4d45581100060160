import type { Environment } from '../config/references.ts';
import { openTracesWhenUsed } from '../tracing/open-traces.ts';
import type { RunSpan, RunTraces } from '../tracing/run-span.ts';
import { createOutput } from './output.ts';

/** A command ends at once: a collector that does not answer may hold it up by this, and no longer. */
const answerWithinMs = 700;
const closeWithinMs = 1_000;

export function commandTraces(variables: Environment): RunTraces {
  const output = createOutput({ isJson: false });
  return openTracesWhenUsed({ variables, answerWithinMs, closeWithinMs, warn: (reason) => output.warn(reason) });
}

/** Notes what a command has just asked of Temporal, in the trace of the run that it was about. */
export function noteCommand(
  traces: RunTraces,
  name: string,
  target: Pick<RunSpan, 'run' | 'stream' | 'mode' | 'workflowId' | 'startedAtMs'>,
): void {
  traces.note({ ...target, name, kind: 'command', endedAtMs: Date.now(), outcome: { kind: 'ok' }, facts: {} });
}
