import {
  callProperties,
  emailProperties,
  meetingProperties,
  noteProperties,
  taskProperties,
} from './catalogue/activities.ts';
import { carProperties } from './catalogue/cars.ts';
import { companyProperties } from './catalogue/companies.ts';
import { contactProperties } from './catalogue/contacts.ts';
import { dealProperties, lineItemProperties, productProperties, ticketProperties } from './catalogue/sales.ts';
import type { ObjectType } from './object-types.ts';
import { defaultProperties } from './object-types.ts';
import type { PropertySpec, PropertyType } from './property.ts';
import { choice, count, day, flag, instant, phone, text } from './property.ts';
import { hashText } from './seeded-random.ts';
import { sentence, phoneNumber } from './vocabulary.ts';

const initialProperties: Readonly<Record<ObjectType, readonly PropertySpec[]>> = {
  contacts: contactProperties,
  companies: companyProperties,
  deals: dealProperties,
  tickets: ticketProperties,
  line_items: lineItemProperties,
  products: productProperties,
  calls: callProperties,
  emails: emailProperties,
  meetings: meetingProperties,
  notes: noteProperties,
  tasks: taskProperties,
  cars: carProperties,
};

export interface NewProperty {
  readonly name: string;
  readonly type: PropertyType;
  /** The same value on every record, hostile ones included; null leaves them all empty; absent invents one per record. */
  readonly value?: string | null;
}

const groupSize = 8;

/** The properties of one object type, by name, as they stand now. `revision` rises with each change. */
export class Catalogue {
  readonly type: ObjectType;
  #specs: PropertySpec[];
  #byName: Map<string, PropertySpec>;
  readonly #variantSeeds = new Map<string, number>();
  #revision = 0;

  constructor(type: ObjectType) {
    this.type = type;
    this.#specs = initialProperties[type].toSorted(byName);
    this.#byName = new Map(this.#specs.map((spec) => [spec.name, spec]));
    this.#assignVariantSeeds();
  }

  get revision(): number {
    return this.#revision;
  }

  /** By name, ascending: the order of keys in every answer. */
  get properties(): readonly PropertySpec[] {
    return this.#specs;
  }

  find(name: string): PropertySpec | undefined {
    return this.#byName.get(name);
  }

  /** Those of `names` that exist, each once, ascending; all defaults when `names` is empty. */
  select(names: readonly string[]): PropertySpec[] {
    const asked = names.length > 0 ? names : defaultProperties(this.type);
    return [...new Set(asked)].flatMap((name) => this.#byName.get(name) ?? []).toSorted(byName);
  }

  /** Pooled properties with the same seed show the same variant on one record. */
  variantSeed(spec: PropertySpec): number {
    return this.#variantSeeds.get(spec.name) ?? hashText(spec.name);
  }

  /** Throws `RangeError` if the property exists. */
  add(property: NewProperty): void {
    if (this.#byName.has(property.name)) throw new RangeError(`property ${property.name} exists`);
    this.#replace([...this.#specs, newSpec(property)]);
  }

  /** Throws `RangeError` if the property does not exist. */
  remove(name: string): void {
    this.#require(name);
    this.#replace(this.#specs.filter((spec) => spec.name !== name));
  }

  /** Changes the declared type alone: values stay as they are. Throws `RangeError` if the property does not exist. */
  retype(name: string, type: PropertyType): void {
    const spec = this.#require(name);
    this.#replace(this.#specs.map((other) => (other === spec ? { ...spec, type } : other)));
  }

  #require(name: string): PropertySpec {
    const spec = this.#byName.get(name);
    if (spec === undefined) throw new RangeError(`no property ${name}`);
    return spec;
  }

  #replace(specs: PropertySpec[]): void {
    this.#specs = specs.toSorted(byName);
    this.#byName = new Map(this.#specs.map((spec) => [spec.name, spec]));
    this.#revision += 1;
  }

  /** Neighbours by name share a variant, up to eight of them, so that a record is a few ready pieces of text. */
  #assignVariantSeeds(): void {
    let group = 0;
    let size = 0;
    for (const spec of this.#specs) {
      if (spec.source.kind === 'own' || size === groupSize) {
        group += 1;
        size = 0;
      }
      if (spec.source.kind === 'own') continue;
      if (spec.source.link === null) size += 1;
      this.#variantSeeds.set(spec.name, hashText(spec.source.link ?? `group ${group}`));
    }
  }
}

function byName(a: PropertySpec, b: PropertySpec): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

function newSpec({ name, type, value }: NewProperty): PropertySpec {
  const invented = inventedSpec(name, type);
  if (value === undefined) return invented;
  return { ...invented, isProtected: true, source: { kind: 'own', make: () => value } };
}

function inventedSpec(name: string, type: PropertyType): PropertySpec {
  switch (type) {
    case 'string':
      return text(name, (random) => sentence(random, 3));
    case 'number':
      return count(name, 100_000);
    case 'bool':
      return flag(name);
    case 'enumeration':
      return choice(name, ['first', 'second', 'third']);
    case 'date':
      return day(name);
    case 'datetime':
      return instant(name);
    case 'phone_number':
      return phone(name, phoneNumber);
    default:
      return type satisfies never;
  }
}
