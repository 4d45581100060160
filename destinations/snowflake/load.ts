import type { MergeRequest } from '../../model/destination.ts';
import type { StreamPlan } from '../../model/plan.ts';
import { castColumns } from '../../model/staged-columns.ts';
import { buildCountNulled, type StagedRows } from './load-statements.ts';
import { type KeyRange, readKeyRange } from './matching.ts';
import { numberOf, type Session, type SqlRow } from './session.ts';

/** The records of a stage in their temporary table, read once. */
export interface LoadedRecords extends StagedRows {
  readonly plan: StreamPlan;
  readonly read: number;
  readonly keyed: number;
  readonly distinct: number;
  readonly unobserved: number;
  /** Null where no record has a key. */
  readonly range: KeyRange | null;
  /** By name of the column: values that did not convert, of every row that has a key. */
  readonly nulled: ReadonlyMap<string, number>;
}

/**
 * `plan` is the one they were staged by, with the types that the table has, and `summary` what `buildSummary` tells by it. Null where
 * they are not as many as were written.
 */
export function readLoaded(
  { batch }: Pick<MergeRequest, 'batch'>,
  plan: StreamPlan,
  summary: SqlRow | undefined,
): LoadedRecords | null {
  const read = numberOf(summary, 'loaded');
  if (read !== batch.stage.records.rowCount) return null;
  const [keyed, distinct] = [numberOf(summary, 'keyed'), numberOf(summary, 'keys')];
  return {
    plan,
    read,
    keyed,
    distinct,
    keys: keyed === distinct ? 'unique' : 'repeated',
    unobserved: numberOf(summary, 'unobserved'),
    range: readKeyRange(summary),
    nulled: readNulled(plan, summary),
  };
}

/** How many values of each column, by name, did not convert, of the rows that are merged. */
export async function countNulled(session: Session, loaded: LoadedRecords): Promise<ReadonlyMap<string, number>> {
  if (loaded.keys === 'unique' || loaded.nulled.size === 0) return loaded.nulled;
  const [row] = await session.query(buildCountNulled(loaded.plan));
  return readNulled(loaded.plan, row);
}

function readNulled(plan: StreamPlan, row: SqlRow | undefined): ReadonlyMap<string, number> {
  const counts = castColumns(plan).map(({ column, position }) => [column.name, numberOf(row, `n${position}`)] as const);
  return new Map(counts.filter(([, count]) => count > 0));
}
