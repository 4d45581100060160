import { Associations } from './associations.ts';
import type { NewProperty } from './catalogue.ts';
import type { Directory } from './directory.ts';
import type { ObjectData } from './object-data.ts';
import { createObjectData } from './object-data.ts';
import type { ObjectType } from './object-types.ts';
import { objectTypes } from './object-types.ts';
import type { SimulatorOptions } from './options.ts';
import type { Owner } from './owners.ts';
import { createOwners } from './owners.ts';
import type { Pipeline } from './pipelines.ts';
import { createPipelines } from './pipelines.ts';
import type { PropertyType } from './property.ts';
import type {
  CreateRequest,
  MergeStyle,
  PurgeRequest,
  RawValues,
  RestoreRequest,
  Selection,
} from './record-changes.ts';
import { RecordChanges } from './record-changes.ts';
import { RecordLayouts } from './record-layouts.ts';
import type { RecordStatus } from './record-view.ts';
import type { HistoryEntry, TruthRequest } from './truth.ts';
import { associationBlocks, goneBlocks, historyOf, truthBlocks } from './truth.ts';
import { typedText } from './typed-text.ts';

interface ObjectParts {
  readonly data: ObjectData;
  readonly changes: RecordChanges;
  readonly pipelines: Directory<Pipeline>;
}

/**
 * The account behind the API: its records, their catalogues, and every way to change them. Nothing here is limited,
 * delayed or made to fail. Methods throw `RangeError` on what does not exist.
 */
export class Portal {
  readonly layouts: RecordLayouts;
  /** The account's clock, in ms since the epoch. */
  readonly now: () => number;
  /** Which records go with which: read, and changed, without any record's version rising. */
  readonly associations: Associations;
  readonly owners: Directory<Owner>;
  readonly #objects: ReadonlyMap<ObjectType, ObjectParts>;

  constructor(options: SimulatorOptions) {
    this.now = () => options.now() + options.clockSkewMs;
    this.layouts = new RecordLayouts(options.portalId);
    this.#objects = new Map(
      objectTypes.map((type) => {
        const data = createObjectData(type, options);
        return [type, { data, changes: new RecordChanges(data, this.now), pipelines: createPipelines(type, this.now) }];
      }),
    );
    this.associations = new Associations((type) => this.data(type), options);
    this.owners = createOwners({ count: options.owners, now: this.now });
  }

  data(type: ObjectType): ObjectData {
    return this.#object(type).data;
  }

  pipelines(type: ObjectType): Directory<Pipeline> {
    return this.#object(type).pipelines;
  }

  create(type: ObjectType, request: CreateRequest): string[] {
    return this.#object(type).changes.create(request);
  }

  change(type: ObjectType, request: Selection & { values?: RawValues }): string[] {
    return this.#object(type).changes.change(request);
  }

  recalculate(type: ObjectType, request: Selection & { values: RawValues }): string[] {
    return this.#object(type).changes.recalculate(request);
  }

  archive(type: ObjectType, request: Selection): string[] {
    return this.#object(type).changes.archive(request);
  }

  restore(type: ObjectType, request: RestoreRequest): string[] {
    return this.#object(type).changes.restore(request);
  }

  purge(type: ObjectType, request: PurgeRequest = {}): string[] {
    return this.#object(type).changes.purge(request);
  }

  gdprDelete(type: ObjectType, request: Selection): string[] {
    return this.#object(type).changes.gdprDelete(request);
  }

  /** The id of the record that both are now, which has the associations of both. */
  merge(
    type: ObjectType,
    primaryId: string,
    secondaryId: string,
    { mergeStyle = 'newId' }: { mergeStyle?: MergeStyle } = {},
  ): string {
    const survivor = this.#object(type).changes.merge(primaryId, secondaryId, mergeStyle);
    const ids = [primaryId, secondaryId].filter((id) => id !== survivor).map(Number);
    this.associations.move(type, { ids, survivor: Number(survivor) });
    return survivor;
  }

  addProperty(type: ObjectType, property: NewProperty): void {
    this.data(type).catalogue.add(property);
  }

  removeProperty(type: ObjectType, name: string): void {
    this.data(type).catalogue.remove(name);
  }

  retypeProperty(type: ObjectType, name: string, to: PropertyType): void {
    this.data(type).catalogue.retype(name, to);
  }

  /** How many records are in each state. */
  count(type: ObjectType): Record<RecordStatus, number> {
    const { store } = this.data(type);
    const counts: Record<RecordStatus, number> = {
      live: store.initialCount,
      archived: 0,
      purged: 0,
      erased: 0,
      merged: 0,
    };
    for (const { index, current } of store.journals()) {
      if (index < store.initialCount) counts.live -= 1;
      counts[current.status] += 1;
    }
    return counts;
  }

  history(type: ObjectType, id: string): HistoryEntry[] | null {
    return historyOf(this.data(type), id);
  }

  truth(type: ObjectType, request: TruthRequest = {}): Generator<Buffer> {
    return truthBlocks(this.data(type), this.layouts, request);
  }

  /** What a destination may have flagged: every record that is not live, and where it went. */
  truthOfGone(type: ObjectType): Generator<Buffer> {
    return goneBlocks(this.data(type));
  }

  truthOfAssociations(from: ObjectType, to: ObjectType): Generator<Buffer> {
    return associationBlocks(this.associations, { from, to, store: this.data(from).store });
  }

  /** Every value of a live record that is neither null nor cleared and does not convert to its declared type. */
  unconvertible(type: ObjectType): { id: string; property: string }[] {
    const { catalogue, store, values } = this.data(type);
    const found: { id: string; property: string }[] = [];
    store.visitFrom(0, (view) => {
      if (view.status !== 'live' || (view.values === null && !values.isUnconvertible(view.index))) return true;
      const facts = values.facts(view);
      for (const spec of catalogue.properties) {
        const raw = values.raw(spec, view, facts);
        if (raw === null || raw === '' || typedText(spec.type, raw) !== null) continue;
        found.push({ id: facts.id, property: spec.name });
      }
      return true;
    });
    return found;
  }

  #object(type: ObjectType): ObjectParts {
    const object = this.#objects.get(type);
    if (object === undefined) throw new RangeError(`no object type ${type}`);
    return object;
  }
}
