import type { SearchSettings } from './options.ts';
import type { LoggedState, RecordStore } from './record-store.ts';
import type { RecordView } from './record-view.ts';
import { mix } from './seeded-random.ts';
import { firstAtLeast } from './sorted-numbers.ts';
import type { Sight } from './visibility.ts';

/** Ids and instants, both ends included. */
export interface IndexBounds {
  readonly id: readonly [least: number, most: number];
  readonly createdMs: readonly [least: number, most: number];
  readonly modifiedMs: readonly [least: number, most: number];
}

/** One entry per record ever indexed, ascending by id. */
interface Columns {
  readonly ids: Float64Array;
  readonly createdMs: Float64Array;
  readonly modifiedMs: Float64Array;
  /** 1 where the index has the record as live. */
  readonly isLive: Uint8Array;
}

type Lag = Pick<SearchSettings, 'lagMs' | 'slowShare' | 'slowLagMs'>;

/**
 * What search knows of one type: each record as it stood before its lag. Follows the store's log, so a query costs one
 * pass over numbers, however many records have changed.
 */
export class SearchIndex {
  readonly #store: RecordStore;
  #lag: Lag = { lagMs: 0, slowShare: 0, slowLagMs: 0 };
  #nowMs = -Infinity;
  /** Null until the first search. */
  #columns: Columns | null = null;
  /** Records that are not as they were first, as indexed. */
  #views = new Map<number, RecordView>();
  /** How much of the log is indexed, of records with the usual lag and of the slow ones. */
  #indexed = { usual: 0, slow: 0 };

  constructor(store: RecordStore) {
    this.#store = store;
  }

  /** Indexes what is due at `nowMs`. Another lag, or a clock set back, begins anew. */
  advance(lag: Lag, nowMs: number): void {
    const isAsBefore = (['lagMs', 'slowShare', 'slowLagMs'] as const).every((key) => lag[key] === this.#lag[key]);
    if (this.#columns === null || !isAsBefore || nowMs < this.#nowMs) this.#begin(lag);
    this.#nowMs = nowMs;
    const added = new Map<number, RecordView>();
    this.#indexed = {
      usual: this.#applyFrom(this.#indexed.usual, { isSlow: false, dueMs: nowMs - lag.lagMs, added }),
      slow: this.#applyFrom(this.#indexed.slow, { isSlow: true, dueMs: nowMs - lag.slowLagMs, added }),
    };
    if (added.size > 0) this.#insert([...added.values()]);
  }

  /** Positions of the live records within the bounds that `sees` lets pass, ascending by id. */
  within({ id, createdMs, modifiedMs }: IndexBounds, sees: Sight): Uint32Array {
    const columns = this.#require();
    const start = firstAtLeast(columns.ids, id[0]);
    const found = new Uint32Array(columns.ids.length - start);
    let count = 0;
    for (let at = start; at < columns.ids.length; at++) {
      const recordId = columns.ids[at] as number;
      if (recordId > id[1]) break;
      const created = columns.createdMs[at] as number;
      const modified = columns.modifiedMs[at] as number;
      if (modified < modifiedMs[0] || modified > modifiedMs[1]) continue;
      if (created < createdMs[0] || created > createdMs[1]) continue;
      if (columns.isLive[at] === 1 && sees(recordId)) found[count++] = at;
    }
    return found.subarray(0, count);
  }

  viewAt(position: number): RecordView {
    const id = this.#require().ids[position] as number;
    return this.#views.get(id) ?? this.#store.initialView(id);
  }

  /** Instants by position. */
  get instants(): Pick<Columns, 'createdMs' | 'modifiedMs'> {
    return this.#require();
  }

  #begin(lag: Lag): void {
    const initial = this.#store.initialColumns();
    this.#lag = { lagMs: lag.lagMs, slowShare: lag.slowShare, slowLagMs: lag.slowLagMs };
    this.#columns = { ...initial, isLive: new Uint8Array(initial.ids.length).fill(1) };
    this.#views = new Map();
    this.#indexed = { usual: 0, slow: 0 };
  }

  /** The position in the log up to which all is due; records not indexed before go to `added`. */
  #applyFrom(
    from: number,
    { isSlow, dueMs, added }: { isSlow: boolean; dueMs: number; added: Map<number, RecordView> },
  ): number {
    const { log } = this.#store;
    let next = from;
    for (; next < log.length; next++) {
      const logged = log[next] as LoggedState;
      if (logged.atMs > dueMs) break;
      if (this.#isSlow(logged.journal.index) === isSlow) this.#apply(logged, added);
    }
    return next;
  }

  #apply({ journal, state }: LoggedState, added: Map<number, RecordView>): void {
    const columns = this.#require();
    const view = journal.stateAt(state);
    const position = firstAtLeast(columns.ids, view.id);
    if (columns.ids[position] !== view.id) {
      added.set(view.id, view);
      return;
    }
    columns.modifiedMs[position] = view.modifiedMs;
    columns.isLive[position] = view.status === 'live' ? 1 : 0;
    this.#views.set(view.id, view);
  }

  #insert(views: readonly RecordView[]): void {
    const before = this.#require();
    const added = views.toSorted((a, b) => a.id - b.id);
    const size = before.ids.length + added.length;
    const ids = new Float64Array(size);
    const createdMs = new Float64Array(size);
    const modifiedMs = new Float64Array(size);
    const isLive = new Uint8Array(size);
    let from = 0;
    added.forEach((view, i) => {
      const to = firstAtLeast(before.ids, view.id);
      ids.set(before.ids.subarray(from, to), from + i);
      createdMs.set(before.createdMs.subarray(from, to), from + i);
      modifiedMs.set(before.modifiedMs.subarray(from, to), from + i);
      isLive.set(before.isLive.subarray(from, to), from + i);
      from = to;
      ids[to + i] = view.id;
      createdMs[to + i] = view.createdMs;
      modifiedMs[to + i] = view.modifiedMs;
      isLive[to + i] = view.status === 'live' ? 1 : 0;
      this.#views.set(view.id, view);
    });
    ids.set(before.ids.subarray(from), from + added.length);
    createdMs.set(before.createdMs.subarray(from), from + added.length);
    modifiedMs.set(before.modifiedMs.subarray(from), from + added.length);
    isLive.set(before.isLive.subarray(from), from + added.length);
    this.#columns = { ids, createdMs, modifiedMs, isLive };
  }

  #isSlow(index: number): boolean {
    return mix(index, 0x51ac) / 4294967296 < this.#lag.slowShare;
  }

  #require(): Columns {
    if (this.#columns === null) throw new TypeError('nothing is indexed before advance()');
    return this.#columns;
  }
}
