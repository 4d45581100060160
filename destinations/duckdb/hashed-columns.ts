import type { StreamPlan } from '../../model/plan.ts';
import type { Session } from './session.ts';
import { readComparedPlan } from './state.ts';

/**
 * Columns that are hashed, by name, and were not when all rows were last compared: rows that did not change since hold
 * plain values.
 */
export async function findNewlyHashed(session: Session, plan: StreamPlan, generation: number): Promise<string[]> {
  const compared = await readComparedPlan(session, plan, generation);
  const plain = new Set(compared?.columns.filter(({ isHashed }) => !isHashed).map(({ name }) => name));
  return plan.columns.filter(({ name, isHashed }) => isHashed && plain.has(name)).map(({ name }) => name);
}
