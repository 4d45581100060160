import { createHash } from 'node:crypto';
import type { StreamSettings } from '../model/stream-settings.ts';
import { scheduleId, workflowNames } from '../model/workflow-id.ts';
import type { IncrementalInput, ReconcileInput, SoftDeleteInput } from '../workflows/messages.ts';

export const scheduledModes = ['incremental', 'softDelete', 'reconcile'] as const;

export type ScheduledMode = (typeof scheduledModes)[number];

/** A schedule as it is told to Temporal. */
export interface ScheduleSetting {
  /** In whole seconds, which is all that Temporal keeps. */
  readonly everyMs: number;
  /** After each multiple of `everyMs` since the epoch; less than `everyMs`. */
  readonly offsetMs: number;
  readonly overlap: 'BUFFER_ONE' | 'SKIP';
  readonly catchupWindowMs: number;
  readonly workflowType: string;
  /** What the server puts the time behind. */
  readonly workflowId: string;
  readonly taskQueue: string;
  readonly input: IncrementalInput | SoftDeleteInput | ReconcileInput;
  readonly summary: string;
}

export interface DesiredSchedule extends ScheduleSetting {
  readonly scheduleId: string;
  readonly stream: string;
  readonly mode: ScheduledMode;
}

/** The schedules that config wants for a stream; none for a mode that is off. */
export function desiredSchedules(
  { stream, schedules }: Pick<StreamSettings, 'stream' | 'schedules'>,
  taskQueue: string,
): DesiredSchedule[] {
  const intervals: Readonly<Record<ScheduledMode, number | null>> = {
    incremental: schedules.incrementalMs,
    softDelete: schedules.softDeleteMs,
    reconcile: schedules.reconcileMs,
  };
  return scheduledModes.flatMap((mode) => {
    const intervalMs = intervals[mode];
    return intervalMs === null ? [] : [desiredSchedule({ stream, mode, intervalMs, taskQueue })];
  });
}

/** Temporal's own minimum. */
const minCatchupWindowMs = 10_000;

function desiredSchedule({
  stream,
  mode,
  intervalMs,
  taskQueue,
}: {
  stream: string;
  mode: ScheduledMode;
  intervalMs: number;
  taskQueue: string;
}): DesiredSchedule {
  const id = scheduleId(mode, stream);
  const everyMs = Math.max(1, Math.round(intervalMs / 1_000)) * 1_000;
  return {
    scheduleId: id,
    stream,
    mode,
    everyMs,
    offsetMs: offsetWithin(everyMs, id),
    overlap: overlaps[mode],
    // A run reads on from where the last one stood, so that of several missed ones the last is enough.
    catchupWindowMs: Math.max(minCatchupWindowMs, everyMs),
    workflowType: workflowNames[mode].type,
    workflowId: id,
    taskQueue,
    input: mode === 'reconcile' ? { stream, mayStretch: true } : { stream },
    summary: `${workflowNames[mode].id} of ${stream}, by its schedule`,
  };
}

/** A change made while an incremental run reads is fetched right after it; the others look at everything anyway. */
const overlaps: Readonly<Record<ScheduledMode, ScheduleSetting['overlap']>> = {
  incremental: 'BUFFER_ONE',
  softDelete: 'SKIP',
  reconcile: 'SKIP',
};

/** The same for the same id, and spread over the interval for different ones, so that streams do not all start at once. */
function offsetWithin(everyMs: number, id: string): number {
  const seconds = everyMs / 1_000;
  return (createHash('sha256').update(id).digest().readUInt32BE() % seconds) * 1_000;
}
