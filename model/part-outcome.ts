import type { Counts } from './counts.ts';

/** What became of one part of a stage. All but `counted` undo the whole batch. */
export type PartOutcome =
  | { readonly kind: 'counted'; readonly counts: Counts }
  /** The files hold other rows than were written. */
  | { readonly kind: 'lost' }
  | { readonly kind: 'doubtful' }
  | { readonly kind: 'nulled'; readonly columns: readonly string[] };
