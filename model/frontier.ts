import type { TimeWindow } from './positions.ts';

/**
 * What of a run is still unread. JSON, a few hundred bytes: it is the run's checkpoint, kept in workflow state and in every
 * ledger row. Ids are decimal strings, compared as integers.
 */
export type Frontier = SourceFrontier | WorkFrontier | SequenceFrontier;

/** What a source reads by itself. */
export type SourceFrontier =
  /** Disjoint id ranges, read by parallel cursors; a range's `from` moves up as its cursor advances. */
  | { readonly kind: 'idRanges'; readonly ranges: readonly IdRange[] }
  /** One sequential reader; `after` is the source's own token, null for the start. */
  | { readonly kind: 'pages'; readonly after: string | null; readonly done: boolean; readonly remaining: number | null }
  /** Records named one by one. */
  | IdsFrontier
  /** What the source's bin holds, read by parallel cursors: tombstones, and no records. */
  | { readonly kind: 'archivedRanges'; readonly ranges: readonly IdRange[] }
  /** The same by one sequential reader. */
  | { readonly kind: 'archivedPages'; readonly after: string | null; readonly done: boolean }
  /** Records whose `property` lies in one of the windows. */
  | { readonly kind: 'windows'; readonly property: string; readonly windows: readonly WindowFrontier[] };

export interface IdsFrontier {
  readonly kind: 'ids';
  readonly ids: readonly string[];
}

/** A window and the ids of it that are still unread. */
export interface WindowFrontier extends TimeWindow {
  readonly ranges: readonly IdRange[];
}

/**
 * Ids that the destination found by comparing, in its own order, from after `after` on. They stay there: only the position
 * crosses Temporal. `repair` re-reads what is missing or stale, `vanished` flags what is gone.
 */
export interface WorkFrontier {
  readonly kind: 'work';
  readonly task: WorkTask;
  readonly after: string | null;
  readonly done: boolean;
}

export type WorkTask = 'repair' | 'vanished';

/** One part after another. */
export interface SequenceFrontier {
  readonly kind: 'sequence';
  readonly parts: readonly (SourceFrontier | WorkFrontier)[];
}

/** Ids in `[from, to)`; `to` null means no upper end. */
export interface IdRange {
  readonly from: string;
  readonly to: string | null;
}

export function isFrontierEmpty(frontier: Frontier): boolean {
  switch (frontier.kind) {
    case 'idRanges':
    case 'archivedRanges':
      return frontier.ranges.length === 0;
    case 'pages':
      return frontier.done || frontier.remaining === 0;
    case 'archivedPages':
    case 'work':
      return frontier.done;
    case 'ids':
      return frontier.ids.length === 0;
    case 'windows':
      return frontier.windows.every(({ ranges }) => ranges.length === 0);
    case 'sequence':
      return frontier.parts.every(isFrontierEmpty);
    default:
      return frontier satisfies never;
  }
}

/** The part that is read next, and what follows it. Null for an empty frontier. */
export function firstPart(
  frontier: Frontier,
): { readonly part: SourceFrontier | WorkFrontier; readonly rest: SequenceFrontier['parts'] } | null {
  const parts = (frontier.kind === 'sequence' ? frontier.parts : [frontier]).filter((part) => !isFrontierEmpty(part));
  const [part, ...rest] = parts;
  return part === undefined ? null : { part, rest };
}

/** Puts a part that was read further back before the rest. */
export function withRest(part: SourceFrontier | WorkFrontier, rest: SequenceFrontier['parts']): Frontier {
  return rest.length === 0 ? part : { kind: 'sequence', parts: [part, ...rest] };
}
