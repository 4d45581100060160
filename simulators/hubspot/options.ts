import type { Spread } from './id-spread.ts';
import type { ObjectType, TypePair } from './object-types.ts';
import type { Visibility } from './visibility.ts';

/** The published budgets; null is unlimited. */
export interface LimitSettings {
  /** Requests per rolling ten seconds. */
  readonly burst: number | null;
  /** Requests per rolling second, search alone. */
  readonly search: number | null;
  /** Requests for associations per rolling ten seconds, which do not count to `burst`. HubSpot publishes no number. */
  readonly associations: number | null;
  readonly daily: number | null;
  /** ISO instant the daily usage next returns to 0; after it, every 24 h. */
  readonly dailyResetsAt: string;
  /** Requests per ten seconds that another app spends of the same burst and daily budgets. */
  readonly background: number;
  /** Whether the daily usage may still be asked for when it is spent; not documented. */
  readonly isUsageExempt: boolean;
}

export interface SearchSettings {
  /** How far the search index trails, for all records. */
  readonly lagMs: number;
  /** Share of the records, 0 to 1, by id, that trail by `slowLagMs` instead. */
  readonly slowShare: number;
  readonly slowLagMs: number;
  /** Hits come in no order within their page. */
  readonly isDisordered: boolean;
  /** Hits may lie this far outside a window on the modified property. */
  readonly windowSlackMs: number;
}

/**
 * `ids`: as HubSpot. `opaque`: `after` tokens that are not ids, and nothing else accepted. `offset`: `after` is a
 * position. `unordered`: pages follow each other by id, but records within one do not.
 */
export type ListContract = 'ids' | 'opaque' | 'offset' | 'unordered';

export interface ListSettings {
  readonly contract: ListContract;
  /** Which of the two the next page's token is: one more than the last id, or the next record's id. */
  readonly after: 'lastIdPlusOne' | 'nextRecordId';
}

export interface AssociationSettings {
  /** What is said of an id that has none: nothing, or an error in an answer of status 207. */
  readonly missing: 'absent' | 'errors207';
  /** Associated records per id and answer. */
  readonly pageSize: number;
  /** Whether `toObjectId` is text, as documented, or a number, as answers of v4 had it. */
  readonly toObjectId: 'string' | 'number';
}

export interface SimulatorOptions {
  /** 0 takes a free one. */
  readonly port: number;
  readonly seed: number;
  readonly records: Readonly<Partial<Record<ObjectType, number>>>;
  /** The most records of the second type that each first record of the first is associated with, from 0 on, at the start. */
  readonly initialAssociations: Readonly<Partial<Record<TypePair, number>>>;
  readonly owners: number;
  readonly spread: Spread;
  /** ISO instant before which the first records were created and modified. */
  readonly anchor: string;
  readonly isHostile: boolean;
  /** Every how many records one has values that do not convert; 0 for none. */
  readonly unconvertibleEvery: number;
  readonly tokens: readonly string[];
  readonly portalId: number;
  readonly timeZone: string;
  readonly limits: Partial<LimitSettings>;
  readonly search: Partial<SearchSettings>;
  readonly list: Partial<ListSettings>;
  readonly associations: Partial<AssociationSettings>;
  readonly visibility: Visibility;
  /** What batch/read gives for the old id of a merged record: nothing, or the record under its new id. */
  readonly mergedIdInBatchRead: 'absent' | 'renamed';
  /** Whether the archived list shows merged records under their old ids. */
  readonly mergedIdInArchivedList: 'absent' | 'listed';
  readonly latencyMs: number;
  /** Added to the latency, evenly from 0 to this. */
  readonly jitterMs: number;
  /** Added to the machine's clock wherever the simulator tells the time. */
  readonly clockSkewMs: number;
  /** The machine's clock, in ms since the epoch. */
  readonly now: () => number;
}

export const defaultToken = 'pat-na1-simulator';

export const defaultOptions: SimulatorOptions = {
  port: 0,
  seed: 1,
  records: { contacts: 1_000, companies: 200 },
  initialAssociations: {},
  owners: 60,
  spread: 'clustered',
  anchor: '2026-01-01T00:00:00.000Z',
  isHostile: true,
  unconvertibleEvery: 0,
  tokens: [defaultToken],
  portalId: 4_711_001,
  timeZone: 'Europe/Berlin',
  limits: {},
  search: {},
  list: {},
  associations: {},
  visibility: {},
  mergedIdInBatchRead: 'absent',
  mergedIdInArchivedList: 'absent',
  latencyMs: 0,
  jitterMs: 0,
  clockSkewMs: 0,
  now: Date.now,
};

export const defaultSearch: SearchSettings = {
  lagMs: 0,
  slowShare: 0,
  slowLagMs: 0,
  isDisordered: false,
  windowSlackMs: 0,
};

export const defaultList: ListSettings = { contract: 'ids', after: 'lastIdPlusOne' };

export const defaultAssociations: AssociationSettings = { missing: 'absent', pageSize: 500, toObjectId: 'string' };

/** An Enterprise private app's budgets; the day ends at midnight UTC after `nowMs`. */
export function defaultLimits(nowMs: number): LimitSettings {
  const nextMidnight = new Date(nowMs);
  nextMidnight.setUTCHours(24, 0, 0, 0);
  return {
    burst: 190,
    search: 5,
    associations: null,
    daily: 1_000_000,
    dailyResetsAt: nextMidnight.toISOString(),
    background: 0,
    isUsageExempt: true,
  };
}
