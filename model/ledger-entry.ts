import type { Batch, Stage } from './batch.ts';
import type { Counts } from './counts.ts';
import type { MergeRequest } from './destination.ts';
import { columnValues, countColumns, requestColumns } from './ledger-columns.ts';
import type { StreamTable } from './stream-table.ts';

/** A row of the ledger: of a merge, or of a step that brings no records and opens work. */
export interface LedgerEntry extends Pick<
  MergeRequest,
  'run' | 'mode' | 'scope' | 'generation' | 'planDigest' | 'firstStartedAt' | 'positions'
> {
  readonly plan: StreamTable;
  readonly batch: Pick<Batch, 'batchId' | 'sequence' | 'predecessor' | 'frontierAfter' | 'requests'> & {
    readonly stage: Pick<Stage, 'associations'>;
  };
}

/** The row's values by column, but for what the destination adds of itself. */
export function ledgerValues(
  { plan, batch, ...entry }: LedgerEntry,
  counts: Counts,
): Record<string, string | number | null> {
  return {
    stream: plan.stream,
    generation: entry.generation,
    run: entry.run,
    mode: entry.mode,
    scope: entry.scope,
    sequence: batch.sequence,
    predecessor: batch.predecessor,
    batch_id: batch.batchId,
    frontier_after: JSON.stringify(batch.frontierAfter),
    plan_digest: entry.planDigest,
    first_started_at: entry.firstStartedAt,
    // Readers take the highest of each, so that a position never falls.
    watermark_fast: entry.positions?.fast ?? null,
    watermark_settled: entry.positions?.settled ?? null,
    heads: batch.stage.associations.reduce((sum, { heads }) => sum + heads.rowCount, 0),
    ...columnValues(countColumns, counts),
    ...columnValues(requestColumns, batch.requests),
  };
}
