import { instantText, spanText } from '../../duration.ts';
import { failed, ok, type DoctorFinding } from '../doctor-finding.ts';

export interface FreshnessFacts {
  readonly stream: string;
  /** ISO instant the last run ended that brought the stream up to date; null where Temporal knows of none. */
  readonly lastGoodAt: string | null;
  /** How old it may be; null for a stream that nothing runs by itself. */
  readonly limitMs: number | null;
  readonly isPaused: boolean;
}

/** Without a limit in config, a stream may miss two runs. */
export function defaultFreshnessMs(intervalMs: number): number {
  return 3 * intervalMs;
}

/** "No run took place" is a finding as much as "a run failed"; "nothing had changed" is neither. */
export function judgeFreshness({ stream, lastGoodAt, limitMs, isPaused }: FreshnessFacts, now: Date): DoctorFinding {
  if (limitMs === null) return ok('stale-stream', stream, 'has no schedule, so that no run is due');
  const last = lastGoodAt === null ? 'no good run is known' : `last good run ended ${instantText(lastGoodAt)} UTC`;
  const ageMs = lastGoodAt === null ? Number.POSITIVE_INFINITY : now.getTime() - Date.parse(lastGoodAt);
  if (ageMs <= limitMs) return ok('stale-stream', stream, last);
  return failed('stale-stream', stream, `${last}; one is due every ${spanText(limitMs)} at the latest`, {
    mend: isPaused ? `sluice resume ${stream}` : `sluice status ${stream}, or sluice sync ${stream} --wait`,
  });
}
