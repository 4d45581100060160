import { instantText, spanText } from '../../duration.ts';
import { failed, ok, type DoctorFinding } from '../doctor-finding.ts';

export interface FreshnessFacts {
  readonly stream: string;
  /** ISO instant the last run ended that brought the stream up to date; null where Temporal knows of none. */
  readonly lastGoodAt: string | null;
  /** How old it may be, by `freshness` in config; null where that is off, or nothing runs the stream by itself. */
  readonly limitMs: number | null;
  readonly isPaused: boolean;
}

/** "No run took place" is a finding as much as "a run failed"; "nothing had changed" is neither. */
export function judgeFreshness({ stream, lastGoodAt, limitMs, isPaused }: FreshnessFacts, now: Date): DoctorFinding {
  if (limitMs === null) return ok('stale-stream', stream, 'no run is due: freshness is off, or so is its schedule');
  const last = lastGoodAt === null ? 'no good run is known' : `last good run ended ${instantText(lastGoodAt)} UTC`;
  const ageMs = lastGoodAt === null ? Number.POSITIVE_INFINITY : now.getTime() - Date.parse(lastGoodAt);
  if (ageMs <= limitMs) return ok('stale-stream', stream, last);
  return failed('stale-stream', stream, `${last}; freshness allows ${spanText(limitMs)}`, {
    mend: isPaused ? `sluice resume ${stream}` : `sluice status ${stream}, or sluice sync ${stream} --wait`,
  });
}
