import type { AssociationType } from './association-types.ts';

export interface Link extends AssociationType {
  readonly toId: number;
}

/** The associations from records of one type to those of another; those at the start are made when asked for. */
export class LinkTable {
  readonly #initial: (id: number) => readonly Link[];
  /** Of records whose associations were changed. */
  readonly #changed = new Map<number, Map<string, Link>>();
  readonly #sorted = new Map<number, readonly Link[]>();

  constructor(initial: (id: number) => readonly Link[]) {
    this.#initial = initial;
  }

  /** Ascending by the other id, then by type. */
  of(id: number): readonly Link[] {
    const changed = this.#changed.get(id);
    if (changed === undefined) return inOrder(this.#initial(id));
    let sorted = this.#sorted.get(id);
    if (sorted === undefined) {
      sorted = inOrder([...changed.values()]);
      this.#sorted.set(id, sorted);
    }
    return sorted;
  }

  /** Repeating it changes nothing but the label. */
  add(id: number, link: Link): void {
    this.#change(id).set(keyOf(link), link);
  }

  remove(id: number, link: Link): void {
    this.#change(id).delete(keyOf(link));
  }

  #change(id: number): Map<string, Link> {
    this.#sorted.delete(id);
    let links = this.#changed.get(id);
    if (links === undefined) {
      links = new Map(this.#initial(id).map((link) => [keyOf(link), link]));
      this.#changed.set(id, links);
    }
    return links;
  }
}

function keyOf({ toId, category, typeId }: Link): string {
  return `${toId} ${category} ${typeId}`;
}

function inOrder(links: readonly Link[]): readonly Link[] {
  return links.toSorted((a, b) => a.toId - b.toId || a.typeId - b.typeId);
}
