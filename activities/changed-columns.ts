import type { ColumnType } from '../model/column.ts';
import type { StreamPlan } from '../model/plan.ts';
import type { ActivityDeps } from './deps.ts';

/** Of these columns, those whose property the source now has under another type, with that type. One request. */
export async function changedColumns(
  deps: ActivityDeps,
  { plan, columns }: { plan: StreamPlan; columns: readonly string[] },
  signal: AbortSignal,
): Promise<{ name: string; sourceType: ColumnType }[]> {
  const source = await deps.source(plan.source);
  const { properties } = await source.describeObject(plan.object, signal);
  const types = new Map(properties.map(({ name, type }) => [name, type]));
  return plan.columns.flatMap(({ name, property, type, sourceType = type }) => {
    const now = types.get(property);
    // That a text is JSON, config says.
    const isSame = now === sourceType || (now === 'text' && sourceType === 'json');
    return columns.includes(name) && now !== undefined && !isSame ? [{ name, sourceType: now }] : [];
  });
}
