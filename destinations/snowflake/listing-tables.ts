import { listingPlan, type StreamPlan, type SyncMode } from '../../model/plan.ts';
import type { StreamTable, TableName } from '../../model/stream-table.ts';
import { buildWiden, columnTypeFor } from './column-types.ts';
import { quoteIdentifier, quoteTable, storedName } from './identifiers.ts';
import type { Statement } from './session.ts';
import { streamSuffix } from './stream-suffix.ts';
import { comparesBytes, keepsNoHistory } from './table-options.ts';
import { buildDropTable } from './table-statements.ts';

/** The tables that a run which keeps a listing has beside the target table, from its opening to its close. */
export interface ListingTables {
  /** `id, version, observed_at, state ('live' | 'archived'), v0, v1, ...`: `v<n>` is `listedColumns(plan)[n]`. */
  readonly listing: TableName;
  /** `id, task ('repair' | 'vanished'), reason`, each id once. */
  readonly work: TableName;
}

/** A run of a mode. */
export interface ListingRun {
  readonly mode: SyncMode;
  readonly run: string;
}

/**
 * A pair per run, so that an attempt which was given up, and goes on all the same, touches nobody else's: DDL knows no fence.
 */
export function listingTables({ stream, table }: StreamTable, { mode, run }: ListingRun): ListingTables {
  const named = (kind: ListingKind): TableName => ({
    schema: table.schema,
    table: `${listingPrefix({ stream }, mode, kind)}${streamSuffix(run)}`,
  });
  return { listing: named('listing'), work: named('work') };
}

type ListingKind = keyof ListingTables;

function listingPrefix({ stream }: Pick<StreamTable, 'stream'>, mode: SyncMode, kind: ListingKind): string {
  return `sync_${kind}_${streamSuffix(stream, mode)}_`;
}

/** Of the stored names of tables, those that runs of a stream and mode keep their listings in. */
export function listingsAmong(names: Iterable<string>, target: Pick<StreamTable, 'stream'>, mode: SyncMode): string[] {
  const prefixes = (['listing', 'work'] as const).map((kind) => storedName(listingPrefix(target, mode, kind)));
  return [...names].filter((name) => prefixes.some((prefix) => name.startsWith(prefix)));
}

/** DDL. What an earlier attempt of the run has filled stays. */
export function buildCreateListingTables(plan: StreamPlan, of: ListingRun): Statement[] {
  const { listing, work } = listingTables(plan, of);
  const id = `id ${columnTypeFor(plan.key.type)} NOT NULL`;
  const instant = columnTypeFor('timestamp');
  const values = listedColumns(plan).map(({ type }, n) => `v${n} ${columnTypeFor(type)}`);
  const columns = [id, `version ${instant}`, `observed_at ${instant} NOT NULL`, 'state VARCHAR NOT NULL', ...values];
  const create = (table: TableName, definitions: readonly string[]): Statement => ({
    sql:
      `CREATE TRANSIENT TABLE IF NOT EXISTS ${quoteTable(table)} (${definitions.join(', ')}) ` +
      `${keepsNoHistory} ${comparesBytes}`,
  });
  return [create(listing, columns), create(work, [id, 'task VARCHAR NOT NULL', 'reason VARCHAR NOT NULL'])];
}

export function buildDropListingTables(target: StreamTable, of: ListingRun): Statement[] {
  const { listing, work } = listingTables(target, of);
  return [listing, work].map(buildDropTable);
}

/** The columns that a listing carries, in the order of its `v<n>`: that of its staged rows. */
export function listedColumns(plan: StreamPlan): StreamPlan['columns'] {
  return listingPlan(plan).columns;
}

/**
 * True where a listed value is not the row's. `current` has the types that the table has by now: a run of another mode may
 * have widened the row's column after the listing began.
 */
export function buildListedDiffers(
  plan: StreamPlan,
  current: Pick<StreamPlan, 'columns'>,
  { listing, row }: { readonly listing: string; readonly row: string },
): string {
  const types = new Map(current.columns.map(({ name, type }) => [name, type]));
  const differs = listedColumns(plan).map(({ name, type }, n) => {
    const listed = `${listing}.v${n}`;
    const to = types.get(name) ?? type;
    return `${to === type ? listed : buildWiden(type, to, listed)} IS DISTINCT FROM ${row}.${quoteIdentifier(name)}`;
  });
  return differs.length === 0 ? 'FALSE' : `(${differs.join(' OR ')})`;
}
