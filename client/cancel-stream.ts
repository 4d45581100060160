import type { SyncMode } from '../model/plan.ts';
import { callerName } from './caller-name.ts';
import { describeOpenRuns, type RunKey } from './describe-run.ts';
import { untilText } from './duration.ts';
import { runNoun } from './mode-words.ts';
import { until, type SteerTarget } from './steer.ts';
import { readStreamSchedules } from './stream-schedules.ts';
import { cancelRun } from './sync-runs.ts';

/** Returns what came of it, a line each. Schedules go on, which is said where one would start a cancelled mode again. */
export async function cancelStream(target: SteerTarget, note: string | undefined): Promise<string[]> {
  const { stream } = target;
  const reason = note === undefined ? `by ${callerName()}` : `by ${callerName()}: ${note}`;
  const runs = await Promise.all(
    target.modes.map(async (mode) => ({ mode, line: await cancelMode(target, { mode, stream }, reason) })),
  );
  const cancelled = runs.filter(({ line }) => line !== null);
  await warnOfSchedules(
    target,
    cancelled.map(({ mode }) => mode),
  );
  return cancelled.map(({ line }) => line!);
}

async function cancelMode({ temporal }: SteerTarget, key: RunKey, reason: string): Promise<string | null> {
  const what = `${runNoun[key.mode]} of ${key.stream}`;
  if (!(await cancelRun(temporal, key, reason))) return null;
  const isClosed = await until(async () => ((await describeOpenRuns(temporal, key)).length === 0 ? true : null));
  return isClosed ? `cancelled ${what}` : `cancelling ${what}; see sluice status ${key.stream}`;
}

async function warnOfSchedules({ temporal, stream, talk }: SteerTarget, modes: readonly SyncMode[]): Promise<void> {
  for (const { stored } of await readStreamSchedules(temporal, { stream, modes })) {
    const next = stored.info.nextActionTimes[0];
    if (stored.state.paused || next === undefined) continue;
    const at = untilText(next.toISOString(), new Date());
    talk(`schedule ${stored.scheduleId} starts a run again at ${at}; next: sluice pause ${stream}`);
  }
}
