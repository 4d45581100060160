import type { Scope } from './plan.ts';
import type { Positions } from './positions.ts';

/** Taken off a backfill's first start: what was modified just before it may not have been visible yet. */
const marginMs = 5 * 60_000;

/**
 * The positions that a whole-stream backfill earns (rule 6 of docs/spec.md) once its frontier is empty: its first start, by the
 * source's clock, less five minutes. Null for every other scope.
 */
export function earnedPositions(run: { scope: Scope; firstStartedAt: string }): Positions | null {
  if (run.scope !== 'whole') return null;
  const earned = new Date(Date.parse(run.firstStartedAt) - marginMs).toISOString();
  return { fast: earned, settled: earned };
}

/** The later of each: no position ever falls. */
export function laterPositions(a: Positions, b: Positions): Positions {
  return { fast: a.fast > b.fast ? a.fast : b.fast, settled: a.settled > b.settled ? a.settled : b.settled };
}
