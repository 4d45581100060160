import type { ColumnType } from './column.ts';

/**
 * As staged: a value that the destination has no room for. Its record is staged with NULL in its place, and the merge makes
 * one row of `sync_errors` of it, without a payload. The id is null where the record has none.
 */
export type UnstagedValue = readonly [
  id: string | null,
  column: string,
  sourceType: ColumnType,
  reason: string,
  observedAt: string,
];
