import type { AssociationSettings, ListSettings, SearchSettings } from './options.ts';
import type { PageWriter, Encoding } from './page-writer.ts';
import type { Portal } from './portal.ts';
import type { Visibility } from './visibility.ts';

/** What every handler has at hand. */
export interface ApiRequest {
  readonly portal: Portal;
  readonly writer: PageWriter;
  readonly encoding: Encoding;
  readonly list: ListSettings;
  readonly search: SearchSettings;
  readonly associations: AssociationSettings;
  readonly visibility: Visibility;
  readonly mergedIdInBatchRead: 'absent' | 'renamed';
  readonly mergedIdInArchivedList: 'absent' | 'listed';
  readonly portalId: number;
  readonly path: string;
  readonly query: URLSearchParams;
  /** Parsed JSON; undefined where there is none. */
  readonly body: unknown;
}

/** `properties` as a comma list, repeated, or both. */
export function askedProperties(query: URLSearchParams): string[] {
  return query
    .getAll('properties')
    .flatMap((list) => list.split(','))
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The strings of a JSON array; undefined if it is not one. Absent is empty. */
export function stringsOf(value: unknown): string[] | undefined {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) return undefined;
  return value;
}

/** A whole number from 0 below 2^53; null for anything else. */
export function parseWhole(text: string): number | null {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(value) ? value : null;
}
