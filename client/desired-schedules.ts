import { createHash } from 'node:crypto';
import { jitterOf } from '../model/schedule-gap.ts';
import { scheduledModes, type ScheduledMode } from '../model/scheduled-mode.ts';
import type { StreamSettings } from '../model/stream-settings.ts';
import { scheduleId, workflowNames } from '../model/workflow-id.ts';
import type { IncrementalInput, ReconcileInput, SoftDeleteInput } from '../workflows/messages.ts';

export type ScheduleTimes =
  | {
      readonly kind: 'interval';
      /** In whole seconds, which is all that Temporal keeps. */
      readonly everyMs: number;
      /** After each multiple of `everyMs` since the epoch; less than `everyMs`. */
      readonly offsetMs: number;
    }
  | {
      readonly kind: 'calendar';
      /** Five fields. */
      readonly cron: string;
      readonly timezone: string;
    };

/** A schedule as it is told to Temporal. */
export interface ScheduleSetting {
  readonly times: ScheduleTimes;
  /** 0 for none. */
  readonly jitterMs: number;
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
  /** The longest usual time from one run to the next. */
  readonly longestGapMs: number;
}

/** The schedules that config wants for a stream; none for a mode that is off. */
export function desiredSchedules(
  { stream, schedules }: Pick<StreamSettings, 'stream' | 'schedules'>,
  taskQueue: string,
): DesiredSchedule[] {
  return scheduledModes.flatMap((mode) => {
    const gapMs = schedules[`${mode}Ms`];
    if (gapMs === null) return [];
    const id = scheduleId(mode, stream);
    const calendar = schedules.calendars[mode];
    return [
      {
        scheduleId: id,
        stream,
        mode,
        longestGapMs: wholeSeconds(gapMs),
        times:
          calendar === undefined
            ? intervalTimes(gapMs, id)
            : { kind: 'calendar', cron: calendar.cron, timezone: schedules.timezone },
        jitterMs: jitterOf(schedules, mode),
        overlap: overlaps[mode],
        // A run reads on from where the last one stood, so that of several missed ones the last is enough.
        catchupWindowMs: Math.max(minCatchupWindowMs, wholeSeconds(gapMs)),
        workflowType: workflowNames[mode].type,
        workflowId: id,
        taskQueue,
        input: mode === 'reconcile' ? { stream, mayStretch: true } : { stream },
        summary: `${workflowNames[mode].id} of ${stream}, by its schedule`,
      },
    ];
  });
}

/** Temporal's own minimum. */
const minCatchupWindowMs = 10_000;

/** A change made while an incremental run reads is fetched right after it; the others look at everything anyway. */
const overlaps: Readonly<Record<ScheduledMode, ScheduleSetting['overlap']>> = {
  incremental: 'BUFFER_ONE',
  softDelete: 'SKIP',
  reconcile: 'SKIP',
};

/** Each id has an offset of its own, the same every time, so that streams do not all start at once. */
function intervalTimes(gapMs: number, id: string): ScheduleTimes {
  const everyMs = wholeSeconds(gapMs);
  const seconds = everyMs / 1_000;
  return {
    kind: 'interval',
    everyMs,
    offsetMs: (createHash('sha256').update(id).digest().readUInt32BE() % seconds) * 1_000,
  };
}

function wholeSeconds(durationMs: number): number {
  return Math.max(1, Math.round(durationMs / 1_000)) * 1_000;
}
