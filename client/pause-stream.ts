import type { PauseArgs } from '../workflows/messages.ts';
import { callerName } from './caller-name.ts';
import type { RunKey } from './describe-run.ts';
import { runNoun } from './mode-words.ts';
import { observeOpen } from './observe-run.ts';
import { pauseNote } from './pause-note.ts';
import type { RunFacts } from './run-facts.ts';
import { pauseText } from './run-view.ts';
import { until, type SteerTarget } from './steer.ts';
import { pauseStreamSchedules } from './stream-schedules.ts';
import { pauseRun } from './sync-runs.ts';

/** First the schedules, so that no run starts behind the ones that are paused then. Returns what came of it, a line each. */
export async function pauseStream(target: SteerTarget, note: string | undefined): Promise<string[]> {
  const args = { by: callerName(), ...(note === undefined ? {} : { note }) };
  const schedules = await pauseStreamSchedules(target.temporal, target, pauseNote({ ...args, at: new Date() }));
  const runs = await Promise.all(target.modes.map((mode) => pauseMode(target, { mode, stream: target.stream }, args)));
  return [...schedules, ...runs.filter((line) => line !== null)];
}

async function pauseMode({ temporal, talk }: SteerTarget, key: RunKey, args: PauseArgs): Promise<string | null> {
  const what = `${runNoun[key.mode]} of ${key.stream}`;
  const before = await observeOpen(temporal, key);
  if (before.length === 0) return null;
  if (before.every(isPaused)) {
    const by = pauseText(before[0]?.progress?.paused ?? null);
    return by === null ? `${what} is already paused` : `${what} is already paused ${by}`;
  }
  if (!(await pauseRun(temporal, key, args))) return null;
  if (before.some(({ hasWorker }) => !hasWorker)) return `${what} will be paused as soon as a worker is up`;
  talk(`pausing ${what}: it reads no more, and merges what it has read`);
  const settled = await until(async () => {
    const open = await observeOpen(temporal, key);
    return open.every(isPaused) ? open : null;
  });
  if (settled === null) return `${what} still merges what it had read, then rests; see sluice status ${key.stream}`;
  return settled.length === 0 ? `${what} ended before it could pause` : `paused ${what}`;
}

function isPaused({ progress }: RunFacts): boolean {
  return progress?.phase === 'paused';
}
