import type { LedgerHead } from './batch.ts';
import type { ColumnType } from './column.ts';
import { SyncError } from './errors.ts';
import type { FittedPlan, TableTypes, TypeOf } from './fit-plan.ts';
import type { StreamPlan } from './plan.ts';
import { firstSearchableMs, type Positions } from './positions.ts';
import { keyHeldTwice } from './stream-errors.ts';
import type { StreamTable } from './stream-table.ts';
import type { TableColumn } from './table-columns.ts';

/** Taking over a table that another tool has filled: its rows stay, and the stream goes on from the newest of them. */

export interface SurveyRequest {
  readonly plan: StreamPlan;
  /** The run that adopts; null where nobody does yet. */
  readonly run: string | null;
  /** ISO, by the source's clock: what was modified later than this was not. */
  readonly sourceNow: string;
}

/** What adopting a table means, as far as the table tells. */
export interface TableSurvey {
  readonly rows: number;
  /** The column that holds the source's modification stamp; null where the rows have versions of Sluice's own alone. */
  readonly stampColumn: string | null;
  /** Rows with a usable one. The others have no version, and a reconciliation reads them again. */
  readonly stampedRows: number;
  /** ISO. */
  readonly newestStamp: string;
  /** By name: of the plan, and Sluice's own. */
  readonly addedColumns: readonly string[];
  readonly widenedColumns: readonly string[];
}

export interface AdoptRequest {
  readonly run: string;
  /** As the run was opened with it. */
  readonly plan: StreamPlan;
  readonly planDigest: string;
  readonly generation: number;
  /** ISO, by the source's clock. */
  readonly firstStartedAt: string;
  /** Taken off the newest stamp, in ms: what was modified just before it may not have been visible to the other tool. */
  readonly overlapMs: number;
}

export interface Adoption {
  readonly head: LedgerHead;
  readonly positions: Positions;
}

/** What a destination counts of a table. */
export interface TableFacts {
  readonly rows: number;
  /** Rows that have a key, and how many keys they have. */
  readonly keyed: number;
  readonly keys: number;
  readonly stampedRows: number;
  /** ISO. */
  readonly newestStamp: string | null;
  /** Batches of the stream, of whatever generation; none counts where the run has adopted already. */
  readonly batches: number;
}

export interface StampColumn {
  readonly name: string;
  /** `text` is cast as a merge casts it. */
  readonly type: Extract<ColumnType, 'timestamp' | 'text'>;
}

/** The column that another tool keeps the source's modification stamp in; null where there is none. */
export function findStampColumn(
  { versionProperty, columns }: Pick<StreamPlan, 'versionProperty' | 'columns'>,
  present: TableTypes,
  typeOf: TypeOf,
): StampColumn | null {
  if (versionProperty === null) return null;
  const planned = columns.find(({ property }) => property === versionProperty);
  if (planned?.isHashed) return null;
  const name = planned?.name ?? versionProperty.toLowerCase();
  const type = typeOf(present.get(name) ?? '');
  return type === 'timestamp' || type === 'text' ? { name, type } : null;
}

/** Between these, both included, a stamp is one. ISO. */
export function usableStamps(sourceNow: string): { readonly from: string; readonly to: string } {
  return { from: new Date(firstSearchableMs).toISOString(), to: sourceNow };
}

/**
 * Raises `ConfigInvalid` where the stream has run already, or the table has nothing to go on from, and `StateCorrupt` where
 * its rows cannot be addressed by key.
 */
export function requireAdoptable(
  plan: Pick<StreamPlan, 'stream' | 'table' | 'key'>,
  facts: TableFacts,
): asserts facts is TableFacts & { readonly newestStamp: string } {
  const { stream, table, key } = plan;
  const name = `${table.schema}.${table.table}`;
  if (facts.batches > 0) {
    throw new SyncError('ConfigInvalid', `${stream} has run already: ${name} is its own table, and not to be adopted`, {
      next: `sluice backfill ${stream}, or sluice reconcile ${stream}`,
    });
  }
  if (facts.rows === 0) {
    throw new SyncError('ConfigInvalid', `${name} holds no rows to adopt`, { next: `sluice backfill ${stream}` });
  }
  if (facts.keyed < facts.rows) {
    const nameless = facts.rows - facts.keyed;
    throw new SyncError('StateCorrupt', `${name} holds ${nameless} rows without a key: "${key.name}" is NULL there`, {
      next: 'remove those rows, or give them their keys; nothing was changed',
    });
  }
  if (facts.keys < facts.keyed) throw keyHeldTwice(plan);
  if (facts.newestStamp === null) {
    throw new SyncError('ConfigInvalid', `${name} does not tell when its rows were last modified at the source`, {
      next: `sluice backfill ${stream} --replace, which reads every record and merges over what is there`,
    });
  }
}

export function nothingToAdopt({ stream, table }: StreamTable): SyncError {
  return new SyncError('ConfigInvalid', `there is no table ${table.schema}.${table.table} to adopt`, {
    next: `check \`table\` and \`schema\` of ${stream} in the config; without such a table: sluice backfill ${stream}`,
  });
}

/** Raises as `requireAdoptable` does. */
export function surveyOf(
  plan: StreamPlan,
  facts: TableFacts,
  {
    types,
    missing,
    fitted,
    stamp,
  }: {
    /** As the table has them. */
    readonly types: TableTypes;
    readonly missing: readonly TableColumn[];
    readonly fitted: Pick<FittedPlan, 'added' | 'widened'>;
    readonly stamp: StampColumn | null;
  },
): TableSurvey {
  requireAdoptable(plan, facts);
  requireFittingValues(plan, types, fitted.widened);
  const { rows, stampedRows, newestStamp } = facts;
  return {
    rows,
    stampColumn: stamp?.name ?? null,
    stampedRows,
    newestStamp,
    addedColumns: [...fitted.added, ...missing].map(({ name }) => name),
    widenedColumns: fitted.widened.map(({ name }) => name),
  };
}

/**
 * Raises `SchemaConflict` where values of the other tool would stay, or become, other than Sluice writes them: in the clear in
 * a column that config wants hashed, since rows whose record is gone are never written again, or JSON as text.
 */
function requireFittingValues(
  { stream, table, columns }: StreamPlan,
  types: TableTypes,
  widened: FittedPlan['widened'],
): void {
  // Once a run has opened the table, what it has added is there too.
  if (types.has('_deleted')) return;
  const conflict = (column: string, what: string, next: string): SyncError =>
    new SyncError('SchemaConflict', `${stream}: column "${column}" of ${table.schema}.${table.table} ${what}`, {
      next,
    });
  const clear = columns.find(({ name, isHashed }) => isHashed && types.has(name.toLowerCase()));
  if (clear !== undefined) {
    throw conflict(
      clear.name,
      'has values of the other tool, and config wants it hashed',
      'drop or rename that column',
    );
  }
  const json = widened.find(({ from }) => from === 'json');
  if (json !== undefined) {
    throw conflict(json.name, 'is JSON', 'name its property in `json` of the stream, or rename that column');
  }
}

/** Where incremental runs begin. */
export function adoptedPositions(newestStamp: string, overlapMs: number): Positions {
  const position = new Date(Math.max(firstSearchableMs, Date.parse(newestStamp) - overlapMs)).toISOString();
  return { fast: position, settled: position };
}
