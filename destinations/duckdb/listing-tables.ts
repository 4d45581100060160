import { createHash } from 'node:crypto';
import { listingPlan, type StreamPlan, type SyncMode } from '../../model/plan.ts';
import type { StreamTable, TableName } from '../../model/stream-table.ts';
import { columnTypeFor } from './column-types.ts';
import { quoteIdentifier, quoteTable } from './dialect.ts';

/** The tables that a run which keeps a listing has beside the target table, from its opening to its close. */
export interface ListingTables {
  /** `id, version, observed_at, state ('live' | 'archived'), v0, v1, ...`: `v<n>` is `listedColumns(plan)[n]`. */
  readonly listing: TableName;
  /** `id, task ('repair' | 'vanished'), reason`, each id once. */
  readonly work: TableName;
}

/** One pair per stream and mode, since one run at a time holds the claim of a mode. */
export function listingTables({ stream, table }: StreamTable, mode: SyncMode): ListingTables {
  const suffix = createHash('sha256')
    .update(JSON.stringify([stream, mode]))
    .digest('hex')
    .slice(0, 12);
  const named = (kind: string): TableName => ({ schema: table.schema, table: `sync_${kind}_${suffix}` });
  return { listing: named('listing'), work: named('work') };
}

/** Replaces what a dead run may have left. */
export function buildCreateListingTables(plan: StreamPlan, mode: SyncMode): string[] {
  const { listing, work } = listingTables(plan, mode);
  const id = `id ${columnTypeFor(plan.key.type)} NOT NULL`;
  const instant = columnTypeFor('timestamp');
  const values = listedColumns(plan).map(({ type }, n) => `v${n} ${columnTypeFor(type)}`);
  const columns = [id, `version ${instant}`, `observed_at ${instant} NOT NULL`, 'state VARCHAR NOT NULL', ...values];
  return [
    `CREATE OR REPLACE TABLE ${quoteTable(listing)} (${columns.join(', ')})`,
    `CREATE OR REPLACE TABLE ${quoteTable(work)} (${id}, task VARCHAR NOT NULL, reason VARCHAR NOT NULL)`,
  ];
}

export function buildDropListingTables(target: StreamTable, mode: SyncMode): string[] {
  const { listing, work } = listingTables(target, mode);
  return [`DROP TABLE IF EXISTS ${quoteTable(listing)}`, `DROP TABLE IF EXISTS ${quoteTable(work)}`];
}

/** The columns that a listing carries, in the order of its `v<n>`: that of its staged rows. */
export function listedColumns(plan: StreamPlan): StreamPlan['columns'] {
  return listingPlan(plan).columns;
}

/**
 * True where a listed value is not the row's. Cast, since a run of another mode may have widened the row's column after
 * the listing began.
 */
export function buildListedDiffers(plan: StreamPlan, listing: string, row: string): string {
  const differs = listedColumns(plan).map(
    ({ name, type }, n) =>
      `${listing}.v${n} IS DISTINCT FROM TRY_CAST(${row}.${quoteIdentifier(name)} AS ${columnTypeFor(type)})`,
  );
  return differs.length === 0 ? 'false' : `(${differs.join(' OR ')})`;
}
