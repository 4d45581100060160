import { isoText } from './iso-text.ts';

export interface DirectoryEntry {
  readonly id: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly archived: boolean;
}

/** What may be said of an entry: any part of it, `archived` among them. */
export type EntryChange<Entry extends DirectoryEntry> = Partial<Omit<Entry, 'createdAt' | 'updatedAt'>> &
  Pick<Entry, 'id'>;

/** A small list that people of the account keep: owners, pipelines. */
export class Directory<Entry extends DirectoryEntry> {
  readonly #entries: Map<string, Entry>;
  readonly #blank: (id: string) => Omit<Entry, 'createdAt' | 'updatedAt' | 'archived'>;
  readonly #now: () => number;

  constructor(options: {
    readonly initial: readonly Entry[];
    /** What an entry holds before anything is said of it. */
    readonly blank: (id: string) => Omit<Entry, 'createdAt' | 'updatedAt' | 'archived'>;
    readonly now: () => number;
  }) {
    this.#entries = new Map(options.initial.map((entry) => [entry.id, entry]));
    this.#blank = options.blank;
    this.#now = options.now;
  }

  /** In the order in which they came. */
  all(): Entry[] {
    return [...this.#entries.values()];
  }

  /** Changes an entry, or adds one where the id is new. */
  put(change: EntryChange<Entry>): void {
    const at = isoText(this.#now());
    const known = this.#entries.get(change.id);
    const before = known ?? { ...this.#blank(change.id), createdAt: at, archived: false };
    this.#entries.set(change.id, { ...before, ...change, updatedAt: at } as unknown as Entry);
  }
}
