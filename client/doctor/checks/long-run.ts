import { spanText } from '../../duration.ts';
import type { RunFacts } from '../../run-facts.ts';
import { warning, type DoctorFinding } from '../doctor-finding.ts';

const timesLonger = 5;
/** Runs of seconds vary by more than that. */
const leastMs = 3_600_000;

/** `usualMs`: how long completed runs of the mode and stream took lately; fewer than three say nothing. */
export function judgeLongRun(run: RunFacts, usualMs: readonly number[], now: Date): DoctorFinding[] {
  const openMs = now.getTime() - Date.parse(run.startedAt);
  if (!mayBeLong(run, now) || usualMs.length < 3) return [];
  const longestMs = Math.max(...usualMs);
  if (openMs <= longestMs * timesLonger) return [];
  const usual = `the longest of the last ${usualMs.length} took ${spanText(wholeSeconds(longestMs))}`;
  return [
    warning('long-run', run.workflowId, `open for ${spanText(wholeSeconds(openMs))}; ${usual}`, {
      mend: `sluice status ${run.stream} says what it does; to stop it: sluice cancel ${run.stream}`,
    }),
  ];
}

/** Whether it is worth asking how long others took. What waits for a person, or for code, is named as that. */
export function mayBeLong(run: RunFacts, now: Date): boolean {
  const isHeld = run.stuck !== null || run.progress?.phase === 'paused' || run.progress?.phase === 'needs approval';
  return run.end === null && !isHeld && now.getTime() - Date.parse(run.startedAt) > leastMs;
}

function wholeSeconds(durationMs: number): number {
  return Math.round(durationMs / 1_000) * 1_000;
}
