import type { Batch } from './batch.ts';
import { type Counts, unexplained } from './counts.ts';
import { SyncError } from './errors.ts';
import type { StreamTable, TableName } from './stream-table.ts';

/** What every destination says of a batch that it cannot merge. */

interface Refused {
  readonly plan: Pick<StreamTable, 'stream'>;
  readonly batch: Pick<Batch, 'batchId'>;
}

const report = { next: 'report this with the batch id: nothing of the batch was written' };

export function unobservedRows({ plan, batch }: Refused): SyncError {
  return new SyncError(
    'StateCorrupt',
    `batch ${batch.batchId} of ${plan.stream} holds rows without an observation instant`,
    report,
  );
}

export function unreadableTombstones({ plan, batch }: Refused): SyncError {
  return new SyncError(
    'StateCorrupt',
    `batch ${batch.batchId} of ${plan.stream} holds tombstones that cannot be read`,
    report,
  );
}

export function unusableAssociations({ plan, batch }: Refused, { schema, table }: TableName): SyncError {
  return new SyncError(
    'DataRejected',
    `batch ${batch.batchId} of ${plan.stream} holds associations for ${schema}.${table} without usable ids`,
    { next: `leave these associations out of ${plan.stream}, or report this with the batch id` },
  );
}

/** Raises `StateCorrupt` unless every record read is explained. */
export function requireClosed({ plan, batch }: Refused, counts: Counts): void {
  if (unexplained(counts) === 0) return;
  throw new SyncError('StateCorrupt', `the counts of batch ${batch.batchId} of ${plan.stream} do not close`, report);
}
