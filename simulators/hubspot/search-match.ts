import type { ObjectData } from './object-data.ts';
import type { ObjectType } from './object-types.ts';
import { createdProperty, modifiedProperty } from './object-types.ts';
import type { RecordView } from './record-view.ts';
import type { IndexBounds } from './search-index.ts';
import type { SearchFilter, SearchQuery } from './search-query.ts';
import { isAlwaysEmpty } from './search-query.ts';

/** What all matches lie within. */
export interface SearchBounds extends IndexBounds {
  /** Whether lying within them is all it takes. */
  readonly isExact: boolean;
}

const everything = [-Infinity, Infinity] as const;
const nothing = [Infinity, -Infinity] as const;

/** The bounds of a query with one group or none; those of several are not narrowed. */
export function boundsOf(query: SearchQuery, type: ObjectType, slackMs: number): SearchBounds {
  const [filters = [], ...others] = query.groups;
  const bounds: { -readonly [K in keyof SearchBounds]: SearchBounds[K] } = {
    id: everything,
    createdMs: everything,
    modifiedMs: everything,
    isExact: others.length === 0,
  };
  if (!bounds.isExact) return bounds;
  for (const filter of filters) {
    const range = isAlwaysEmpty(filter, type) ? nothing : rangeOf(filter);
    if (range === nothing || (range !== null && filter.property === 'hs_object_id')) {
      bounds.id = overlap(bounds.id, range);
    } else if (range !== null && filter.property === modifiedProperty(type)) {
      bounds.modifiedMs = overlap(bounds.modifiedMs, range);
    } else if (range !== null && filter.property === createdProperty(type)) {
      bounds.createdMs = overlap(bounds.createdMs, range);
    } else bounds.isExact = false;
  }
  const [least, most] = bounds.modifiedMs;
  return { ...bounds, modifiedMs: [least - slackMs, most + slackMs] };
}

/** Whether a record passes all filters of any group. */
export function matches(query: SearchQuery, data: ObjectData, view: RecordView, slackMs: number): boolean {
  if (query.groups.length === 0) return true;
  return query.groups.some((filters) => filters.every((filter) => passes(filter, data, view, slackMs)));
}

function passes(filter: SearchFilter, data: ObjectData, view: RecordView, slackMs: number): boolean {
  if (isAlwaysEmpty(filter, data.type)) return false;
  const number = numberOf(filter.property, data, view);
  if (filter.operator === 'HAS_PROPERTY') return number !== null || textOf(filter.property, data, view) !== null;
  const range = rangeOf(filter);
  if (range !== null && number !== null) {
    const slack = filter.property === modifiedProperty(data.type) ? slackMs : 0;
    return number >= range[0] - slack && number <= range[1] + slack;
  }
  const text = textOf(filter.property, data, view);
  if (text === null) return false;
  return filter.operator === 'IN' || filter.operator === 'EQ' ? filter.values.includes(text) : inRange(range, text);
}

function inRange(range: readonly [number, number] | null, text: string): boolean {
  const number = text === '' ? Number.NaN : Number(text);
  return range !== null && number >= range[0] && number <= range[1];
}

/** Id and envelope instants as numbers; null for every other property. */
function numberOf(property: string, data: ObjectData, view: RecordView): number | null {
  if (property === 'hs_object_id') return view.id;
  if (property === modifiedProperty(data.type)) return view.modifiedMs;
  return property === createdProperty(data.type) ? view.createdMs : null;
}

export function textOf(property: string, data: ObjectData, view: RecordView): string | null {
  const spec = data.catalogue.find(property);
  const raw = spec === undefined ? null : data.values.raw(spec, view, data.values.facts(view));
  return raw === '' ? null : raw;
}

/** The numbers a filter lets pass, both ends included; null where it is not a range of numbers. */
function rangeOf({ operator, values }: SearchFilter): readonly [number, number] | null {
  const [low = Number.NaN, high = Number.NaN] = values.map(parseNumber);
  const range = ((): readonly [number, number] | null => {
    switch (operator) {
      case 'EQ':
        return [low, low];
      case 'GT':
        return [low + 1, Infinity];
      case 'GTE':
        return [low, Infinity];
      case 'LT':
        return [-Infinity, low - 1];
      case 'LTE':
        return [-Infinity, low];
      case 'BETWEEN':
        return [low, high];
      case 'IN':
      case 'HAS_PROPERTY':
        return null;
      default:
        return operator satisfies never;
    }
  })();
  return range === null || range.some(Number.isNaN) ? null : range;
}

/** Epoch ms, any other number, or an ISO instant. */
function parseNumber(text: string): number {
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : Date.parse(text);
}

function overlap(a: readonly [number, number], b: readonly [number, number]): readonly [number, number] {
  return [Math.max(a[0], b[0]), Math.min(a[1], b[1])];
}
