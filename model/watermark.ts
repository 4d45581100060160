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
