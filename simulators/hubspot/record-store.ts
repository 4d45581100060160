import type { IdSpread } from './id-spread.ts';
import { firstIndexFrom } from './id-spread.ts';
import { RecordJournal } from './journal.ts';
import type { RecordView } from './record-view.ts';
import { mix } from './seeded-random.ts';

const historyMs = 5 * 365 * 86_400_000;

export interface RecordStoreOptions {
  readonly spread: IdSpread;
  readonly seed: number;
  /** The first records are created and modified within the five years before this instant, in ms since the epoch. */
  readonly anchorMs: number;
}

/**
 * The records of one type in the order of their ids. The first ones exist only as arithmetic; a journal is kept for
 * those changed or created since, so memory grows with changes alone.
 */
export class RecordStore {
  readonly #spread: IdSpread;
  readonly #seed: number;
  readonly #anchorMs: number;
  readonly #journals = new Map<number, RecordJournal>();
  /** Ids created since the start, ascending. */
  #createdIds: number[] = [];
  #nextIndex: number;
  #index: { readonly ids: Float64Array; readonly modifiedMs: Float64Array } | null = null;

  constructor({ spread, seed, anchorMs }: RecordStoreOptions) {
    this.#spread = spread;
    this.#seed = seed;
    this.#anchorMs = anchorMs;
    this.#nextIndex = spread.count;
  }

  get initialCount(): number {
    return this.#spread.count;
  }

  get maxId(): number {
    const initial = this.#spread.count === 0 ? 0 : this.#spread.idAt(this.#spread.count - 1);
    return Math.max(initial, this.#createdIds.at(-1) ?? 0);
  }

  /** Of the records that have ever been changed or created since the start. */
  journals(): Iterable<RecordJournal> {
    return this.#journals.values();
  }

  takeIndex(): number {
    return this.#nextIndex++;
  }

  find(id: number): RecordView | undefined {
    const journal = this.#journals.get(id);
    if (journal !== undefined) return journal.current;
    const index = this.#initialIndex(id);
    return index === null ? undefined : this.#initial(index, id);
  }

  /** The record's journal, begun now if it has none. Throws `RangeError` if there is no such record. */
  journal(id: number): RecordJournal {
    const existing = this.#journals.get(id);
    if (existing !== undefined) return existing;
    const index = this.#initialIndex(id);
    if (index === null) throw new RangeError(`no record ${id}`);
    const view = this.#initial(index, id);
    const journal = new RecordJournal(view, view.modifiedMs);
    this.#journals.set(id, journal);
    return journal;
  }

  /** Throws `RangeError` if an id is taken. */
  insert(views: readonly RecordView[], atMs: number): void {
    for (const view of views) {
      if (this.find(view.id) !== undefined) throw new RangeError(`record ${view.id} exists`);
      this.#journals.set(view.id, new RecordJournal(view, atMs));
    }
    this.#createdIds = [...this.#createdIds, ...views.map((view) => view.id)].sort((a, b) => a - b);
  }

  /** Calls `visit` with each record from id `fromId` on, whatever its status, until it returns false. */
  visitFrom(fromId: number, visit: (view: RecordView) => boolean): void {
    const { count } = this.#spread;
    let index = firstIndexFrom(this.#spread, fromId);
    let created = firstAtLeast(this.#createdIds, fromId);
    const hasJournals = this.#journals.size > 0;
    let initialId = index < count ? this.#spread.idAt(index) : Infinity;
    let createdId = this.#createdIds[created] ?? Infinity;
    while (initialId !== Infinity || createdId !== Infinity) {
      let view: RecordView | undefined;
      if (initialId < createdId) {
        view = (hasJournals ? this.#journals.get(initialId)?.current : undefined) ?? this.#initial(index, initialId);
        index += 1;
        initialId = index < count ? this.#spread.idAt(index) : Infinity;
      } else {
        view = this.#journals.get(createdId)?.current;
        created += 1;
        createdId = this.#createdIds[created] ?? Infinity;
      }
      if (view !== undefined && !visit(view)) return;
    }
  }

  /** The first `limit` archived records from id `fromId` on. All archived records have a journal. */
  archivedFrom(fromId: number, limit: number): RecordView[] {
    const found: RecordView[] = [];
    for (const { id, current } of this.#journals.values()) {
      if (id >= fromId && current.status === 'archived') found.push(current);
    }
    return found.sort((a, b) => a.id - b.id).slice(0, limit);
  }

  /** The first `limit` live records from id `fromId` on. */
  liveFrom(fromId: number, limit: number): RecordView[] {
    const found: RecordView[] = [];
    this.visitFrom(fromId, (view) => {
      if (view.status === 'live') found.push(view);
      return found.length < limit;
    });
    return found;
  }

  /** Ids and versions of the first records, by index, before any change: what search scans. */
  initialIndex(): { readonly ids: Float64Array; readonly modifiedMs: Float64Array } {
    const { count } = this.#spread;
    this.#index ??= {
      ids: Float64Array.from({ length: count }, (_, index) => this.#spread.idAt(index)),
      modifiedMs: Float64Array.from({ length: count }, (_, index) => this.#modifiedMs(index)),
    };
    return this.#index;
  }

  idAt(index: number): number {
    return this.#spread.idAt(index);
  }

  firstIndexFrom(id: number): number {
    return firstIndexFrom(this.#spread, id);
  }

  #initialIndex(id: number): number | null {
    const index = firstIndexFrom(this.#spread, id);
    return index < this.#spread.count && this.#spread.idAt(index) === id ? index : null;
  }

  #initial(index: number, id: number): RecordView {
    return {
      index,
      id,
      createdMs: this.#createdMs(index),
      modifiedMs: this.#modifiedMs(index),
      status: 'live',
      archivedMs: null,
      mergedInto: null,
      values: null,
    };
  }

  #createdMs(index: number): number {
    const within = mix(this.#seed, index) / 4294967296;
    return Math.floor(this.#anchorMs - historyMs + (historyMs * (index + within)) / this.#spread.count);
  }

  #modifiedMs(index: number): number {
    const created = this.#createdMs(index);
    const within = mix(this.#seed + 1, index) / 4294967296;
    return created + Math.floor((this.#anchorMs - created) * within * within);
  }
}

function firstAtLeast(sorted: readonly number[], value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? Infinity) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
