import { ApplicationFailure, ApplicationFailureCategory, CancelledFailure } from '@temporalio/common';
import type { ActivityInboundCallsInterceptor } from '@temporalio/worker';
import { syncModes } from '../model/plan.ts';
import type { RunSpan, RunTraces, SpanOutcome } from '../tracing/run-span.ts';
import { stepCounts } from '../tracing/step-counts.ts';
import { contextOf, type RunningActivity } from './log-context.ts';

/** Makes a span of each attempt of a step that belongs to a run. Goes around the interceptor that makes failures of errors. */
export function traceInterceptor(
  info: RunningActivity & { readonly activityId: string },
  traces: RunTraces,
): ActivityInboundCallsInterceptor {
  return {
    async execute(input, next) {
      const startedAtMs = Date.now();
      const note = (outcome: SpanOutcome, result?: unknown): void => {
        const span = spanOfStep(info, { argument: input.args[0], result, outcome, startedAtMs });
        if (span !== null) traces.note(span);
      };
      try {
        const result = await next(input);
        note({ kind: 'ok' }, result);
        return result;
      } catch (error) {
        note(outcomeOf(error));
        throw error;
      }
    },
  };
}

interface Attempt {
  readonly argument: unknown;
  readonly result: unknown;
  readonly outcome: SpanOutcome;
  readonly startedAtMs: number;
}

/** Null for an activity of no run, such as one that `sluice check` asks for. */
function spanOfStep(
  info: Parameters<typeof traceInterceptor>[0],
  { argument, result, outcome, startedAtMs }: Attempt,
): RunSpan | null {
  const { stream, mode: named, run, workflowId, activity, attempt } = contextOf(info, argument);
  const mode = syncModes.find((one) => one === named);
  if (stream === undefined || mode === undefined || run === undefined) return null;
  const facts = { attempt, activityId: info.activityId, ...stepCounts(result) };
  return {
    name: `RunActivity:${activity}`,
    kind: 'step',
    run,
    stream,
    mode,
    workflowId,
    startedAtMs,
    endedAtMs: Date.now(),
    outcome,
    facts,
  };
}

function outcomeOf(error: unknown): SpanOutcome {
  if (error instanceof CancelledFailure) return { kind: 'interrupted', failure: 'Cancelled' };
  if (!(error instanceof ApplicationFailure)) return { kind: 'failed', failure: 'Unexpected' };
  const isBenign = error.category === ApplicationFailureCategory.BENIGN;
  return { kind: isBenign ? 'interrupted' : 'failed', failure: error.type ?? 'Unexpected' };
}
