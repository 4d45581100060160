import { proxySinks, workflowInfo, type Sinks } from '@temporalio/workflow';
import { rejects } from '../model/counts.ts';
import type { SyncMode } from '../model/plan.ts';
import type { Positions } from '../model/positions.ts';
import type { ApprovalAsked, RunDone, RunReport, RunSubject } from '../model/run-report.ts';
import { bringsUpToDate } from '../model/up-to-date.ts';
import { syncWorkflowId } from '../model/workflow-id.ts';
import type { BackfillResult, IncrementalResult, ReconcileResult } from './messages.ts';
import { runFailure } from './run-failure.ts';

/** Calls of a sink are no commands: they leave no trace in a history, and replay does not ask for them. */
interface RunSinks extends Sinks {
  readonly runs: { report(report: RunReport): void };
}

const { runs } = proxySinks<RunSinks>();

export type SyncRunResult = BackfillResult | IncrementalResult | ReconcileResult;

export interface ReportedRun {
  readonly stream: string;
  readonly mode: SyncMode;
}

export function reportDone(of: ReportedRun, result: SyncRunResult): void {
  const { totals } = result;
  runs.report({
    ...subjectOf(of),
    ...endOf(),
    ...outcomeOf(result),
    kind: 'done',
    rows: totals.read,
    rejects: rejects(totals),
  });
}

export function reportFailed(of: ReportedRun, error: unknown): void {
  const { type, message } = runFailure(error);
  runs.report({ ...subjectOf(of), ...endOf(), kind: 'failed', failure: type ?? 'Unexpected', message });
}

export function reportCancelled(of: ReportedRun): void {
  runs.report({ ...subjectOf(of), kind: 'cancelled', durationMs: endOf().durationMs });
}

export function reportApprovalAsked(
  of: ReportedRun,
  pending: Pick<ApprovalAsked, 'reason' | 'digest' | 'until'>,
): void {
  const { reason, digest, until } = pending;
  runs.report({ ...subjectOf(of), kind: 'approvalAsked', reason, digest, until });
}

export function reportApprovalOver(of: ReportedRun): void {
  runs.report({ ...subjectOf(of), kind: 'approvalOver' });
}

function subjectOf({ stream, mode }: ReportedRun): RunSubject {
  const { workflowId, firstExecutionRunId: run, runId: execution } = workflowInfo();
  // A schedule puts the time behind the fixed id.
  const isScheduled = workflowId !== syncWorkflowId(mode, stream);
  return { stream, mode, run, execution, isScheduled, at: new Date().toISOString() };
}

function endOf(): Pick<RunDone, 'durationMs' | 'failedBefore'> {
  const { startTime, lastFailure } = workflowInfo();
  return {
    durationMs: Math.max(0, Date.now() - startTime.getTime()),
    failedBefore: lastFailure === undefined ? null : (runFailure(lastFailure).type ?? 'Unexpected'),
  };
}

function outcomeOf(result: SyncRunResult): Pick<RunDone, 'bringsUpToDate' | 'undone' | 'positions' | 'isLapsed'> {
  const isUpToDate = bringsUpToDate(result);
  if ('outcome' in result) {
    const { full, next, text, outcome } = result;
    return {
      bringsUpToDate: isUpToDate,
      // A full sync that was left to another backfill may be of a part.
      undone: isUpToDate || outcome === 'staged' ? null : text,
      positions: next?.positions ?? positionsAt(full?.watermark ?? null),
      isLapsed: full?.vanished?.approval === 'lapsed',
    };
  }
  return {
    bringsUpToDate: isUpToDate,
    undone: 'needsBackfill' in result ? result.startReason : null,
    positions: positionsAt('watermark' in result ? result.watermark : null),
    isLapsed: result.vanished?.approval === 'lapsed',
  };
}

/** A backfill earns both positions at once. */
function positionsAt(watermark: string | null): Positions | null {
  return watermark === null ? null : { fast: watermark, settled: watermark };
}
