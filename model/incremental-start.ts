import type { StreamState } from './destination.ts';
import type { Positions } from './positions.ts';

export type IncrementalStart =
  | { readonly kind: 'incremental'; readonly positions: Positions }
  /** Nothing is to be read before a backfill was made. */
  | { readonly kind: 'needsBackfill'; readonly reason: string }
  | { readonly kind: 'fullSync'; readonly reason: string };

/**
 * Where an incremental run begins, from what the ledger says. Positions that are lost while the table holds rows mean a
 * full sync and never silence; a stream that was never backfilled waits for its backfill (rule 6 of docs/spec.md).
 */
export function decideIncremental(
  state: StreamState,
  settings: { readonly neverBackfilled: 'wait' | 'fullSync' },
): IncrementalStart {
  if (state.positions !== null && state.liveRows !== null) return { kind: 'incremental', positions: state.positions };
  if (state.positions !== null) return { kind: 'fullSync', reason: 'the ledger has positions, and the table is gone' };
  const hasRows = (state.liveRows ?? 0) > 0;
  if (state.isUnreadable) return { kind: 'fullSync', reason: 'the positions in the ledger cannot be read' };
  if (state.backfill === 'done')
    return { kind: 'fullSync', reason: 'the ledger has lost the positions of the backfill' };
  if (state.backfill === 'none' && state.generation === 0 && hasRows) {
    return { kind: 'fullSync', reason: 'the table holds rows, and no ledger tells how they came' };
  }
  const reason =
    state.backfill === 'unfinished' ? 'its backfill is not complete' : 'it was never backfilled completely';
  return settings.neverBackfilled === 'fullSync' ? { kind: 'fullSync', reason } : { kind: 'needsBackfill', reason };
}

/** The least hits for which a listing is thought of: below, searching takes seconds either way. */
const fewestHits = 2_000;
/**
 * From this share of an object on a listing is quicker: it brings 1,900 records a second at the published limits, and search
 * 1,000 ids (5 requests of 200).
 */
const listShare = 0.53;

/** Above this many changed records all are listed instead of searched. Null where the size of the object is not known. */
export function mostHitsToSearch(liveRows: number | null): number | null {
  return liveRows === null ? null : Math.max(fewestHits, Math.floor(liveRows * listShare));
}
