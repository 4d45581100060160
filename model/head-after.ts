import { addRequests, type Batch, type LedgerHead } from './batch.ts';
import { addCounts, type Counts } from './counts.ts';

/** A run's last batch once `batch` is committed on top of `head`. */
export function headAfter(
  head: LedgerHead,
  batch: Pick<Batch, 'batchId' | 'sequence' | 'frontierAfter' | 'requests'>,
  counts: Counts,
): LedgerHead {
  return {
    sequence: batch.sequence,
    batchId: batch.batchId,
    frontier: batch.frontierAfter,
    totals: addCounts(head.totals, counts),
    requests: addRequests(head.requests, batch.requests),
  };
}
