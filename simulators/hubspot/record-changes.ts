import type { ObjectData } from './object-data.ts';
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

const changedPerRecord = 3;

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

  /** Sets `values`, or invents new ones for a few properties, and raises the version. */
  change(selection: Selection & { values?: RawValues }): string[] {
    const now = this.#now();
    const specs = this.#data.catalogue.properties.filter((spec) => spec.source.kind === 'pooled' && !spec.isCalculated);
    return this.#update(selection, 'live', (view) => ({
      modifiedMs: Math.max(now, view.modifiedMs + 1),
      values:
        selection.values === undefined
          ? this.#inventedValues(view, specs, selection.seed ?? 1)
          : new Map(Object.entries(selection.values)),
    }));
  }

  /** Sets values as given, without raising the version: as recalculated properties do. */
  recalculate(selection: Selection & { values: RawValues }): string[] {
    return this.#update(selection, 'live', (view) => ({
      modifiedMs: view.modifiedMs,
      values: new Map(Object.entries(selection.values)),
    }));
  }

  /** Does not raise the version. */
  archive(selection: Selection): string[] {
    const archivedMs = this.#now();
    return this.#update(selection, 'live', (view) => ({
      modifiedMs: view.modifiedMs,
      status: 'archived',
      archivedMs,
    }));
  }

  /** Does not raise the version. */
  restore(selection: Selection): string[] {
    return this.#update(selection, 'archived', (view) => ({
      modifiedMs: view.modifiedMs,
      status: 'live',
      archivedMs: null,
    }));
  }

  gdprDelete(selection: Selection): string[] {
    return this.#update(selection, 'live', (view) => ({ modifiedMs: view.modifiedMs, status: 'erased' }));
  }

  /** Makes a new record out of two, with the first's values and the second's where the first has none. */
  merge(primaryId: string, secondaryId: string): string {
    const primary = this.#require(Number(primaryId), 'live');
    const secondary = this.#require(Number(secondaryId), 'live');
    const [id] = this.create({ records: [this.#mergedValues(primary, secondary)] }) as [string];
    const atMs = this.#now();
    for (const { id: oldId, modifiedMs } of [primary, secondary]) {
      const journal = this.#data.store.journal(oldId);
      journal.append({ atMs, modifiedMs, status: 'merged', archivedMs: null, mergedInto: Number(id) });
    }
    return id;
  }

  #update(
    selection: Selection,
    status: RecordStatus,
    apply: (view: RecordView) => {
      modifiedMs: number;
      status?: RecordStatus;
      archivedMs?: number | null;
      values?: ReadonlyMap<string, string | null>;
    },
  ): string[] {
    const atMs = this.#now();
    const ids = selection.ids?.map(Number) ?? this.#choose(selection, status);
    const views = ids.map((id) => this.#require(id, status));
    for (const view of views) {
      const { status: after = view.status, archivedMs = view.archivedMs, ...rest } = apply(view);
      const event = { atMs, status: after, archivedMs, mergedInto: null, ...rest };
      this.#data.store.journal(view.id).append(event);
    }
    return ids.map(String);
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

  #mergedValues(primary: RecordView, secondary: RecordView): RawValues {
    const { catalogue, values } = this.#data;
    const ofPrimary = values.facts(primary);
    const ofSecondary = values.facts(secondary);
    const merged: Record<string, string | null> = {};
    for (const spec of catalogue.properties) {
      if (spec.isEnvelope) continue;
      merged[spec.name] = values.raw(spec, primary, ofPrimary) ?? values.raw(spec, secondary, ofSecondary);
    }
    const earlier = [primary, secondary].flatMap((view) => view.values?.get('hs_merged_object_ids')?.split(';') ?? []);
    merged['hs_merged_object_ids'] = [...earlier, primary.id, secondary.id].join(';');
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
