import { isRecord, stringsOf } from './api-request.ts';
import { createdProperty, modifiedProperty } from './object-types.ts';
import type { ObjectType } from './object-types.ts';

const operators = ['EQ', 'GT', 'GTE', 'LT', 'LTE', 'BETWEEN', 'IN', 'HAS_PROPERTY'] as const;
type Operator = (typeof operators)[number];

export interface SearchFilter {
  readonly property: string;
  readonly operator: Operator;
  /** One, two for BETWEEN, any number for IN, none for HAS_PROPERTY. */
  readonly values: readonly string[];
}

export interface SearchQuery {
  /** A record matches if it passes all filters of any group; no group matches all. */
  readonly groups: readonly (readonly SearchFilter[])[];
  readonly sort: { readonly property: string; readonly isDescending: boolean };
  readonly properties: readonly string[];
  readonly limit: number;
  readonly offset: number;
}

const defaultLimit = 10;
const mostPerPage = 200;
const mostResults = 10_000;
const mostGroups = 5;
const mostFiltersPerGroup = 6;
const mostFilters = 18;
const mostQueryCharacters = 3_000;

/** The query of a search body, or why HubSpot refuses it. */
export function parseSearch(body: unknown, type: ObjectType): SearchQuery | { readonly refusal: string } {
  if (!isRecord(body)) return { refusal: 'Invalid input JSON' };
  const { limit = defaultLimit, after = '0', sorts = [], filterGroups = [], query = '' } = body;
  const properties = stringsOf(body['properties']);
  if (properties === undefined) return { refusal: 'Invalid input JSON on properties' };
  if (typeof query !== 'string' || query.length > mostQueryCharacters) return { refusal: 'The query is too long' };
  if (query !== '') return { refusal: 'Free text search is not simulated' };
  if (typeof limit !== 'number' || !Number.isInteger(limit) || limit < 0 || limit > mostPerPage) {
    return { refusal: `Invalid limit: must be at most ${mostPerPage}` };
  }
  const offset = Number(after);
  if (!Number.isInteger(offset) || offset < 0) return { refusal: `Invalid after: must be a whole number` };
  if (offset + limit > mostResults) {
    return { refusal: `The combination of after and limit exceeds ${mostResults} results` };
  }
  const sort = parseSort(sorts, type);
  if (sort === null) return { refusal: 'Invalid sorts: one rule at most' };
  const groups = parseGroups(filterGroups);
  if (typeof groups === 'string') return { refusal: groups };
  const unknown =
    type === 'contacts' ? undefined : groups.flat().find((filter) => filter.property === 'lastmodifieddate');
  if (unknown !== undefined)
    return { refusal: `There was a problem with the request: no property ${unknown.property}` };
  return { groups, sort, properties, limit, offset };
}

function parseSort(sorts: unknown, type: ObjectType): SearchQuery['sort'] | null {
  if (!Array.isArray(sorts) || sorts.length > 1) return null;
  const [sort] = sorts as unknown[];
  if (sort === undefined) return { property: createdProperty(type), isDescending: false };
  if (typeof sort === 'string') return { property: sort.replace(/^-/, ''), isDescending: sort.startsWith('-') };
  if (!isRecord(sort) || typeof sort['propertyName'] !== 'string') return null;
  return { property: sort['propertyName'], isDescending: sort['direction'] === 'DESCENDING' };
}

function parseGroups(filterGroups: unknown): SearchFilter[][] | string {
  if (!Array.isArray(filterGroups) || filterGroups.length > mostGroups) return `At most ${mostGroups} filterGroups`;
  const groups: SearchFilter[][] = [];
  for (const group of filterGroups as unknown[]) {
    const filters = isRecord(group) ? group['filters'] : undefined;
    if (!Array.isArray(filters) || filters.length > mostFiltersPerGroup) {
      return `At most ${mostFiltersPerGroup} filters in a group`;
    }
    const parsed = filters.map(parseFilter);
    if (!parsed.every((filter) => filter !== null)) return 'Invalid filter';
    groups.push(parsed);
  }
  return groups.flat().length > mostFilters ? `At most ${mostFilters} filters` : groups;
}

function parseFilter(filter: unknown): SearchFilter | null {
  if (!isRecord(filter)) return null;
  const { propertyName: property, operator, value, highValue, values } = filter;
  if (typeof property !== 'string' || !isOperator(operator)) return null;
  const given =
    operator === 'HAS_PROPERTY'
      ? []
      : operator === 'IN'
        ? values
        : operator === 'BETWEEN'
          ? [value, highValue]
          : [value];
  if (!Array.isArray(given)) return null;
  const texts = given.map((item: unknown) => (typeof item === 'number' ? String(item) : item));
  return texts.every((item) => typeof item === 'string') ? { property, operator, values: texts } : null;
}

function isOperator(value: unknown): value is Operator {
  return operators.some((operator) => operator === value);
}

/** Whether a filter is on contacts' `hs_lastmodifieddate`, which exists in name only: it matches nothing, without error. */
export function isAlwaysEmpty(filter: SearchFilter, type: ObjectType): boolean {
  return filter.property === 'hs_lastmodifieddate' && modifiedProperty(type) !== 'hs_lastmodifieddate';
}
