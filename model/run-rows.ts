import type { RunRow } from './destination.ts';
import type { Frontier } from './frontier.ts';
import { type LedgerRow, readCounts, readRequests } from './ledger-columns.ts';
import type { Scope, SyncMode } from './plan.ts';
import type { RunRecord, RunStatus } from './run.ts';

/** Reads rows of `sync_runs` and `sync_run_totals`. `instantOf` turns a destination's text of an instant into ISO-8601. */

export type InstantOf = (text: string) => string;

export function readRunRecord(row: LedgerRow, instantOf: InstantOf): RunRecord {
  return {
    run: String(row['run']),
    mode: row['mode'] as SyncMode,
    scope: row['scope'] as Scope,
    status: row['status'] as RunStatus,
    planDigest: String(row['plan_digest']),
    startFrontier: JSON.parse(String(row['start_frontier'])) as Frontier,
    firstStartedAt: instantOf(String(row['first_started_at'])),
    resumedFrom: row['resumed_from'] as string | null,
  };
}

export function readRunRow(row: LedgerRow, instantOf: InstantOf): RunRow {
  return {
    run: String(row['run']),
    mode: row['mode'] as SyncMode,
    scope: row['scope'] as Scope,
    status: row['status'] as RunStatus,
    startReason: String(row['start_reason']),
    startedAt: instantOf(String(row['started_at'])),
    endedAt: row['ended_at'] === null ? null : instantOf(String(row['ended_at'])),
    batches: Number(row['batches']),
    totals: readCounts(row),
    ...readRequests(row),
    statements: Number(row['statements']),
    idleRuns: Number(row['idle_runs'] ?? 0),
    error: row['error'] as string | null,
  };
}
