import type { StreamState } from './destination.ts';

/** What a destination knows of a stream that never ran in it. */
export const emptyState: StreamState = {
  generation: 0,
  positions: null,
  isUnreadable: false,
  liveRows: null,
  backfill: 'none',
  reconciledAt: null,
  access: null,
  comparedColumns: null,
};
