/**
 * What of a stream is still unread. JSON, a few hundred bytes: it is a backfill's checkpoint, kept in workflow
 * state and in every ledger row. Ids are decimal strings, compared as integers.
 */
export type Frontier =
  /** Disjoint id ranges, read by parallel cursors; a range's `from` moves up as its cursor advances. */
  | { readonly kind: 'idRanges'; readonly ranges: readonly IdRange[] }
  /** One sequential reader; `after` is the source's own token, null for the start. */
  | { readonly kind: 'pages'; readonly after: string | null; readonly done: boolean; readonly remaining: number | null }
  /** Records named one by one. */
  | { readonly kind: 'ids'; readonly ids: readonly string[] };

/** Ids in `[from, to)`; `to` null means no upper end. */
export interface IdRange {
  readonly from: string;
  readonly to: string | null;
}

export function isFrontierEmpty(frontier: Frontier): boolean {
  switch (frontier.kind) {
    case 'idRanges':
      return frontier.ranges.length === 0;
    case 'pages':
      return frontier.done || frontier.remaining === 0;
    case 'ids':
      return frontier.ids.length === 0;
    default:
      return frontier satisfies never;
  }
}
