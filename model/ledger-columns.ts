import type { RequestCounts } from './batch.ts';
import type { Counts } from './counts.ts';

/** Ledger columns that hold a run's counts, by the field they hold. */
export const countColumns: Readonly<Record<keyof Counts, string>> = {
  read: 'read',
  duplicate: 'duplicate',
  rejected: 'rejected',
  inserted: 'inserted',
  updated: 'updated',
  unchanged: 'unchanged',
  superseded: 'superseded',
  nulledValues: 'nulled_values',
  roundedValues: 'rounded_values',
  tombstones: 'tombstones',
  deleted: 'deleted',
  restored: 'restored',
  erased: 'erased',
  listed: 'listed',
  doubtful: 'doubtful',
  linked: 'linked',
  unlinked: 'unlinked',
};

export const requestColumns: Readonly<Record<keyof RequestCounts, string>> = {
  requests: 'requests',
  rateLimited: 'rate_limited',
  retried: 'retried',
  receivedBytes: 'received_bytes',
};

/** The columns with the values of the fields they hold. */
export function columnValues<T extends { readonly [K in keyof T]: number }>(
  columns: Readonly<Record<keyof T & string, string>>,
  counts: T,
) {
  return Object.fromEntries(
    (Object.keys(columns) as (keyof T & string)[]).map((field) => [columns[field], counts[field] as number]),
  );
}

export type LedgerRow = Readonly<Record<string, unknown>>;

function readFields<T>(columns: Readonly<Record<keyof T & string, string>>, row: LedgerRow): T {
  return Object.fromEntries(
    Object.entries<string>(columns).map(([field, column]) => [field, Number(row[column] ?? 0)]),
  ) as T;
}

export function readCounts(row: LedgerRow): Counts {
  return readFields<Counts>(countColumns, row);
}

export function readRequests(row: LedgerRow): RequestCounts {
  return readFields<RequestCounts>(requestColumns, row);
}

/**
 * Conditions on a batch of the ledger: what it may have seen without leaving a trace in a table. An observation that changes
 * nothing is not written, and no record that was only listed is.
 */
export const untraced = {
  records: '((unchanged + superseded > 0 AND read > coalesce(tombstones, 0)) OR listed > 0)',
  associations: 'heads > 0',
} as const;
