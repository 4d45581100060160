import type { RecordStatus, RecordView } from './record-view.ts';

/** What one change did to one record. */
export interface RecordEvent {
  /** When it happened, by the simulator's clock, in ms since the epoch. */
  readonly atMs: number;
  readonly modifiedMs: number;
  readonly status: RecordStatus;
  readonly archivedMs: number | null;
  readonly mergedInto: number | null;
  /** Only what this change set. */
  readonly values: ReadonlyMap<string, string | null>;
}

/** An event before it is kept; without `values` it sets none. */
export type RecordChange = Omit<RecordEvent, 'values'> & { readonly values?: RecordEvent['values'] };

const nothing: ReadonlyMap<string, string | null> = new Map();

/** Every state one record has been in, from its first: what its history and the search index are read from. */
export class RecordJournal {
  readonly index: number;
  readonly id: number;
  readonly createdMs: number;
  readonly #events: RecordEvent[];
  #current: RecordView;

  constructor(first: RecordView, atMs: number) {
    this.index = first.index;
    this.id = first.id;
    this.createdMs = first.createdMs;
    this.#current = first;
    const { modifiedMs, status, archivedMs, mergedInto, values } = first;
    this.#events = [{ atMs, modifiedMs, status, archivedMs, mergedInto, values: values ?? nothing }];
  }

  get current(): RecordView {
    return this.#current;
  }

  /** States so far: 1 before any change. */
  get stateCount(): number {
    return this.#events.length;
  }

  append(change: RecordChange): void {
    const event: RecordEvent = { ...change, values: change.values ?? nothing };
    this.#events.push(event);
    this.#current = this.#apply(this.#current, event);
  }

  /** All states in order, each with the instant it began. */
  states(): { atMs: number; view: RecordView }[] {
    let view: RecordView = { ...this.#current, values: null };
    return this.#events.map((event) => {
      view = this.#apply(view, event);
      return { atMs: event.atMs, view };
    });
  }

  /** The state numbered so, from 0. Throws `RangeError` if there is none yet. */
  stateAt(number: number): RecordView {
    if (number === this.#events.length - 1) return this.#current;
    const state = this.states()[number];
    if (state === undefined) throw new RangeError(`record ${this.id} has no state ${number}`);
    return state.view;
  }

  #apply(before: RecordView, event: RecordEvent): RecordView {
    const { modifiedMs, status, archivedMs, mergedInto } = event;
    const values = event.values.size === 0 ? before.values : new Map([...(before.values ?? []), ...event.values]);
    return { ...before, modifiedMs, status, archivedMs, mergedInto, values };
  }
}
