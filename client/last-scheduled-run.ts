import type { ScheduleDescription } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import type { RunKey } from './describe-run.ts';
import { observeDescribed } from './observe-run.ts';
import { stateText, viewRun, type RunState } from './run-view.ts';
import type { TemporalConnection } from './temporal-connection.ts';

export interface ScheduledRun {
  readonly workflowId: string;
  /** Names the run. */
  readonly run: string;
  readonly startedAt: string;
  readonly endedAt: string | null;
  /** Null where the run is older than the namespace's retention. */
  readonly state: RunState | null;
  readonly text: string;
}

/** The latest run that the schedule started, and what became of it; null if there was none yet. */
export async function lastScheduledRun(
  temporal: TemporalConnection,
  key: RunKey,
  { info }: ScheduleDescription,
): Promise<ScheduledRun | null> {
  const last = info.recentActions.at(-1);
  if (last === undefined) return null;
  const { workflowId, firstExecutionRunId: run } = last.action.workflow;
  const begun = { workflowId, run, startedAt: last.takenAt.toISOString() };
  try {
    const description = await temporal.client.workflow.getHandle(workflowId).describe();
    const view = viewRun(await observeDescribed(temporal, key, description), new Date());
    return { ...begun, endedAt: view.endedAt, state: view.state, text: stateText(view) };
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    return { ...begun, endedAt: null, state: null, text: 'older than what Temporal keeps' };
  }
}
