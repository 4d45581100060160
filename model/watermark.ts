import { isFrontierEmpty, type Frontier } from './frontier.ts';
import type { Scope } from './plan.ts';

/** Taken off a backfill's first start: what was modified just before it may not have been visible yet. */
const marginMs = 5 * 60_000;

/**
 * The position a backfill earns (rule 6 of docs/spec.md): its first start, by the source's clock, less five minutes, once the
 * whole stream is read. Null for everything less.
 */
export function earnedWatermark(run: { scope: Scope; firstStartedAt: string; frontier: Frontier }): string | null {
  if (run.scope !== 'whole' || !isFrontierEmpty(run.frontier)) return null;
  return new Date(Date.parse(run.firstStartedAt) - marginMs).toISOString();
}
