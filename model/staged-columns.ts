import type { Column } from './column.ts';
import type { StreamPlan } from './plan.ts';

type Columns = Pick<StreamPlan, 'key' | 'columns'>;

/** The plan's staged columns with their types, in `stagedColumns` order: the position of the key is 0. */
export function stagedColumnList(plan: Columns): Column[] {
  return [
    plan.key,
    ...plan.columns,
    { name: '_version', property: '_version', type: 'timestamp' },
    { name: '_observed_at', property: '_observed_at', type: 'timestamp' },
  ];
}

/** What a staged row carries beside its key, with its position. */
export function contentColumns(plan: Columns): { column: Column; name: string; position: number }[] {
  return stagedColumnList(plan)
    .map((column, position) => ({ column, name: column.name, position }))
    .slice(1);
}

/** Columns whose staged text may fail to convert; the key is judged apart, since there it rejects the record. */
export function castColumns(plan: Columns): { column: Column; position: number }[] {
  return contentColumns(plan).filter(({ column }) => column.type !== 'text');
}

export interface ContentPlan extends StreamPlan {
  /** By name: what the source had no longer. Rows keep what they have. */
  readonly absentColumns: readonly string[];
}

/** The content that is compared and written. */
export function presentColumns(plan: ContentPlan): { name: string; position: number }[] {
  return contentColumns(plan).filter(({ name }) => !plan.absentColumns.includes(name));
}
