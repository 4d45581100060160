import type { StreamPlan } from '../../model/plan.ts';
import { buildBound } from './expressions.ts';
import { quoteIdentifier } from './identifiers.ts';
import type { SqlRow, Statement } from './session.ts';

/** Between which keys all staged ones lie, in the order of the key's own type; as text. */
export interface KeyRange {
  readonly lowest: string;
  readonly highest: string;
}

/** Of a row with `lowest` and `highest`; null where nothing was staged. */
export function readKeyRange(row: SqlRow | undefined): KeyRange | null {
  if (typeof row?.['lowest'] !== 'string' || typeof row['highest'] !== 'string') return null;
  return { lowest: row['lowest'], highest: row['highest'] };
}

/**
 * The condition under which a row of the table, as `row`, has a staged key. Bound values are known before the statement runs, so
 * that whole partitions without such keys are not read: a source's ids grow with time, and so do partitions.
 */
export function buildKeyMatch(
  { key }: Pick<StreamPlan, 'key'>,
  { row, staged, range }: { readonly row: string; readonly staged: string; readonly range: KeyRange },
): Required<Statement> {
  const column = `${row}.${quoteIdentifier(key.name)}`;
  return {
    sql: `${column} = ${staged} AND ${buildInRange(column, key)}`,
    binds: [range.lowest, range.highest],
  };
}

/** Binds the lowest and the highest. */
export function buildInRange(column: string, { type }: StreamPlan['key']): string {
  return `${column} BETWEEN ${buildBound(type)} AND ${buildBound(type)}`;
}
