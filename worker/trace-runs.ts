import type { RunReport } from '../model/run-report.ts';
import { workflowNames } from '../model/workflow-id.ts';
import type { RunSpan, SpanOutcome } from '../tracing/run-span.ts';

/** The span of a run that has ended, from its first execution's start; null for what a run tells on its way. */
export function spanOfReport(report: RunReport, workflowId: string): RunSpan | null {
  if (report.kind === 'approvalAsked' || report.kind === 'approvalOver') return null;
  const { run, stream, mode, at, durationMs } = report;
  const endedAtMs = Date.parse(at);
  return {
    name: `RunWorkflow:${workflowNames[mode].type}`,
    kind: 'run',
    run,
    stream,
    mode,
    workflowId,
    startedAtMs: endedAtMs - durationMs,
    endedAtMs,
    outcome: outcomeOf(report),
    facts: report.kind === 'done' ? { 'counts.read': report.rows, 'counts.rejects': report.rejects } : {},
  };
}

function outcomeOf(report: Extract<RunReport, { durationMs: number }>): SpanOutcome {
  switch (report.kind) {
    case 'done':
      return { kind: 'ok' };
    case 'failed':
      return { kind: 'failed', failure: report.failure };
    case 'cancelled':
      return { kind: 'interrupted', failure: 'Cancelled' };
  }
}
