import { callerName } from './caller-name.ts';
import type { RunKey } from './describe-run.ts';
import { runNoun } from './mode-words.ts';
import { observeOpen } from './observe-run.ts';
import type { SteerTarget } from './steer.ts';
import { readStreamSchedules, resumeStreamSchedules } from './stream-schedules.ts';
import { resumeRun } from './sync-runs.ts';

/** Returns what came of it, a line each; none for a stream without a run or a schedule. */
export async function resumeStream(target: SteerTarget): Promise<string[]> {
  const { temporal, stream, modes } = target;
  const runs = await Promise.all(modes.map((mode) => resumeMode(target, { mode, stream })));
  const schedules = await resumeStreamSchedules(temporal, target, `resumed by ${callerName()}`);
  const lines = [...runs.filter((line) => line !== null), ...schedules];
  if (lines.length > 0) return lines;
  return (await readStreamSchedules(temporal, target)).length > 0 ? [`nothing of ${stream} was paused`] : [];
}

async function resumeMode({ temporal }: SteerTarget, key: RunKey): Promise<string | null> {
  const what = `${runNoun[key.mode]} of ${key.stream}`;
  const before = await observeOpen(temporal, key);
  if (!(await resumeRun(temporal, key, { by: callerName() }))) return null;
  const phases = before.map(({ progress }) => progress?.phase);
  // A run that nobody can ask may well be paused.
  const wasPaused = phases.some((phase) => phase === undefined || phase === 'paused' || phase === 'pausing');
  return wasPaused ? `resumed ${what}` : `${what} was not paused; it goes on`;
}
