import type { Portal } from '../../simulators/hubspot/portal.ts';
import type { Selection } from '../../simulators/hubspot/record-changes.ts';
import { createRandom, shuffled, type Random } from '../../simulators/hubspot/seeded-random.ts';

export const accountSteps = [
  'change few',
  'change many',
  'create',
  'archive',
  'restore',
  'merge into a new record',
  'merge into the first',
  'erase',
  'purge',
  'recalculate',
  'associate',
  'dissociate',
  'add a property',
] as const;

export type AccountStep = (typeof accountSteps)[number];

export type Kind = 'contacts' | 'companies';

/** Of a contact with a company. */
export interface Link {
  readonly from: string;
  readonly to: string;
}

/** What was done without a trace. */
export interface Unseen {
  /** Contacts. */
  readonly erased: readonly string[];
  readonly recalculated: Readonly<Record<Kind, readonly string[]>>;
  /** Made or ended. */
  readonly links: readonly Link[];
}

/** By object, what is derived of it and may so change without a new version. */
const calculated: Readonly<Record<Kind, (n: number) => Readonly<Record<string, string>>>> = {
  contacts: (n) => ({ hs_latest_source_data_1: `recalculated ${n}` }),
  companies: (n) => ({ num_associated_contacts: String(1_000_000 + n) }),
};

/**
 * What happens to an account of contacts and companies, one step after another, by a seed. Keeps in mind which records and
 * associations it has left in a state that neither a search by modification nor the bin tells of: what only a reconciliation
 * can see, unless another run read the record again by chance.
 */
export class AccountSteps {
  readonly #portal: Portal;
  readonly #random: Random;
  /** Numbers everything made up, so that no value comes twice, from another seed either. */
  #made: number;
  readonly #recalculated = new Set<string>();
  /** Left without a trace. */
  readonly #gone = new Set<string>();
  /** Back from the bin with the version they had: a change before they went there may lie behind every position. */
  readonly #restored = new Set<string>();
  readonly #relinked = new Set<string>();

  constructor(portal: Portal, seed: number) {
    this.#portal = portal;
    this.#random = createRandom(seed);
    this.#made = seed * 1_000;
  }

  /** Says what was done. */
  take(step: AccountStep): string {
    const kind = this.#random.chance(0.75) ? 'contacts' : 'companies';
    return `${step}: ${this.#take(step, kind)}`;
  }

