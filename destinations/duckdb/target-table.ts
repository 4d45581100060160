import { columnTypeFor, columnTypeOf } from './column-types.ts';
import { SyncError } from '../../model/errors.ts';
import type { StreamPlan } from '../../model/plan.ts';
import type { TableName } from '../../model/stream-table.ts';
import { type FittedPlan, fitPlan, type TableTypes } from '../../model/fit-plan.ts';
import { missingOwnColumns, reservedTable, type TableColumn, tableColumns } from '../../model/table-columns.ts';
import { buildAddColumn, buildCreateTable, buildWidenColumn } from './dialect.ts';
import type { Session } from './session.ts';
import { systemTables } from './system-tables.ts';

/**
 * Creates the plan's table, or fits plan and table to each other as the plan's contract allows. Idempotent, except that
 * what was changed is told once. `SchemaConflict` where the contract, or a column that is not the plan's, forbids it.
 */
export async function openTargetTable(session: Session, plan: StreamPlan): Promise<FittedPlan> {
  requireUsableNames(plan);
  const present = await readColumnTypes(session, plan.table);
  if (present.size === 0) {
    await session.execute(buildCreateTable(plan.table, tableColumns(plan, columnTypeFor)));
    return { plan, added: [], widened: [] };
  }
  const { missing, fitted } = fitTable(plan, present);
  for (const column of missing) await session.execute(buildAddColumn(plan.table, column));
  for (const column of fitted.added) {
    await session.execute(buildAddColumn(plan.table, { name: column.name, type: columnTypeFor(column.type) }));
  }
  for (const column of fitted.widened) await session.execute(buildWidenColumn(plan.table, column));
  return fitted;
}

/** What opening a table that exists would change. Raises as it does. */
export function fitTable(
  plan: StreamPlan,
  present: TableTypes,
): { readonly missing: readonly TableColumn[]; readonly fitted: FittedPlan } {
  requireUsableNames(plan);
  const missing = missingOwnColumns(plan, present, { columnTypeFor, isSame: (a, b) => a === b });
  return { missing, fitted: fitPlan(plan, present, columnTypeOf) };
}

export async function hasTable(session: Session, table: TableName): Promise<boolean> {
  return (await readColumnTypes(session, table)).size > 0;
}

/** Empty where there is no such table. */
export async function readColumnTypes(session: Session, { schema, table }: TableName): Promise<TableTypes> {
  const rows = await session.query(
    'SELECT column_name, data_type FROM duckdb_columns() WHERE database_name = current_database() ' +
      'AND lower(schema_name) = lower($schema) AND lower(table_name) = lower($table)',
    { schema, table },
  );
  return new Map(rows.map((row) => [String(row['column_name']).toLowerCase(), String(row['data_type'])]));
}

function requireUsableNames({ stream, table, columns }: StreamPlan): void {
  if (systemTables.some((name) => name === table.table.toLowerCase())) {
    throw reservedTable({ stream, table });
  }
  // The merge addresses rows by DuckDB's own `rowid`, which a column of that name would hide.
  if (columns.some(({ name }) => name.toLowerCase() === 'rowid')) {
    throw new SyncError('SchemaConflict', `${table.schema}.${table.table} cannot have a column "rowid" in DuckDB`, {
      next: `leave the property out of the columns of ${stream}`,
    });
  }
}
