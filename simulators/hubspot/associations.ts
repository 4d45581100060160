import type { AssociationType } from './association-types.ts';
import { associationType, inverseType, primaryType, unlabeledType } from './association-types.ts';
import type { InitialLink } from './initial-associations.ts';
import { InitialAssociations } from './initial-associations.ts';
import type { Link } from './link-table.ts';
import { LinkTable } from './link-table.ts';
import type { ObjectData } from './object-data.ts';
import type { ObjectType, TypePair } from './object-types.ts';
import { objectTypes } from './object-types.ts';
import type { SimulatorOptions } from './options.ts';
import { hashText, mix } from './seeded-random.ts';

export interface AssociationRequest {
  readonly from: string;
  readonly to: string;
  /** One of HubSpot's for these two types, or any other for a user's. Absent: what `label` names, else the unlabeled one. */
  readonly typeId?: number;
  readonly label?: string | null;
}

/**
 * Which records go with which. Every association is one fact, kept from both ends; no record's version knows of it.
 * Those of records that are not live stay, unseen.
 */
export class Associations {
  readonly #dataOf: (type: ObjectType) => ObjectData;
  readonly #initial: ReadonlyMap<string, InitialAssociations>;
  readonly #tables = new Map<TypePair, LinkTable>();

  constructor(dataOf: (type: ObjectType) => ObjectData, options: SimulatorOptions) {
    this.#dataOf = dataOf;
    this.#initial = new Map(
      Object.entries(options.initialAssociations).map(([pair, most]) => {
        const [from, to] = pair.split('>') as [ObjectType, ObjectType];
        const seed = mix(options.seed, hashText(pair));
        return [pair, new InitialAssociations({ seed, most, from: dataOf(from).store, to: dataOf(to).store })];
      }),
    );
  }

  /** From a record to live ones, ascending by id; none where it is not live itself. */
  of(from: ObjectType, to: ObjectType, id: number): readonly Link[] {
    if (this.#dataOf(from).store.find(id)?.status !== 'live') return [];
    const { store } = this.#dataOf(to);
    return this.#table(from, to)
      .of(id)
      .filter(({ toId }) => store.find(toId)?.status === 'live');
  }

  /** Throws `RangeError`, and associates none, where a record is not live. */
  associate(from: ObjectType, to: ObjectType, requests: readonly AssociationRequest[]): void {
    for (const request of requests) this.#requireLive(from, to, request);
    for (const request of requests) {
      const link = { toId: Number(request.to), ...associationType(from, to, request) };
      this.#link(from, to, { id: Number(request.from), link });
    }
  }

  /** Without type or label, all associations of the two records. What is not associated stays so. */
  dissociate(from: ObjectType, to: ObjectType, requests: readonly AssociationRequest[]): void {
    for (const request of requests) {
      const id = Number(request.from);
      const isAny = request.typeId === undefined && request.label === undefined;
      const { typeId } = associationType(from, to, request);
      for (const link of this.#table(from, to).of(id)) {
        if (link.toId === Number(request.to) && (isAny || link.typeId === typeId)) this.#unlink(from, to, { id, link });
      }
    }
  }

  /** Gives a survivor what the records merged into it had; what they had with each other is no more. */
  move(type: ObjectType, { ids, survivor }: { ids: readonly number[]; survivor: number }): void {
    for (const other of objectTypes) {
      for (const id of ids) {
        for (const link of this.#table(type, other).of(id)) {
          this.#unlink(type, other, { id, link });
          const isOwn = other === type && (link.toId === survivor || ids.includes(link.toId));
          if (!isOwn) this.#link(type, other, { id: survivor, link });
        }
      }
    }
  }

  #link(from: ObjectType, to: ObjectType, { id, link }: { id: number; link: Link }): void {
    this.#table(from, to).add(id, link);
    this.#table(to, from).add(link.toId, { ...inverseType(from, to, link), toId: id });
  }

  #unlink(from: ObjectType, to: ObjectType, { id, link }: { id: number; link: Link }): void {
    this.#table(from, to).remove(id, link);
    this.#table(to, from).remove(link.toId, { ...inverseType(from, to, link), toId: id });
  }

  #table(from: ObjectType, to: ObjectType): LinkTable {
    const pair: TypePair = `${from}>${to}`;
    let table = this.#tables.get(pair);
    if (table === undefined) {
      table = new LinkTable((id) => this.#initialLinks(from, to, id));
      this.#tables.set(pair, table);
    }
    return table;
  }

  #initialLinks(from: ObjectType, to: ObjectType, id: number): Link[] {
    const forward = this.#initial.get(`${from}>${to}`);
    const backward = this.#initial.get(`${to}>${from}`);
    if (forward === undefined && backward === undefined) return [];
    const index = this.#dataOf(from).store.initialIndexOf(id);
    if (index === null) return [];
    const unlabeled = unlabeledType(from, to);
    const primary = primaryType(from, to);
    const { store } = this.#dataOf(to);
    const typesOf = ({ isFirst }: InitialLink): AssociationType[] =>
      isFirst && primary !== null ? [primary, unlabeled] : [unlabeled];
    return [...(forward?.forward(index) ?? []), ...(backward?.backward(index) ?? [])].flatMap((initial) =>
      typesOf(initial).map((type) => ({ ...type, toId: store.idAt(initial.index) })),
    );
  }

  #requireLive(from: ObjectType, to: ObjectType, request: AssociationRequest): void {
    for (const [type, id] of [
      [from, request.from],
      [to, request.to],
    ] as const) {
      if (this.#dataOf(type).store.find(Number(id))?.status !== 'live') {
        throw new RangeError(`no live record ${id} among ${type}`);
      }
    }
  }
}
