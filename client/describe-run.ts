import type { ScheduleDescription, WorkflowExecutionDescription } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import type { SyncMode } from '../model/plan.ts';
import { scheduledModes } from '../model/scheduled-mode.ts';
import { scheduleId, syncWorkflowId } from '../model/workflow-id.ts';
import { describeSchedule } from './stored-schedule.ts';
import type { TemporalConnection } from './temporal-connection.ts';

/** Runs of one mode and stream: at most one of them is meant to be open. */
export interface RunKey {
  readonly mode: SyncMode;
  readonly stream: string;
}

/** One run, by all that is needed to find it again. */
export interface RunTarget extends RunKey {
  readonly workflowId: string;
  /** The run id of its first execution. */
  readonly run: string;
}

/**
 * The runs of a mode and stream that can still matter, newest start first: the one under the fixed id, those that the
 * schedule knows to be running, and its last. Found by their ids, so that visibility, which trails, has no say.
 */
async function describeRuns(
  temporal: TemporalConnection,
  { mode, stream }: RunKey,
  known?: ScheduleDescription | null,
): Promise<WorkflowExecutionDescription[]> {
  const schedule = known === undefined ? await findSchedule(temporal, { mode, stream }) : known;
  const ids = new Set([syncWorkflowId(mode, stream), ...scheduledRunIds(schedule)]);
  const found = await Promise.all([...ids].map((id) => describeIfKept(temporal, id)));
  return found.filter((run) => run !== null).sort((a, b) => b.startTime.getTime() - a.startTime.getTime());
}

/**
 * The newest run of the mode and stream, open or not; null if there is none within the namespace's retention. A schedule that
 * the caller has looked up just now is not looked up again.
 */
export async function latestRunOf(
  temporal: TemporalConnection,
  key: RunKey,
  schedule?: ScheduleDescription | null,
): Promise<WorkflowExecutionDescription | null> {
  return (await describeRuns(temporal, key, schedule))[0] ?? null;
}

/** More than one only where somebody started a run beside the schedule's. */
export async function describeOpenRuns(
  temporal: TemporalConnection,
  key: RunKey,
): Promise<WorkflowExecutionDescription[]> {
  return (await describeRuns(temporal, key)).filter(isOpen);
}

export function isOpen({ status }: WorkflowExecutionDescription): boolean {
  return status.name === 'RUNNING' || status.name === 'PAUSED';
}

/** What names the run: continue-as-new and reset keep it. */
export function firstRunIdOf(description: WorkflowExecutionDescription): string {
  return description.raw.workflowExecutionInfo?.firstRunId || description.runId;
}

/** The schedule of the mode and stream, whoever made it; null where there is none. */
export async function findSchedule(
  temporal: TemporalConnection,
  { mode, stream }: RunKey,
): Promise<ScheduleDescription | null> {
  const isScheduled = scheduledModes.some((scheduled) => scheduled === mode);
  return isScheduled ? describeSchedule(temporal, scheduleId(mode, stream)) : null;
}

function scheduledRunIds(schedule: ScheduleDescription | null): string[] {
  if (schedule === null) return [];
  const { runningActions, recentActions } = schedule.info;
  const last = recentActions.at(-1);
  return [...runningActions, ...(last === undefined ? [] : [last.action])].map(({ workflow }) => workflow.workflowId);
}

async function describeIfKept(
  temporal: TemporalConnection,
  workflowId: string,
): Promise<WorkflowExecutionDescription | null> {
  try {
    return await temporal.client.workflow.getHandle(workflowId).describe();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}