  /** Does what no search and no bin shows, and nothing else, to records that nothing else has happened to. */
  takeUnseen(): Unseen {
    const contacts = this.#untouched('contacts');
    const companies = this.#untouched('companies');
    const erased = this.#portal.gdprDelete('contacts', { ids: contacts.splice(0, 4) });
    note(this.#gone, 'contacts', erased);
    const recalculated = {
      contacts: this.#recalculate('contacts', { ids: contacts.splice(0, 6) }),
      companies: this.#recalculate('companies', { ids: companies.splice(0, 3) }),
    };
    const links = [
      ...contacts.splice(0, 3).map((from, n) => this.#link(from, companies[n]!)),
      ...this.#linked(contacts, companies)
        .slice(0, 3)
        .map(({ from, to }) => this.#unlink(from, to)),
    ];
    return { erased, recalculated, links };
  }

  /** Ids of an object that may differ until a reconciliation, and all the others. */
  sortIds(kind: Kind): { readonly unseen: string[]; readonly seen: string[] } {
    const unseen: string[] = [];
    const seen: string[] = [];
    const { store } = this.#portal.data(kind);
    store.visitFrom(0, ({ id }) => {
      (this.#mayDiffer(kind, id) ? unseen : seen).push(String(id));
      return true;
    });
    return { unseen, seen };
  }

  /** Whether an association of a contact with a company may differ until a reconciliation. */
  mayDiffer(contact: string, company: string): boolean {
    return (
      this.#relinked.has(`${contact} ${company}`) ||
      this.#relinked.has(company) ||
      this.#mayDiffer('contacts', Number(contact)) ||
      this.#mayDiffer('companies', Number(company))
    );
  }

  /** A merge is told by the record that is left: where that is not seen, its losers are not either. */
  #mayDiffer(kind: Kind, id: number): boolean {
    const { store } = this.#portal.data(kind);
    let next: number | null = id;
    while (next !== null) {
      const key = `${kind} ${next}`;
      if (this.#gone.has(key) || this.#restored.has(key)) return true;
      next = store.find(next)?.mergedInto ?? null;
    }
    return this.#recalculated.has(`${kind} ${id}`);
  }

  #take(step: AccountStep, kind: Kind): string {
    const seed = this.#seed();
    switch (step) {
      case 'change few':
        return text(kind, this.#portal.change(kind, { count: this.#random.between(1, 6), seed }));
      case 'change many':
        return text('contacts', this.#portal.change('contacts', { count: this.#random.between(100, 400), seed }));
      case 'create': {
        const place = this.#random.pick(['gaps', 'end'] as const);
        return text(kind, this.#portal.create(kind, { count: this.#random.between(1, 5), place, seed }));
      }
      case 'archive':
        return text(kind, this.#leaves(kind, this.#portal.archive(kind, { count: this.#random.between(1, 5), seed })));
      case 'restore': {
        const raisesVersion = this.#random.chance(0.4);
        const ids = this.#leaves(kind, this.#portal.restore(kind, { count: 4, seed, raisesVersion }));
        if (!raisesVersion) note(this.#restored, kind, ids);
        return text(kind, ids);
      }
      case 'merge into a new record':
      case 'merge into the first':
        return this.#merge(kind, step === 'merge into the first' ? 'primary' : 'newId');
      case 'erase': {
        const ids = this.#leaves(kind, this.#portal.gdprDelete(kind, { count: 1, seed }));
        note(this.#gone, kind, ids);
        return text(kind, ids);
      }
      case 'purge': {
        const ids = this.#portal.purge(kind, { olderThanDays: 0 });
        note(this.#gone, kind, ids);
        return text(kind, ids);
      }
      case 'recalculate':
        return text(kind, this.#recalculate(kind, { count: 5, seed }));
      case 'associate':
        return this.#associate();
      case 'dissociate':
        return this.#dissociate();
      case 'add a property': {
        const name = `added_${++this.#made}`;
        this.#portal.addProperty(kind, { name, type: 'string', value: null });
        return text(kind, this.#portal.change(kind, { count: 3, seed, values: { [name]: 'first' } }));
      }
      default:
        return step satisfies never;
    }
  }

  #merge(kind: Kind, mergeStyle: 'newId' | 'primary'): string {
    const [first, second] = this.#someLive(kind, 2) as [string, string];
    const survivor = this.#portal.merge(kind, first, second, { mergeStyle });
    this.#leaves(kind, [first, second, survivor]);
    return `${kind} ${first} and ${second}, now ${survivor}`;
  }

  /** What becomes of a company becomes of its associations, and no contact's version tells of it. */
  #leaves(kind: Kind, ids: string[]): string[] {
    if (kind === 'companies') for (const id of ids) this.#relinked.add(id);
    return ids;
  }

  #associate(): string {
    const [from] = this.#someLive('contacts', 1) as [string];
    const [to] = this.#someLive('companies', 1) as [string];
    this.#link(from, to);
    return `${from} with ${to}`;
  }

  #dissociate(): string {
    const [link] = this.#linked(this.#someLive('contacts', 50));
    if (link === undefined) return 'nothing';
    const { from, to } = this.#unlink(link.from, link.to);
    return `${from} from ${to}`;
  }

  #link(from: string, to: string): Link {
    this.#portal.associations.associate('contacts', 'companies', [{ from, to }]);
    this.#relinked.add(`${from} ${to}`);
    return { from, to };
  }

  #unlink(from: string, to: string): Link {
    this.#portal.associations.dissociate('contacts', 'companies', [{ from, to }]);
    this.#relinked.add(`${from} ${to}`);
    return { from, to };
  }

  /** One association of each contact that has any, with one of the companies. */
  #linked(contacts: readonly string[], companies?: readonly string[]): Link[] {
    return contacts.flatMap((from) => {
      const ends = this.#portal.associations.of('contacts', 'companies', Number(from)).map(({ toId }) => String(toId));
      const to = ends.find((id) => companies?.includes(id) ?? true);
      return to === undefined ? [] : [{ from, to }];
    });
  }

  #recalculate(kind: Kind, selection: Selection): string[] {
    const ids = this.#portal.recalculate(kind, { ...selection, values: calculated[kind](++this.#made) });
    note(this.#recalculated, kind, ids);
    return ids;
  }

  /** Live records as they were at first, of which nothing but their values is known to this class. */
  #untouched(kind: Kind): string[] {
    const { store } = this.#portal.data(kind);
    const changed = new Set([...store.journals()].map(({ id }) => id));
    const all = store.liveFrom(0, { limit: Infinity, sees: () => true });
    const ids = all.filter(({ id }) => !changed.has(id) && !this.#relinked.has(String(id))).map(({ id }) => String(id));
    return shuffled(ids, this.#random);
  }

  #someLive(kind: Kind, count: number): string[] {
    const { store } = this.#portal.data(kind);
    const from = this.#random.between(0, store.maxId);
    const after = store.liveFrom(from, { limit: count, sees: () => true });
    const all = [...after, ...store.liveFrom(0, { limit: count, sees: () => true })].slice(0, count);
    return all.map(({ id }) => String(id));
  }

  #seed(): number {
    return this.#random.between(1, 1_000_000_000);
  }
}

function note(set: Set<string>, kind: Kind, ids: readonly string[]): void {
  for (const id of ids) set.add(`${kind} ${id}`);
}

function text(kind: Kind, ids: readonly string[]): string {
  return `${kind} ${ids.slice(0, 6).join(' ')}${ids.length > 6 ? ` … (${ids.length})` : ''}`;
}
