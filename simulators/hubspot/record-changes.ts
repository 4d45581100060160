import type { ObjectData } from './object-data.ts';
import type { RecordChange } from './journal.ts';
import type { PropertySpec } from './property.ts';
import type { RecordStatus, RecordView } from './record-view.ts';
import { createRandom } from './seeded-random.ts';

export type RawValues = Readonly<Record<string, string | null>>;

export interface CreateRequest {
  /** Values over the invented ones, one record each. */
  readonly records?: readonly RawValues[];
  /** How many, where `records` is absent. */
  readonly count?: number;
  /** After the highest id (the default), or into gaps between ids. */
  readonly place?: 'end' | 'gaps';
  /** The ids to take; must be free. */
  readonly ids?: readonly string[];
  readonly seed?: number;
}

/** Which records: by id, or `count` of those now in the right state, chosen by `seed`. */
export interface Selection {
  readonly ids?: readonly string[];
  readonly count?: number;
  readonly seed?: number;
}

/**
 * `newId`: both records end and a new one begins. `primary`: the first record stays, as it was at HubSpot before.
 */
export type MergeStyle = 'newId' | 'primary';

export interface RestoreRequest extends Selection {
  /** Whether the version rises; not documented, so not by default. */
  readonly raisesVersion?: boolean;
}

export interface PurgeRequest {
  /** How long in the recycle bin is long enough; 90 by default, as at HubSpot. */
  readonly olderThanDays?: number;
}

const mergedIdsProperty = 'hs_merged_object_ids';
/** Of contacts. Told where the catalogue has it: add it as a string without a value. */
const mergedVidsProperty = 'hs_calculated_merged_vids';
const changedPerRecord = 3;
const binDays = 90;
const dayMs = 86_400_000;

/**
 * Changes records as users of the account would. All records of one call share one instant. Methods return the ids
 * concerned and throw `RangeError` on an id that is not there or not in the right state.
 */
export class RecordChanges {
  readonly #data: ObjectData;
  readonly #now: () => number;

  constructor(data: ObjectData, now: () => number) {
    this.#data = data;
    this.#now = now;
  }

