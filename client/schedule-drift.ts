import type { ScheduleDescription } from '@temporalio/client';
import type { ScheduleSetting } from './desired-schedules.ts';
import { spanText } from './duration.ts';

/** What a schedule in Temporal has that config wants otherwise, one text each; none where the two agree. */
export function scheduleDrift(desired: ScheduleSetting, stored: ScheduleDescription): string[] {
  const { policies, action } = stored;
  const compared: readonly (readonly [what: string, stored: string | undefined, desired: string])[] = [
    ['times', timesText(stored.spec), intervalText({ every: desired.everyMs, offset: desired.offsetMs })],
    ['overlap', policies.overlap, desired.overlap],
    ['catchup window', spanText(policies.catchupWindow), spanText(desired.catchupWindowMs)],
    ['pause on failure', String(policies.pauseOnFailure), 'false'],
    ['workflow', action.workflowType, desired.workflowType],
    ['workflow id', action.workflowId, desired.workflowId],
    ['task queue', action.taskQueue, desired.taskQueue],
    ['input', JSON.stringify(action.args), JSON.stringify([desired.input])],
    ['summary', action.staticSummary, desired.summary],
  ];
  return compared
    .filter(([, is, wanted]) => is !== wanted)
    .map(([what, is, wanted]) => `${what}: ${is ?? 'none'}, config says ${wanted}`);
}

function timesText(spec: ScheduleDescription['spec']): string {
  const { intervals = [], calendars = [], skip = [] } = spec;
  return [
    ...intervals.map(intervalText),
    ...(calendars.length > 0 ? [`${calendars.length} calendars`] : []),
    ...(skip.length > 0 ? [`${skip.length} exceptions`] : []),
  ].join(' and ');
}

function intervalText({ every, offset }: { every: number; offset: number }): string {
  return offset === 0 ? `every ${spanText(every)}` : `every ${spanText(every)} at ${spanText(offset)}`;
}
