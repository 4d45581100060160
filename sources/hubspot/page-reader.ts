import { SyncError } from '../../model/errors.ts';
import type { StreamPlan } from '../../model/plan.ts';
import { PathUnknown, type HubSpotApi, type RequestMeter, UriTooLong } from './api.ts';
import type { ApiPaths } from './api-paths.ts';
import { mergeProperties } from './merged-records.ts';
import type { HubSpotRecord } from './record-row.ts';

/** HubSpot's maximum for list and for batch read. */
export const pageSize = 100;

/**
 * Longest list URL tried. Answers of 414 have been reported from 8,000 characters up and measured at 16,200; beyond
 * this, ids come by list and values by batch read, which takes its properties in the body.
 */
const maxUrlLength = 8_000;

export interface RecordPage {
  readonly records: readonly HubSpotRecord[];
  /** Ids in list order; more than `records` where some vanished between the two requests of a page. */
  readonly ids: readonly string[];
  /** The list's own token for the next page; null at the end. */
  readonly after: string | null;
  readonly observedAt: string;
}

export interface PageRequest {
  readonly after: string | null;
  readonly limit: number;
  readonly signal: AbortSignal;
}

/** Records read by name, in no order. */
export interface NamedPage {
  readonly records: readonly HubSpotRecord[];
  readonly observedAt: string;
}

/**
 * Reads pages and named records of one object: the living with the plan's properties, those in the bin by id alone; all
 * with the ids that were merged into them.
 */
export class PageReader {
  readonly #api: HubSpotApi;
  readonly #paths: ApiPaths;
  readonly #plan: StreamPlan;
  readonly #meter: RequestMeter;
  readonly #properties: readonly string[];
  readonly #binProperties: readonly string[];
  #fitsUrl: boolean;

  constructor(options: { api: HubSpotApi; paths: ApiPaths; plan: StreamPlan; meter: RequestMeter }) {
    this.#api = options.api;
    this.#paths = options.paths;
    this.#plan = options.plan;
    this.#meter = options.meter;
    const merges = mergeProperties(options.plan.object);
    this.#properties = [...new Set([...options.plan.columns.map(({ property }) => property), ...merges])];
    this.#binProperties = ['hs_object_id', ...merges];
    const longest = { after: '9'.repeat(20), limit: pageSize, archived: false, properties: this.#properties };
    this.#fitsUrl = this.#listPath(longest).length <= maxUrlLength;
  }

  /** A page of records whose ids are at or after `after`. Vanished records of a two-request page are left out. */
  async readPage(request: PageRequest): Promise<RecordPage> {
    if (this.#fitsUrl) {
      try {
        return await this.#readList({ ...request, archived: false, properties: this.#properties });
      } catch (error) {
        if (!(error instanceof UriTooLong)) throw error;
        this.#fitsUrl = false;
      }
    }
    const list = await this.#readList({ ...request, archived: false, properties: ['hs_object_id'] });
    if (list.ids.length === 0) return list;
    const { records, observedAt } = await this.readRecords(list.ids, request.signal);
    return { ...list, records, observedAt };
  }

  /** The same of the bin. */
  readArchivedPage(request: PageRequest): Promise<RecordPage> {
    return this.#readList({ ...request, archived: true, properties: this.#binProperties });
  }

  /**
   * At most 100 records by id; those archived, merged away or unknown are left out. An account may give a record that was
   * merged away under its new id.
   */
  readRecords(ids: readonly string[], signal: AbortSignal): Promise<NamedPage> {
    return this.#readNamed({ ids, archived: false, properties: this.#properties, signal });
  }

  /** The same of the bin. */
  readArchivedRecords(ids: readonly string[], signal: AbortSignal): Promise<NamedPage> {
    return this.#readNamed({ ids, archived: true, properties: this.#binProperties, signal });
  }

  /** The id of the live record that answers to an id, with when that was asked; null where none does. */
  async findSurvivor(
    id: string,
    signal: AbortSignal,
  ): Promise<{ readonly id: string; readonly observedAt: string } | null> {
    const path = `${this.#paths.single(this.#plan.object, id)}?archived=false&properties=hs_object_id`;
    try {
      const { json, observedAt } = await this.#api.call({ method: 'GET', path, bucket: 'burst', signal }, this.#meter);
      return { id: idOf(json, this.#plan.object), observedAt };
    } catch (error) {
      if (error instanceof PathUnknown) return null;
      throw error;
    }
  }

  async #readNamed(request: {
    ids: readonly string[];
    archived: boolean;
    properties: readonly string[];
    signal: AbortSignal;
  }): Promise<NamedPage> {
    const { ids, archived, properties, signal } = request;
    const answer = await this.#api.call(
      {
        method: 'POST',
        path: `${this.#paths.batchRead(this.#plan.object)}?archived=${archived}`,
        body: { inputs: ids.map((id) => ({ id })), properties },
        bucket: 'burst',
        signal,
      },
      this.#meter,
    );
    requireOnlyMissing(answer.json, this.#plan.object);
    return { records: resultsOf(answer.json, this.#plan.object), observedAt: answer.observedAt };
  }

  async #readList(request: PageRequest & { archived: boolean; properties: readonly string[] }): Promise<RecordPage> {
    const answer = await this.#api.call(
      { method: 'GET', path: this.#listPath(request), bucket: 'burst', signal: request.signal },
      this.#meter,
    );
    const records = resultsOf(answer.json, this.#plan.object);
    return {
      records,
      ids: records.map((record) => String(record.id)),
      after: afterOf(answer.json),
      observedAt: answer.observedAt,
    };
  }

  #listPath(request: Omit<PageRequest, 'signal'> & { archived: boolean; properties: readonly string[] }): string {
    const after = request.after === null ? '' : `&after=${encodeURIComponent(request.after)}`;
    const properties = request.properties.map(encodeURIComponent).join(',');
    return `${this.#paths.list(this.#plan.object)}?limit=${request.limit}${after}&archived=${request.archived}&properties=${properties}`;
  }
}

/** A 200 without `results` is no page: taking it for an empty one would end the list early. */
function resultsOf(json: unknown, object: string): readonly HubSpotRecord[] {
  if (typeof json === 'object' && json !== null && 'results' in json && Array.isArray(json.results)) {
    return json.results as HubSpotRecord[];
  }
  throw new SyncError('Unavailable', `HubSpot ${object}: an answer without results`);
}

function idOf(json: unknown, object: string): string {
  const id = typeof json === 'object' && json !== null && 'id' in json ? json.id : undefined;
  if (typeof id === 'string' || typeof id === 'number') return String(id);
  throw new SyncError('Unavailable', `HubSpot ${object}: a record without an id`);
}

/** A 207 names ids it could not read. Those that are gone are gone; any other reason must not pass for that. */
function requireOnlyMissing(json: unknown, object: string): void {
  const { errors } = json as { errors?: unknown };
  if (!Array.isArray(errors)) return;
  const other = (errors as { category?: unknown }[]).find(({ category }) => category !== 'OBJECT_NOT_FOUND');
  if (other === undefined) return;
  const category = typeof other.category === 'string' ? other.category : 'unknown';
  throw new SyncError('Unavailable', `HubSpot batch read of ${object}: some records could not be read (${category})`);
}

function afterOf(json: unknown): string | null {
  const { paging } = json as { paging?: { next?: { after?: unknown } } };
  const after = paging?.next?.after;
  return after === undefined || after === null ? null : String(after);
}
