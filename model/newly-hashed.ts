import type { StreamPlan } from './plan.ts';

/**
 * Columns that are hashed, by name, and were not when all rows were last compared, under `compared`: rows that did not change
 * since hold plain values.
 */
export function findNewlyHashed(plan: StreamPlan, compared: Pick<StreamPlan, 'columns'> | null): string[] {
  const plain = new Set(compared?.columns.filter(({ isHashed }) => !isHashed).map(({ name }) => name));
  return plan.columns.filter(({ name, isHashed }) => isHashed && plain.has(name)).map(({ name }) => name);
}

/** A comparison of what was just hashed finds each row that still has the plain value, and the run reads it again. */
export function listNewlyHashed(plan: StreamPlan, compared: Pick<StreamPlan, 'columns'> | null): StreamPlan {
  return { ...plan, listedColumns: [...new Set([...plan.listedColumns, ...findNewlyHashed(plan, compared)])] };
}
