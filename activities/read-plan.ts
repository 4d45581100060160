import type { StreamPlan } from '../model/plan.ts';
import type { ActivityDeps } from './deps.ts';

const maxCachedPlans = 64;

/**
 * Reads the plan that a run was opened with. It stays out of activity inputs, where a catalogue of a thousand properties
 * would be written to history with every chunk; a plan never changes, so each process reads it once.
 */
export function createPlanReader(
  deps: ActivityDeps,
): (target: { stream: string; run: string }, signal: AbortSignal) => Promise<StreamPlan> {
  const cache = new Map<string, StreamPlan>();
  return async ({ stream, run }, signal) => {
    const cached = cache.get(run);
    if (cached !== undefined) return cached;
    const settings = deps.streamSettings(stream);
    const destination = await deps.destination(settings.destination);
    const plan = await destination.readPlan({ stream, table: settings.table, run }, signal);
    if (cache.size >= maxCachedPlans) cache.delete(cache.keys().next().value!);
    cache.set(run, plan);
    return plan;
  };
}
