import type { StreamPlan } from '../../model/plan.ts';
import { systemTable } from './system-tables.ts';

/** What a batch may have seen without leaving a trace in a table: an observation that changes nothing is not written. */
const untraced = {
  records: 'unchanged + superseded > 0 AND read > coalesce(tombstones, 0)',
  associations: 'heads > 0',
} as const;

/**
 * An expression: until when batches of other runs may have contradicted an older observation without a trace; NULL where none
 * has. A commit's time and the observations of its batch may be of clocks that differ by seconds. Binds stream and run.
 */
export function buildDoubtfulUntil(plan: StreamPlan, seen: keyof typeof untraced): string {
  return (
    `(SELECT max(committed_at) + INTERVAL 5 SECOND FROM ${systemTable(plan.table.schema, 'sync_batches')} ` +
    `WHERE stream = $stream AND run <> $run AND ${untraced[seen]})`
  );
}
