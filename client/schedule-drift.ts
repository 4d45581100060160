import { createHash } from 'node:crypto';
import type { ScheduleDescription } from '@temporalio/client';
import type { ScheduleSetting } from './desired-schedules.ts';
import { spanText } from './duration.ts';
import { storedTimesText, timesText } from './schedule-times.ts';

/**
 * Why a schedule is not as config says: the config has not been applied since it changed, or somebody wrote into the schedule.
 * Unknown where nothing tells what was applied: an earlier version did it, or somebody replaced the whole schedule.
 */
export type DriftCause = 'oldConfig' | 'changedByHand' | 'unknown';

export interface ScheduleDrift {
  /** What Temporal has that config wants otherwise, one text each; none where the two agree. */
  readonly drift: readonly string[];
  /** Null where there are none. */
  readonly driftCause: DriftCause | null;
  /** Whether the runs it starts are told something else than config says. */
  readonly startsOldRuns: boolean;
}

export const noDrift: ScheduleDrift = { drift: [], driftCause: null, startsOldRuns: false };

/** All that Sluice sets in a schedule, in words by which two of them are compared. */
type ScheduleFacts = Readonly<Record<keyof typeof factNames, string>>;

const factNames = {
  times: 'times',
  jitter: 'jitter',
  overlap: 'overlap',
  catchupWindow: 'catchup window',
  pauseOnFailure: 'pause on failure',
  runsLeft: 'runs left',
  workflowType: 'workflow',
  workflowId: 'workflow id',
  taskQueue: 'task queue',
  input: 'input',
  summary: 'summary',
  timeouts: 'timeouts',
};

const factsOfRuns: readonly (keyof ScheduleFacts)[] = [
  'workflowType',
  'workflowId',
  'taskQueue',
  'input',
  'summary',
  'timeouts',
];

export function scheduleDrift(desired: ScheduleSetting, stored: ScheduleDescription): ScheduleDrift {
  const wanted = desiredFacts(desired);
  const found = storedFacts(stored);
  const differing = (Object.keys(factNames) as (keyof ScheduleFacts)[]).filter((name) => found[name] !== wanted[name]);
  return {
    drift: differing.map((name) => `${factNames[name]}: ${found[name]}, config says ${wanted[name]}`),
    driftCause: differing.length === 0 ? null : causeOf(appliedDigestOf(stored), digestOf(found)),
    startsOldRuns: differing.some((name) => factsOfRuns.includes(name)),
  };
}

function causeOf(applied: string | null, found: string): DriftCause {
  if (applied === null) return 'unknown';
  return applied === found ? 'oldConfig' : 'changedByHand';
}

/** Kept with the schedule, where it tells from then on whether somebody has changed it. */
export function appliedDigest(setting: ScheduleSetting): string {
  return digestOf(desiredFacts(setting));
}

function appliedDigestOf({ action }: ScheduleDescription): string | null {
  const { applied } = (action.memo?.[appliedMemoKey] ?? {}) as { applied?: unknown };
  return typeof applied === 'string' ? applied : null;
}

/** In the memo of the runs, since that of the schedule itself stays as it was created. */
export const appliedMemoKey = 'sluice';

function desiredFacts(desired: ScheduleSetting): ScheduleFacts {
  return {
    times: timesText(desired.times),
    jitter: spanText(desired.jitterMs),
    overlap: desired.overlap,
    catchupWindow: spanText(desired.catchupWindowMs),
    pauseOnFailure: 'false',
    runsLeft: 'any',
    workflowType: desired.workflowType,
    workflowId: desired.workflowId,
    taskQueue: desired.taskQueue,
    input: JSON.stringify([desired.input]),
    summary: desired.summary,
    timeouts: 'none',
  };
}

function storedFacts({ spec, policies, action, state }: ScheduleDescription): ScheduleFacts {
  const timeoutsMs = [action.workflowExecutionTimeout, action.workflowRunTimeout].map(Number).filter((ms) => ms > 0);
  return {
    times: storedTimesText(spec),
    jitter: spanText(spec.jitter ?? 0),
    overlap: policies.overlap ?? 'none',
    catchupWindow: spanText(policies.catchupWindow),
    pauseOnFailure: String(policies.pauseOnFailure),
    runsLeft: state.remainingActions === undefined ? 'any' : String(state.remainingActions),
    workflowType: action.workflowType,
    workflowId: action.workflowId ?? 'none',
    taskQueue: action.taskQueue,
    input: JSON.stringify(action.args),
    summary: action.staticSummary ?? 'none',
    timeouts: timeoutsMs.length === 0 ? 'none' : timeoutsMs.map(spanText).join(', '),
  };
}

function digestOf(facts: ScheduleFacts): string {
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 16);
}
