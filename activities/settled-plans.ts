import type { StreamPlan } from '../model/plan.ts';
import { planDigest } from './plan-digest.ts';

const maxPlans = 64;

/**
 * What became of a plan when it last met its table: with columns left out, or wider. An incremental run reads before it opens
 * the destination, and has to read by what it will then be told.
 */
export class SettledPlans {
  readonly #plans = new Map<string, StreamPlan>();

  of(plan: StreamPlan, destinationIdentity: string): StreamPlan {
    return this.#plans.get(planDigest(plan, destinationIdentity)) ?? plan;
  }

  settle(asked: StreamPlan, opened: StreamPlan, destinationIdentity: string): void {
    if (this.#plans.size >= maxPlans) this.#plans.delete(this.#plans.keys().next().value!);
    this.#plans.set(planDigest(asked, destinationIdentity), opened);
  }
}