  create({ records, count, place = 'end', ids, seed = 1 }: CreateRequest): string[] {
    const size = ids?.length ?? records?.length ?? count ?? 1;
    const chosen = ids?.map(Number) ?? (place === 'end' ? this.#idsAfterEnd(size, seed) : this.#idsInGaps(size, seed));
    const now = this.#now();
    const views = chosen.map((id, i): RecordView => {
      const values = records?.[i];
      return {
        index: this.#data.store.takeIndex(),
        id,
        createdMs: now,
        modifiedMs: now,
        status: 'live',
        archivedMs: null,
        mergedInto: null,
        values: values === undefined ? null : new Map(Object.entries(values)),
      };
    });
    this.#data.store.insert(views, now);
    return views.map((view) => String(view.id));
  }

  /** Sets `values`, or invents new ones for a few properties, and raises the versions, all to the same instant. */
  change(selection: Selection & { values?: RawValues }): string[] {
    const specs = this.#data.catalogue.properties.filter((spec) => spec.source.kind === 'pooled' && !spec.isCalculated);
    const views = this.#select(selection, 'live');
    const modifiedMs = this.#versionAfter(views);
    return this.#update(views, (view) => ({
      modifiedMs,
      values:
        selection.values === undefined
          ? this.#inventedValues(view, specs, selection.seed ?? 1)
          : new Map(Object.entries(selection.values)),
    }));
  }

  /** Sets values as given, without raising the version: as recalculated properties do. */
  recalculate(selection: Selection & { values: RawValues }): string[] {
    const values = new Map(Object.entries(selection.values));
    return this.#update(this.#select(selection, 'live'), () => ({ values }));
  }

  /** Does not raise the version. */
  archive(selection: Selection): string[] {
    const archivedMs = this.#now();
    return this.#update(this.#select(selection, 'live'), () => ({ status: 'archived', archivedMs }));
  }

  restore({ raisesVersion = false, ...selection }: RestoreRequest): string[] {
    const views = this.#select(selection, 'archived');
    const raised = raisesVersion ? { modifiedMs: this.#versionAfter(views) } : {};
    return this.#update(views, () => ({ ...raised, status: 'live', archivedMs: null }));
  }

  /** Empties the recycle bin of what has been there for long. */
  purge({ olderThanDays = binDays }: PurgeRequest): string[] {
    const latestMs = this.#now() - olderThanDays * dayMs;
    const { store } = this.#data;
    const bin = store.goneFrom(0, { statuses: ['archived'], limit: Infinity, sees: () => true });
    const old = bin.filter(({ archivedMs }) => (archivedMs ?? Infinity) <= latestMs);
    return this.#update(old, () => ({ status: 'purged' }));
  }

  gdprDelete(selection: Selection): string[] {
    return this.#update(this.#select(selection, 'live'), () => ({ status: 'erased' }));
  }

  /** Makes one record out of two, with the first's values and the second's where the first has none; its id. */
  merge(primaryId: string, secondaryId: string, style: MergeStyle): string {
    if (primaryId === secondaryId) throw new RangeError(`record ${primaryId} cannot be merged with itself`);
    const primary = this.#require(Number(primaryId), 'live');
    const secondary = this.#require(Number(secondaryId), 'live');
    const losers = style === 'newId' ? [primary, secondary] : [secondary];
    const values = this.#mergedValues({ primary, secondary, losers });
    const atMs = this.#now();
    const [id] =
      style === 'newId'
        ? (this.create({ records: [values] }) as [string])
        : this.#update([primary], () => ({
            modifiedMs: this.#versionAfter([primary]),
            values: new Map(Object.entries(values)),
          }));
    const mergedInto = Number(id);
    this.#update(losers, () => ({ status: 'merged', archivedMs: atMs, mergedInto }));
    return String(id);
  }

  /** Throws where a record named is not in the state. */
  #select(selection: Selection, status: RecordStatus): RecordView[] {
    const ids = selection.ids?.map(Number) ?? this.#choose(selection, status);
    return ids.map((id) => this.#require(id, status));
  }

  /** Gives each record what is new of it; all at one instant. */
  #update(views: readonly RecordView[], news: (view: RecordView) => Partial<Omit<RecordChange, 'atMs'>>): string[] {
    const atMs = this.#now();
    for (const view of views) {
      const { modifiedMs, status, archivedMs, mergedInto } = view;
      this.#data.store.append(view.id, { atMs, modifiedMs, status, archivedMs, mergedInto, ...news(view) });
    }
    return views.map(({ id }) => String(id));
  }

  /** Now, or just after the latest version among the records. */
  #versionAfter(views: readonly RecordView[]): number {
    return views.reduce((latest, view) => Math.max(latest, view.modifiedMs + 1), this.#now());
  }

  #require(id: number, status: RecordStatus): RecordView {
    const view = this.#data.store.find(id);
    if (view?.status !== status) throw new RangeError(`no ${status} record ${id} among ${this.#data.type}`);
    return view;
  }

  #choose({ count = 1, seed = 1 }: Selection, status: RecordStatus): number[] {
    const candidates: number[] = [];
    this.#data.store.visitFrom(0, (view) => {
      if (view.status === status) candidates.push(view.id);
      return true;
    });
    const random = createRandom(seed);
    const size = Math.min(count, candidates.length);
    for (let i = 0; i < size; i++) {
      const j = i + random.below(candidates.length - i);
      [candidates[i], candidates[j]] = [candidates[j] as number, candidates[i] as number];
    }
    return candidates.slice(0, size).sort((a, b) => a - b);
  }

  #inventedValues(view: RecordView, specs: readonly PropertySpec[], seed: number): Map<string, string | null> {
    const random = createRandom(seed ^ view.modifiedMs ^ view.index);
    return new Map(
      Array.from({ length: changedPerRecord }, () => {
        const spec = random.pick(specs);
        return [spec.name, this.#data.values.anyVariant(spec, random)];
      }),
    );
  }

  #mergedValues({
    primary,
    secondary,
    losers,
  }: {
    primary: RecordView;
    secondary: RecordView;
    losers: readonly RecordView[];
  }): RawValues {
    const { catalogue, values, type } = this.#data;
    const ofPrimary = values.facts(primary);
    const ofSecondary = values.facts(secondary);
    const merged: Record<string, string | null> = {};
    for (const spec of catalogue.properties) {
      if (spec.isEnvelope) continue;
      merged[spec.name] = values.raw(spec, primary, ofPrimary) ?? values.raw(spec, secondary, ofSecondary);
    }
    const earlier = (name: string): string[] =>
      [primary, secondary].flatMap((view) => view.values?.get(name)?.split(';') ?? []);
    merged[mergedIdsProperty] = [...earlier(mergedIdsProperty), ...losers.map(({ id }) => String(id))].join(';');
    if (type === 'contacts') {
      const atMs = this.#now();
      const vids = losers.map(({ id }) => `${id}:${atMs}`);
      merged[mergedVidsProperty] = [...earlier(mergedVidsProperty), ...vids].join(';');
    }
    return merged;
  }

  #idsAfterEnd(count: number, seed: number): number[] {
    const random = createRandom(seed);
    let id = Math.max(this.#data.store.maxId, 100);
    return Array.from({ length: count }, () => (id += random.between(1, 40)));
  }

  #idsInGaps(count: number, seed: number): number[] {
    const { store } = this.#data;
    const random = createRandom(seed);
    const free = new Set<number>();
    for (let attempt = 0; free.size < count; attempt++) {
      if (attempt > count * 100 || store.initialCount < 2) throw new RangeError(`no gap for ${count} records`);
      const left = store.idAt(random.below(store.initialCount - 1));
      const id = left + 1;
      if (store.find(id) === undefined) free.add(id);
    }
    return [...free];
  }
}
