import type { LedgerRow } from './ledger-columns.ts';
import type { KeptReject, RejectGroup, RejectRow } from './reject.ts';
import type { InstantOf } from './run-rows.ts';

/** Reads rows of `sync_errors`, and groups of them. */

export const rejectColumns = 'run, record_id, column_name, reason, source_type, column_type, created_at';

export function readReject(row: LedgerRow, instantOf: InstantOf): RejectRow {
  return {
    run: String(row['run']),
    recordId: row['record_id'] as string | null,
    column: row['column_name'] as string | null,
    reason: String(row['reason']),
    sourceType: row['source_type'] as string | null,
    columnType: row['column_type'] as string | null,
    createdAt: instantOf(String(row['created_at'])),
  };
}

/** With `payload`, and `is_record` where a whole record was kept. */
export function readKeptReject(row: LedgerRow, instantOf: InstantOf): KeptReject {
  return {
    ...readReject(row, instantOf),
    kept: row['is_record'] === true ? 'record' : 'value',
    payload: row['payload'] as string | null,
  };
}

export function readRejectGroup(row: LedgerRow, instantOf: InstantOf): RejectGroup {
  return {
    column: row['column_name'] as string | null,
    reason: String(row['reason']),
    sourceType: row['source_type'] as string | null,
    columnType: row['column_type'] as string | null,
    rejects: Number(row['rejects']),
    records: Number(row['records']),
    firstAt: instantOf(String(row['first_at'])),
    lastAt: instantOf(String(row['last_at'])),
  };
}
