import { type Column, type ColumnType, systemColumns, widestType } from './column.ts';
import { SyncError } from './errors.ts';
import type { StreamPlan } from './plan.ts';

/** The types of a table's columns as its catalogue spells them, by lower-cased name. */
export type TableTypes = ReadonlyMap<string, string>;

/** The type that a spelling of the catalogue stands for; null for one that Sluice writes no column in. */
export type TypeOf = (sqlType: string) => ColumnType | null;

export interface WidenedColumn {
  readonly name: string;
  readonly from: ColumnType;
  readonly to: ColumnType;
}

/** What a plan's contract makes of a table. */
export interface FittedPlan {
  /** Its columns have the table's types, once the changes are made; `sourceType` where the source writes another. */
  readonly plan: StreamPlan;
  readonly added: readonly Column[];
  readonly widened: readonly WidenedColumn[];
}

/**
 * Fits a plan to a table that exists. `evolve` adds columns and widens types, `discard` changes nothing and leaves out
 * columns that the table lacks, `freeze` raises `SchemaConflict` on any difference. Columns beyond the plan stay untouched.
 * No column becomes JSON, since what it holds may not be: `evolve` raises `SchemaConflict` where config asks for that.
 */
export function fitPlan(plan: StreamPlan, present: TableTypes, typeOf: TypeOf): FittedPlan {
  if (plan.contract === 'freeze') requireSame(plan, present, typeOf);
  const added: Column[] = [];
  const widened: WidenedColumn[] = [];
  const columns: Column[] = [];
  for (const column of plan.columns) {
    const from = presentType(plan, column, { present, typeOf });
    if (from === null) {
      if (plan.contract === 'discard') continue;
      added.push(column);
      columns.push(column);
      continue;
    }
    if (plan.contract === 'evolve' && writtenType(column) === 'json' && from !== 'json') throw noJson(plan, column);
    const to = plan.contract === 'evolve' ? widestType(from, writtenType(column)) : from;
    if (to !== from) widened.push({ name: column.name, from, to });
    columns.push(withType(column, to));
  }
  const names = new Set(columns.map(({ name }) => name));
  const listedColumns = plan.listedColumns.filter((name) => names.has(name));
  return { plan: { ...plan, columns, listedColumns }, added, widened };
}

/**
 * The plan with the types that the columns have by now, changing nothing: a run of another mode may have widened them. Columns
 * that the table lacks stay as they are, and are named.
 */
export function asTableIs(
  plan: StreamPlan,
  present: TableTypes,
  typeOf: TypeOf,
): { readonly plan: StreamPlan; readonly unknownColumns: readonly string[] } {
  const { columns } = fitPlan({ ...plan, contract: 'discard' }, present, typeOf).plan;
  const fitted = new Map(columns.map((column) => [column.name, column]));
  return {
    plan: { ...plan, columns: plan.columns.map((column) => fitted.get(column.name) ?? column) },
    unknownColumns: plan.columns.map(({ name }) => name).filter((name) => !fitted.has(name)),
  };
}

/** The plan with what the source writes by now, for the columns that are named. */
export function asSent(
  plan: StreamPlan,
  columns: readonly { readonly name: string; readonly sourceType: ColumnType }[],
): StreamPlan {
  const sent = new Map(columns.map(({ name, sourceType }) => [name, sourceType]));
  return {
    ...plan,
    columns: plan.columns.map((column) => ({ ...column, sourceType: sent.get(column.name) ?? sentType(column) })),
  };
}

/** What comes into the column: a hash is text, whatever the source writes. */
function writtenType(column: Column): ColumnType {
  return column.isHashed ? 'text' : sentType(column);
}

/** What the source writes. */
function sentType(column: Column): ColumnType {
  return column.sourceType ?? column.type;
}

function withType(column: Column, type: ColumnType): Column {
  const { sourceType: _, ...rest } = column;
  return type === sentType(column) ? { ...rest, type } : { ...rest, type, sourceType: sentType(column) };
}

function noJson({ stream, table }: StreamPlan, { name, property }: Column): SyncError {
  return new SyncError(
    'SchemaConflict',
    `${stream}: column "${name}" of ${table.schema}.${table.table} has values already, and they may be no JSON`,
    {
      next: `take ${property} out of the stream's json, rename that column, or \`sluice reset --drop-table\` and backfill`,
    },
  );
}

/** Null for a column that the table lacks. */
function presentType(
  { stream, table }: StreamPlan,
  column: Column,
  { present, typeOf }: { present: TableTypes; typeOf: TypeOf },
): ColumnType | null {
  const sqlType = present.get(column.name.toLowerCase());
  if (sqlType === undefined) return null;
  const type = typeOf(sqlType);
  if (type !== null) return type;
  throw new SyncError(
    'SchemaConflict',
    `${stream}: column "${column.name}" of ${table.schema}.${table.table} is ${sqlType}, a type that Sluice does not write`,
    { next: 'change the type of that column, rename it, or leave the property out of the columns of the stream' },
  );
}

function requireSame(plan: StreamPlan, present: TableTypes, typeOf: TypeOf): void {
  const planned = new Set([plan.key, ...plan.columns].map(({ name }) => name.toLowerCase()));
  const changes = [
    describe(
      'new',
      plan.columns.filter(({ name }) => !present.has(name.toLowerCase())).map(({ property }) => property),
    ),
    describe(
      'gone',
      [...present.keys()].filter((name) => !planned.has(name) && !systemColumns.some((system) => system === name)),
    ),
    describe(
      'of another type',
      plan.columns
        .filter((column) => ![null, writtenType(column)].includes(presentType(plan, column, { present, typeOf })))
        .map(({ property }) => property),
    ),
  ].filter((text) => text !== null);
  if (changes.length === 0) return;
  throw new SyncError(
    'SchemaConflict',
    `${plan.stream} is frozen, and its properties are no longer those of ${plan.table.schema}.${plan.table.table}: ${changes.join('; ')}`,
    { next: 'set its contract to evolve or discard, name its columns in the config, or change the table to match' },
  );
}

const shownNames = 5;

function describe(change: string, names: readonly string[]): string | null {
  if (names.length === 0) return null;
  const more = names.length > shownNames ? ` and ${names.length - shownNames} more` : '';
  return `${change}: ${names.slice(0, shownNames).join(', ')}${more}`;
}
