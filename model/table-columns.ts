import { type Column, type ColumnType, systemColumns } from './column.ts';
import { SyncError } from './errors.ts';
import type { TableTypes } from './fit-plan.ts';
import type { StreamPlan } from './plan.ts';
import type { TableName } from './stream-table.ts';

/** Types of the columns that Sluice adds, in the table's order. */
export const systemColumnTypes: Readonly<Record<(typeof systemColumns)[number], ColumnType>> = {
  _version: 'timestamp',
  _observed_at: 'timestamp',
  _state_observed_at: 'timestamp',
  _synced_at: 'timestamp',
  _deleted: 'boolean',
  _deleted_at: 'timestamp',
  _merged_into: 'text',
  _batch_id: 'text',
};

/** A column with the type that the destination gives it. */
export interface TableColumn {
  readonly name: string;
  readonly type: string;
  readonly isRequired: boolean;
}

export function tableColumns(
  plan: Pick<StreamPlan, 'key' | 'columns'>,
  columnTypeFor: (type: ColumnType) => string,
): TableColumn[] {
  const typed = (column: Pick<Column, 'name' | 'type'>) => ({ name: column.name, type: columnTypeFor(column.type) });
  return [
    { ...typed(plan.key), isRequired: true },
    ...plan.columns.map((column) => ({ ...typed(column), isRequired: false })),
    ...systemColumns.map((name) => ({ ...typed({ name, type: systemColumnTypes[name] }), isRequired: false })),
  ];
}

/**
 * The key and system columns that a table which exists lacks. They are under no contract: raises `SchemaConflict` where one
 * has another type, or the key is missing. `isSame` tells whether two spellings of types stand for one.
 */
export function missingOwnColumns(
  { table, key }: Pick<StreamPlan, 'table' | 'key'>,
  present: TableTypes,
  { columnTypeFor, isSame }: { columnTypeFor: (type: ColumnType) => string; isSame: (a: string, b: string) => boolean },
): TableColumn[] {
  return tableColumns({ key, columns: [] }, columnTypeFor).filter((column) => {
    const type = present.get(column.name.toLowerCase());
    if (type === undefined && column.isRequired) throw keyMissing(table, column);
    if (type !== undefined && !isSame(type, column.type)) throw typeConflict(table, column, type);
    return type === undefined;
  });
}

/** A name that a table of Sluice's own has. */
export function reservedTable({ stream, table }: Pick<StreamPlan, 'stream' | 'table'>): SyncError {
  return new SyncError('ConfigInvalid', `${table.schema}.${table.table} is a table that Sluice keeps for itself`, {
    next: `choose another table name for ${stream}`,
  });
}

function keyMissing(table: TableName, { name }: TableColumn): SyncError {
  return new SyncError(
    'SchemaConflict',
    `table ${table.schema}.${table.table} exists without the key column "${name}"`,
    { next: 'choose another table name or move that table away' },
  );
}

function typeConflict({ schema, table }: TableName, column: TableColumn, type: string): SyncError {
  return new SyncError(
    'SchemaConflict',
    `column "${column.name}" of ${schema}.${table} is ${type}, and Sluice's is ${column.type}`,
    {
      next: column.isRequired
        ? `change the type of the key in ${schema}.${table}, or choose another table name`
        : `drop or rename the column in ${schema}.${table}, then run a fresh backfill`,
    },
  );
}
