import { type FittedPlan, fitPlan, type TableTypes } from '../../model/fit-plan.ts';
import type { StreamPlan } from '../../model/plan.ts';
import { missingOwnColumns, reservedTable, type TableColumn, tableColumns } from '../../model/table-columns.ts';
import { describeTable, hasTable } from './catalogue.ts';
import { buildColumnStep, settleColumns } from './column-steps.ts';
import { columnTypeFor, columnTypeOf } from './column-types.ts';
import type { Reshaping } from './reshaping.ts';
import type { Session } from './session.ts';
import { isReserved } from './system-tables.ts';
import { buildAddColumn, buildCreateTable } from './table-statements.ts';

export interface OpenedTable extends FittedPlan {
  readonly isNew: boolean;
  /** What the table has now. */
  readonly types: TableTypes;
}

/**
 * Creates the plan's table, or fits plan and table to each other as the plan's contract allows, finishing what an earlier
 * attempt began. Outside of any transaction. Idempotent, except that what was changed is told once. `SchemaConflict` where
 * the contract, or a column that is not the plan's, forbids it: then nothing was changed.
 */
export async function openTargetTable(session: Session, plan: StreamPlan, reshaping: Reshaping): Promise<OpenedTable> {
  requireUsableName(plan);
  await reshaping.takeOver();
  if (!(await hasTable(session, plan.table))) {
    await session.execute(buildCreateTable(plan.table, tableColumns(plan, columnTypeFor)));
    // Another run may have created it meanwhile.
    const types = await describeTable(session, plan.table);
    return { plan, added: [], widened: [], isNew: true, types };
  }
  const { steps, types } = settleColumns(await describeTable(session, plan.table));
  const { missing, fitted } = fitTable(plan, types);
  const added = fitted.added.map(({ name, type }) => ({ name, type: columnTypeFor(type) }));
  for (const step of steps) await reshaping.execute(buildColumnStep(plan.table, step));
  for (const column of [...missing, ...added]) await reshaping.execute(buildAddColumn(plan.table, column));
  await reshaping.widen(plan.table, fitted.widened);
  const changed = fitted.widened.map(({ name, to }) => ({ name, type: columnTypeFor(to) }));
  return { ...fitted, isNew: false, types: new Map([...types, ...typesOf([...missing, ...added, ...changed])]) };
}

function typesOf(columns: readonly Pick<TableColumn, 'name' | 'type'>[]): TableTypes {
  return new Map(columns.map(({ name, type }) => [name.toLowerCase(), type]));
}

/** What opening a table that exists would change. Raises as it does. */
export function fitTable(
  plan: StreamPlan,
  types: TableTypes,
): { readonly missing: readonly TableColumn[]; readonly fitted: FittedPlan } {
  requireUsableName(plan);
  const missing = missingOwnColumns(plan, types, { columnTypeFor, isSame });
  return { missing, fitted: fitPlan(plan, types, columnTypeOf) };
}

/** A text of another length is a text. */
function isSame(present: string, wanted: string): boolean {
  return present === wanted || (columnTypeOf(present) !== null && columnTypeOf(present) === columnTypeOf(wanted));
}

function requireUsableName(plan: StreamPlan): void {
  if (isReserved(plan.table.table)) throw reservedTable(plan);
}
