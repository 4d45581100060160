/**
 * `purged`, `erased` and `merged` records are gone from every read: the first after their time in the recycle bin, the
 * second for good. The id of a merged one leads to its survivor.
 */
export type RecordStatus = 'live' | 'archived' | 'purged' | 'erased' | 'merged';

/** One record as it stood at some instant. */
export interface RecordView {
  /** Position in the order of creation; what the record's first values are made from. */
  readonly index: number;
  readonly id: number;
  readonly createdMs: number;
  /** The version: what `updatedAt` and the modified property say. */
  readonly modifiedMs: number;
  readonly status: RecordStatus;
  /** When it was archived, or merged into another. */
  readonly archivedMs: number | null;
  readonly mergedInto: number | null;
  /** Values set since the record was made; null when there are none. */
  readonly values: ReadonlyMap<string, string | null> | null;
}
