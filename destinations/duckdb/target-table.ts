import { SyncError } from '../../model/errors.ts';
import type { StreamPlan } from '../../model/plan.ts';
import type { TableName } from '../../model/stream-table.ts';
import { buildAddColumn, buildCreateTable, quoteTable, type TableColumn, tableColumns } from './dialect.ts';
import type { Session } from './session.ts';
import { systemTables } from './system-tables.ts';

/** Creates the plan's table, or adds the columns it lacks; other columns stay. `SchemaConflict` when a type differs. Idempotent. */
export async function openTargetTable(session: Session, plan: StreamPlan): Promise<void> {
  const wanted = tableColumns(plan);
  requireUsableNames(plan, wanted);
  await session.execute(buildCreateTable(plan.table, wanted));
  const present = await readColumns(session, plan.table);
  for (const column of wanted) {
    const type = present.get(column.name.toLowerCase());
    if (type === undefined) await addColumn(session, plan.table, column);
    else if (type !== column.type) throw typeConflict(plan.table, column, type);
  }
}

export async function hasTable(session: Session, table: TableName): Promise<boolean> {
  return (await readColumns(session, table)).size > 0;
}

/** Types by lower-cased name, since DuckDB's identifiers ignore case. */
async function readColumns(session: Session, { schema, table }: TableName): Promise<ReadonlyMap<string, string>> {
  const rows = await session.query(
    'SELECT column_name, data_type FROM duckdb_columns() WHERE database_name = current_database() ' +
      'AND lower(schema_name) = lower($schema) AND lower(table_name) = lower($table)',
    { schema, table },
  );
  return new Map(rows.map((row) => [String(row['column_name']).toLowerCase(), String(row['data_type'])]));
}

async function addColumn(session: Session, table: TableName, column: TableColumn): Promise<void> {
  if (column.isRequired) {
    throw new SyncError(
      'SchemaConflict',
      `table ${table.schema}.${table.table} exists without the key column "${column.name}"`,
      {
        next: 'choose another table name or move that table away',
      },
    );
  }
  await session.execute(buildAddColumn(table, column));
}

function requireUsableNames(plan: StreamPlan, columns: readonly TableColumn[]): void {
  const { schema, table } = plan.table;
  if (systemTables.some((name) => name === table.toLowerCase())) {
    throw new SyncError('ConfigInvalid', `${schema}.${table} is a table that Sluice keeps for itself`, {
      next: `choose another table name for ${plan.stream}`,
    });
  }
  // The merge addresses rows by DuckDB's own `rowid`, which a column of that name would hide.
  if (columns.some(({ name }) => name.toLowerCase() === 'rowid')) {
    throw new SyncError('SchemaConflict', `${schema}.${table} cannot have a column "rowid" in DuckDB`, {
      next: `leave the property out of the columns of ${plan.stream}`,
    });
  }
}

function typeConflict(table: TableName, column: TableColumn, type: string): SyncError {
  return new SyncError(
    'SchemaConflict',
    `column "${column.name}" of ${quoteTable(table)} is ${type}, and the source's is ${column.type}`,
    { next: `drop or rename the column in ${quoteTable(table)}, then run a fresh backfill` },
  );
}
