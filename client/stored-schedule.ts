import {
  ScheduleNotFoundError,
  type ScheduleDescription,
  type ScheduleOptions,
  type ScheduleUpdateOptions,
} from '@temporalio/client';
import { scheduledModes, type ScheduledMode } from '../model/scheduled-mode.ts';
import type { DesiredSchedule } from './desired-schedules.ts';
import { patiently } from './patiently.ts';
import { appliedDigest, appliedMemoKey } from './schedule-drift.ts';
import { timesSpec } from './schedule-times.ts';
import type { TemporalConnection } from './temporal-connection.ts';

/** Whose schedule it is, as its memo says: what else is in the namespace is never touched. */
export interface ScheduleOwner {
  readonly stream: string;
  readonly mode: ScheduledMode;
}

const memoKey = 'sluice';

/** Null for a schedule that Sluice did not create. */
export function ownerOf(schedule: { readonly memo?: Record<string, unknown> }): ScheduleOwner | null {
  const owner = schedule.memo?.[memoKey] as Partial<ScheduleOwner> | null | undefined;
  const mode = scheduledModes.find((name) => name === owner?.mode);
  return typeof owner?.stream === 'string' && mode !== undefined ? { stream: owner.stream, mode } : null;
}

/** Null where there is none. */
export async function describeSchedule(temporal: TemporalConnection, id: string): Promise<ScheduleDescription | null> {
  return unlessGone(() => temporal.client.schedule.getHandle(id).describe());
}

/** Every schedule of the namespace that Sluice created. The list may trail behind the latest changes by seconds. */
export async function listOwnSchedules(
  temporal: TemporalConnection,
): Promise<(ScheduleOwner & { scheduleId: string })[]> {
  const own: (ScheduleOwner & { scheduleId: string })[] = [];
  for await (const schedule of temporal.client.schedule.list()) {
    const owner = ownerOf(schedule);
    if (owner !== null) own.push({ scheduleId: schedule.scheduleId, ...owner });
  }
  return own;
}

/** Throws `ScheduleAlreadyRunning` where one with its id exists. `note` says who made it, for those who see it in Temporal. */
export async function createSchedule(
  temporal: TemporalConnection,
  desired: DesiredSchedule,
  note: string,
): Promise<void> {
  const owner: ScheduleOwner = { stream: desired.stream, mode: desired.mode };
  await patiently(() =>
    temporal.client.schedule.create({
      scheduleId: desired.scheduleId,
      memo: { [memoKey]: owner },
      state: { note },
      ...settingOptions(desired),
    }),
  );
}

/** Puts the setting in place of the stored one; a pause stays, and its note. */
export async function updateSchedule(
  temporal: TemporalConnection,
  desired: DesiredSchedule,
  note: string,
): Promise<void> {
  const handle = temporal.client.schedule.getHandle(desired.scheduleId);
  await patiently(() =>
    handle.update(({ state: { paused, note: before } }) => ({
      ...settingOptions(desired),
      state: { paused, ...(paused ? (before === undefined ? {} : { note: before }) : { note }) },
    })),
  );
}

/** One that is already gone is left at that. */
export async function deleteSchedule(temporal: TemporalConnection, id: string): Promise<void> {
  await unlessGone(() => temporal.client.schedule.getHandle(id).delete());
}

/** False where there is none. */
export async function pauseSchedule(temporal: TemporalConnection, id: string, note: string): Promise<boolean> {
  return (
    (await unlessGone(() =>
      temporal.client.schedule
        .getHandle(id)
        .pause(note)
        .then(() => true),
    )) ?? false
  );
}

/** False where there is none. Temporal keeps the note in place of the pause's. */
export async function resumeSchedule(temporal: TemporalConnection, id: string, note: string): Promise<boolean> {
  return (
    (await unlessGone(() =>
      temporal.client.schedule
        .getHandle(id)
        .unpause(note)
        .then(() => true),
    )) ?? false
  );
}

function settingOptions(
  desired: DesiredSchedule,
): Pick<ScheduleOptions, 'spec' | 'policies' | 'action'> & Pick<ScheduleUpdateOptions, 'spec' | 'policies' | 'action'> {
  return {
    spec: { ...timesSpec(desired.times), ...(desired.jitterMs === 0 ? {} : { jitter: desired.jitterMs }) },
    policies: { overlap: desired.overlap, catchupWindow: desired.catchupWindowMs, pauseOnFailure: false },
    action: {
      type: 'startWorkflow',
      workflowType: desired.workflowType,
      workflowId: desired.workflowId,
      taskQueue: desired.taskQueue,
      args: [desired.input],
      staticSummary: desired.summary,
      memo: { [appliedMemoKey]: { applied: appliedDigest(desired) } },
    },
  };
}

async function unlessGone<Answer>(request: () => Promise<Answer>): Promise<Answer | null> {
  try {
    return await patiently(request);
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return null;
    throw error;
  }
}
