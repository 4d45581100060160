import type { IdSpread } from './id-spread.ts';
import { firstIndexFrom } from './id-spread.ts';
import type { RecordChange } from './journal.ts';
import { RecordJournal } from './journal.ts';
import type { RecordStatus, RecordView } from './record-view.ts';
import { mix } from './seeded-random.ts';
import { firstAtLeast } from './sorted-numbers.ts';
import type { Sight } from './visibility.ts';

const historyMs = 5 * 365 * 86_400_000;

export interface RecordStoreOptions {
  readonly spread: IdSpread;
  readonly seed: number;
  /** The first records are created and modified within the five years before this instant, in ms since the epoch. */
  readonly anchorMs: number;
}

/** One state that a record came into after the start, for readers that follow the changes. */
export interface LoggedState {
  readonly atMs: number;
  readonly journal: RecordJournal;
  /** Of the journal's states. */
  readonly state: number;
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
  readonly #log: LoggedState[] = [];
  /** Of the records in a state that only changes lead to, ascending; made when asked for. */
  readonly #idsByStatus = new Map<RecordStatus, readonly number[]>();

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

  /** Every creation and change since the start, in the order they were made. */
  get log(): readonly LoggedState[] {
    return this.#log;
  }

  takeIndex(): number {
    return this.#nextIndex++;
  }

  find(id: number): RecordView | undefined {
    const journal = this.#journals.get(id);
    if (journal !== undefined) return journal.current;
    const index = this.initialIndexOf(id);
    return index === null ? undefined : this.#initial(index, id);
  }

  /** Throws `RangeError` if there is no such record. */
  append(id: number, change: RecordChange): void {
    const journal = this.journal(id);
    this.#log.push({ atMs: change.atMs, journal, state: journal.stateCount });
    this.#idsByStatus.delete(journal.current.status);
    this.#idsByStatus.delete(change.status);
    journal.append(change);
  }

  /** The record's journal, begun now if it has none. Throws `RangeError` if there is no such record. */
  journal(id: number): RecordJournal {
    const existing = this.#journals.get(id);
    if (existing !== undefined) return existing;
    const index = this.initialIndexOf(id);
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
      const journal = new RecordJournal(view, atMs);
      this.#journals.set(view.id, journal);
      this.#log.push({ atMs, journal, state: 0 });
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

  /** The first `limit` live records from id `fromId` on that `sees` lets pass. */
  liveFrom(fromId: number, { limit, sees }: { limit: number; sees: Sight }): RecordView[] {
    const found: RecordView[] = [];
    this.visitFrom(fromId, (view) => {
      if (view.status === 'live' && sees(view.id)) found.push(view);
      return found.length < limit;
    });
    return found;
  }

  /** The first `limit` records in one of these states from id `fromId` on. All of them have a journal. */
  goneFrom(
    fromId: number,
    { statuses, limit, sees }: { statuses: readonly RecordStatus[]; limit: number; sees: Sight },
  ): RecordView[] {
    const ids = statuses.flatMap((status) => {
      const all = this.#idsWith(status);
      return all.slice(firstAtLeast(all, fromId));
    });
    if (statuses.length > 1) ids.sort((a, b) => a - b);
    return ids
      .filter(sees)
      .slice(0, limit)
      .map((id) => this.journal(id).current);
  }

  /** What the first records were before any change, by index: ascending by id, and by creation. */
  initialColumns(): { ids: Float64Array; createdMs: Float64Array; modifiedMs: Float64Array } {
    const { count } = this.#spread;
    return {
      ids: Float64Array.from({ length: count }, (_, index) => this.#spread.idAt(index)),
      createdMs: Float64Array.from({ length: count }, (_, index) => this.#createdMs(index)),
      modifiedMs: Float64Array.from({ length: count }, (_, index) => this.#modifiedMs(index)),
    };
  }

  /** One of the first records before any change. Throws `RangeError` if there is none with this id. */
  initialView(id: number): RecordView {
    const index = this.initialIndexOf(id);
    if (index === null) throw new RangeError(`no first record ${id}`);
    return this.#initial(index, id);
  }

  /** Null for an id that none of the first records has. */
  initialIndexOf(id: number): number | null {
    const index = firstIndexFrom(this.#spread, id);
    return index < this.#spread.count && this.#spread.idAt(index) === id ? index : null;
  }

  idAt(index: number): number {
    return this.#spread.idAt(index);
  }

  #idsWith(status: RecordStatus): readonly number[] {
    let ids = this.#idsByStatus.get(status);
    if (ids === undefined) {
      const found: number[] = [];
      for (const { id, current } of this.#journals.values()) if (current.status === status) found.push(id);
      ids = found.sort((a, b) => a - b);
      this.#idsByStatus.set(status, ids);
    }
    return ids;
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
