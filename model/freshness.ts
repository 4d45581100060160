/** What is known of a stream's runs without asking its destination. */
export interface FreshnessFacts {
  /** Null: nobody minds. */
  readonly limitMs: number | null;
  /** ISO; when a run last brought the table up to date. */
  readonly lastGoodAt: string | null;
  /** Of the incremental runs. Null where there is none. */
  readonly schedule: { readonly createdAt: string; readonly isPaused: boolean } | null;
  readonly isBackfilling: boolean;
  /** When the stream was last seen paused, ms since the epoch: what comes after a pause needs its time. */
  readonly excusedAtMs: number | null;
}

export type Freshness =
  | { readonly state: 'fresh' | 'stale'; /** ISO; from when on the time is counted. */ readonly since: string }
  /** `neverRun`: nothing ran and nothing starts it. `backfilling`: its first backfill is under way. */
  | { readonly state: 'off' | 'paused' | 'neverRun' | 'backfilling'; readonly since: null };

/** Whether a stream's last good run is too long ago. A pause is meant, and a stream that nobody has started yet is not missed. */
export function judgeFreshness(facts: FreshnessFacts, nowMs: number): Freshness {
  const { limitMs, lastGoodAt, schedule, isBackfilling, excusedAtMs } = facts;
  if (limitMs === null) return { state: 'off', since: null };
  if (schedule?.isPaused === true) return { state: 'paused', since: null };
  const expectedSince = lastGoodAt ?? schedule?.createdAt ?? null;
  if (expectedSince === null) return { state: 'neverRun', since: null };
  if (lastGoodAt === null && isBackfilling) return { state: 'backfilling', since: null };
  const sinceMs = Math.max(Date.parse(expectedSince), excusedAtMs ?? 0);
  return { state: nowMs - sinceMs > limitMs ? 'stale' : 'fresh', since: new Date(sinceMs).toISOString() };
}

/** Why a stream is stale, as far as Temporal can tell, and what to do about it. */
export function staleReason(
  stream: string,
  known: {
    /** Null where it is reachable. */
    readonly temporal: 'unreachable' | null;
    readonly hasSchedule: boolean;
    /** What kept the newest closed run from bringing the table up to date; null for nothing. */
    readonly trouble: string | null;
    /** ISO; since when its incremental run is open. */
    readonly openSince: string | null;
  },
): { readonly why: string; readonly next: string } {
  const status = `sluice status ${stream}`;
  if (known.temporal === 'unreachable')
    return { why: 'Temporal cannot be reached', next: 'see to the Temporal server' };
  if (known.openSince !== null) return { why: `its run is open since ${known.openSince}`, next: status };
  if (known.trouble !== null) return { why: `its last run: ${known.trouble}`, next: status };
  if (!known.hasSchedule) return { why: 'it has no schedule', next: `sluice schedules apply ${stream}` };
  return { why: 'its schedule started none', next: status };
}
