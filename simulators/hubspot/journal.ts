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

const nothing: ReadonlyMap<string, string | null> = new Map();

/** Every state one record has been in, from its first: what "truth as of an instant" is read from. */
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

  get lastChangedMs(): number {
    return this.#events.at(-1)?.atMs ?? 0;
  }

  append(change: Omit<RecordEvent, 'values'> & { values?: ReadonlyMap<string, string | null> }): void {
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

  /** The state at `instantMs`; null before the first. */
  asOf(instantMs: number): RecordView | null {
    return this.states().findLast(({ atMs }) => atMs <= instantMs)?.view ?? null;
  }

  #apply(before: RecordView, event: RecordEvent): RecordView {
    const { modifiedMs, status, archivedMs, mergedInto } = event;
    const values = event.values.size === 0 ? before.values : new Map([...(before.values ?? []), ...event.values]);
    return { ...before, modifiedMs, status, archivedMs, mergedInto, values };
  }
}
