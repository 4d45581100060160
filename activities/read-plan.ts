import type { StreamPlan } from '../model/plan.ts';
import type { ActivityDeps } from './deps.ts';

const maxCachedPlans = 64;

/**
 * Reads the plan that a run was opened with. It stays out of activity inputs, where a catalogue of a thousand properties
 * would be written to history with every chunk. Each process reads it once: only a type that widens changes it.
 */
export class PlanReader {
  readonly #deps: ActivityDeps;
  readonly #plans = new Map<string, StreamPlan>();

  constructor(deps: ActivityDeps) {
    this.#deps = deps;
  }

  async read({ stream, run }: { stream: string; run: string }, signal: AbortSignal): Promise<StreamPlan> {
    const cached = this.#plans.get(run);
    if (cached !== undefined) return cached;
    const settings = this.#deps.streamSettings(stream);
    const destination = await this.#deps.destination(settings.destination);
    const plan = await destination.readPlan({ stream, table: settings.table, run }, signal);
    this.replace(run, plan);
    return plan;
  }

  replace(run: string, plan: StreamPlan): void {
    if (this.#plans.size >= maxCachedPlans) this.#plans.delete(this.#plans.keys().next().value!);
    this.#plans.set(run, plan);
  }
}
