import type { Batch } from './batch.ts';
import type { Positions } from './positions.ts';

/** In the place of a mode, in the path of stages that outlive their run until a later one merges them. */
export const heldMode = 'held';

/** Batches that may wait where config names no number: what a schedule hands on from run to run stays small. */
export const mostHeldBatches = 30;

/** How long changes may stay staged before they are merged (`apply.interval`). */
export interface HoldSettings {
  readonly intervalMs: number;
  readonly mostBatches: number;
}

/** Changes that were staged by earlier runs and wait to be merged as one. The ledger knows nothing of them. */
export interface HeldChanges {
  /** Names the folder that holds all of them: the first run that staged any. */
  readonly run: string;
  /** ISO, by the source's clock: what waits has been found later than this. */
  readonly since: string;
  /** ISO: about when they are to be merged. */
  readonly dueAt: string;
  /** Where the source is read up to once they are merged. A run that knows nothing of them begins before them. */
  readonly positions: Positions;
  readonly batches: readonly [Batch, ...Batch[]];
  /** Names the plan they were staged by. */
  readonly plan: string;
  /** `columnLayout` of the plan they were staged by, as a table had settled it. */
  readonly layout: string;
  /** What the source said of the credentials' access: rows of two accounts must not meet. */
  readonly access: string | null;
}

/** What an incremental run is told of changes that wait. */
export interface HoldState {
  readonly held: HeldChanges | null;
  /** ISO, by the source's clock: everything up to then is merged or held, as the run before left word; null where none did. */
  readonly lookedAt: string | null;
  /** A person, or a run that compares, wants to see the changes in the table. */
  readonly isAsked: boolean;
}

/** Records and tombstones, each version of one counted. */
export function countHeld(batches: readonly Batch[]): number {
  return batches.reduce((sum, { stage }) => sum + stage.records.rowCount + stage.tombstones.rowCount, 0);
}

export function changesText(changes: number): string {
  return changes === 1 ? '1 change' : `${changes} changes`;
}

/** `12 changes wait, to be merged at 21:40 UTC`, with the date where that is not the day on which they began to wait. */
export function heldText({ batches, since, dueAt }: HeldChanges): string {
  const [day, time] = [dueAt.slice(0, 10), dueAt.slice(11, 16)];
  const count = countHeld(batches);
  const at = day === since.slice(0, 10) ? time : `${day} ${time}`;
  return `${changesText(count)} ${count === 1 ? 'waits' : 'wait'}, to be merged at ${at} UTC`;
}

export interface HoldQuestion extends HoldState {
  /** Null where config does not let changes wait. */
  readonly hold: HoldSettings | null;
  readonly found: FoundChanges;
  readonly chunkRecords: number;
  /** By the source's clock. */
  readonly now: string;
  /** The usual time to the next run; 0 where none is scheduled. */
  readonly gapMs: number;
}

/** What a run has read. */
export interface FoundChanges extends Pick<HeldChanges, 'plan' | 'layout'> {
  readonly isComplete: boolean;
  readonly records: number;
}

export type HoldDecision =
  | { readonly kind: 'hold'; readonly since: string; readonly dueAt: string }
  | { readonly kind: 'apply'; readonly reason: ApplyReason };

export type ApplyReason = 'notHeld' | 'asked' | 'unknownSince' | 'due' | 'incomplete' | 'enough' | 'otherPlan';

/**
 * Whether what was found may wait with what is held already. It waits from the look before on, at which nothing of it was there:
 * a schedule that does not hand on what its runs leave, so that nothing held would ever be found again, thereby holds nothing for longer
 * than the interval. Of two runs beside the end of the interval, the nearer one merges.
 */
export function decideHold(question: HoldQuestion): HoldDecision {
  const { hold, held, found, lookedAt } = question;
  const since = held?.since ?? lookedAt;
  const apply = (reason: ApplyReason): HoldDecision => ({ kind: 'apply', reason });
  if (hold === null) return apply('notHeld');
  if (question.isAsked) return apply('asked');
  if (since === null) return apply('unknownSince');
  if (!found.isComplete) return apply('incomplete');
  const dueMs = Date.parse(since) + hold.intervalMs;
  if (Date.parse(question.now) + question.gapMs / 2 >= dueMs) return apply('due');
  const batches = (held?.batches.length ?? 0) + (found.records > 0 ? 1 : 0);
  const records = countHeld(held?.batches ?? []) + found.records;
  if (batches >= hold.mostBatches || records >= question.chunkRecords) return apply('enough');
  if (held !== null && found.records > 0 && (held.plan !== found.plan || held.layout !== found.layout)) {
    return apply('otherPlan');
  }
  return { kind: 'hold', since, dueAt: new Date(dueMs).toISOString() };
}
