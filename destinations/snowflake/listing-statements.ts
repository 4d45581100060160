import type { MergeRequest } from '../../model/destination.ts';
import { quoteTable } from './identifiers.ts';
import { listedColumns, listingTables } from './listing-tables.ts';
import type { LoadedRecords } from './load.ts';
import { buildStagedRows, versionColumn } from './load-statements.ts';
import type { Statement } from './session.ts';
import { fateTable } from './tombstone-statements.ts';
import { withinTransaction } from './within-transaction.ts';

/** Lists every record that has a key, with its listed values as they were staged, or without any. */
export function buildListRecords(
  { plan, ...of }: MergeRequest,
  { loaded, values }: { readonly loaded: LoadedRecords; readonly values: 'staged' | 'none' },
): Statement {
  const { listing } = listingTables(plan, of);
  const listed = values === 'none' ? [] : listedColumns(plan);
  const staged = listed.map(({ name }) => `s.v${1 + loaded.plan.columns.findIndex((column) => column.name === name)}`);
  const columns = ['id', 'version', 'observed_at', 'state', ...listed.map((_, n) => `v${n}`)];
  const selected = ['s.v0', `s.${versionColumn(loaded.plan)}`, 's.state_at', "'live'", ...staged];
  return {
    sql:
      `INSERT INTO ${quoteTable(listing)} (${columns.join(', ')}) ` +
      `SELECT ${selected.join(', ')} FROM (${buildStagedRows(loaded.plan, loaded)}) s WHERE ${withinTransaction}`,
  };
}

export function buildListTombstones({ plan, ...of }: MergeRequest): Statement {
  const { listing } = listingTables(plan, of);
  return {
    sql:
      `INSERT INTO ${quoteTable(listing)} (id, observed_at, state) ` +
      `SELECT f.id, f.observed_at, 'archived' FROM ${fateTable(plan)} f WHERE f.kind <> 'vanished' AND ${withinTransaction}`,
  };
}
