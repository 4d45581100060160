import { untraced } from '../../model/ledger-columns.ts';
import type { StreamPlan, SyncMode } from '../../model/plan.ts';
import { quoteTable } from './dialect.ts';
import { listingTables } from './listing-tables.ts';
import { systemTable } from './system-tables.ts';

/**
 * Observations and commits are of one clock, since one process writes the file on the machine that reads the source: this
 * is for a clock that is set back a little in between. More would make a run wait that begins right after another.
 */
const marginMs = 500;

/**
 * An expression: until when batches of other runs may have contradicted an older observation without a trace; NULL where none
 * has. Binds stream and run.
 */
export function buildDoubtfulUntil(plan: StreamPlan, seen: keyof typeof untraced): string {
  return (
    `(SELECT max(committed_at) + INTERVAL ${marginMs} MILLISECOND FROM ${systemTable(plan.table.schema, 'sync_batches')} ` +
    `WHERE stream = $stream AND run <> $run AND ${untraced[seen]})`
  );
}

/** Keeps the doubtful of a table of fates for the run itself to read again, each id once. */
export function buildKeepDoubtful(
  plan: StreamPlan,
  mode: SyncMode,
  fates: { readonly table: string; readonly id: string },
): string {
  const work = quoteTable(listingTables(plan, mode).work);
  return (
    `INSERT INTO ${work} (id, task, reason) SELECT DISTINCT ${fates.id}, 'repair', 'doubtful' FROM ${fates.table} ` +
    `WHERE fate = 'doubtful' AND ${fates.id} NOT IN (SELECT id FROM ${work})`
  );
}
