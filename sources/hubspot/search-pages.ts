import { z } from 'zod';
import { SyncError } from '../../model/errors.ts';
import type { StreamPlan } from '../../model/plan.ts';
import type { TimeWindow } from '../../model/positions.ts';
import type { HubSpotApi, RequestMeter } from './api.ts';
import type { ApiPaths } from './api-paths.ts';
import { versionOf } from './record-row.ts';
import { searchPageSize, type Asked, type Side } from './search-ranges.ts';

export interface SearchHit {
  readonly id: bigint;
  /** As the index knows it; it may trail. */
  readonly version: string | null;
}

export interface SearchPage {
  /** Those of the lowest ids that match, or of the highest, each once, in no order. */
  readonly hits: readonly SearchHit[];
  /** Of all matches. */
  readonly total: number;
  /** Whether no matches are beyond it. */
  readonly isLast: boolean;
}

const answerSchema = z.object({
  total: z.number().int().min(0),
  results: z.array(
    z.object({
      id: z.union([z.string().regex(/^\d{1,25}$/), z.int()]).transform(BigInt),
      updatedAt: z.string().nullish(),
      properties: z.record(z.string(), z.string().nullish()).optional(),
    }),
  ),
  paging: z.object({ next: z.object({ after: z.unknown() }).nullish() }).nullish(),
});

/**
 * Finds ids by a time property, page by page. Every page is a search of its own for the next ids up or down, from offset 0:
 * HubSpot refuses to page past 10,000 results. Values are not taken from hits, since the index trails.
 */
export class SearchPages {
  readonly #api: HubSpotApi;
  readonly #path: string;
  readonly #plan: StreamPlan;
  readonly #meter: RequestMeter;
  readonly #property: string;
  readonly #properties: readonly string[];

  constructor(options: { api: HubSpotApi; paths: ApiPaths; plan: StreamPlan; meter: RequestMeter; property: string }) {
    this.#api = options.api;
    this.#path = options.paths.search(options.plan.object);
    this.#plan = options.plan;
    this.#meter = options.meter;
    this.#property = options.property;
    this.#properties = ['hs_object_id', options.plan.versionProperty ?? options.property];
  }

  async readPage(
    window: TimeWindow,
    { from, to, side }: Asked & { readonly side: Side },
    signal: AbortSignal,
  ): Promise<SearchPage> {
    const filters = [
      { propertyName: this.#property, operator: 'GTE', value: epochMs(window.from) },
      { propertyName: this.#property, operator: 'LTE', value: epochMs(window.to) },
      { propertyName: 'hs_object_id', operator: 'GTE', value: String(from) },
      ...(to === null ? [] : [{ propertyName: 'hs_object_id', operator: 'LT', value: String(to) }]),
    ];
    const body = {
      filterGroups: [{ filters }],
      sorts: [{ propertyName: 'hs_object_id', direction: side === 'low' ? 'ASCENDING' : 'DESCENDING' }],
      properties: this.#properties,
      limit: searchPageSize,
    };
    const answer = await this.#api.call(
      { method: 'POST', path: this.#path, body, bucket: 'search', signal },
      this.#meter,
    );
    const parsed = answerSchema.safeParse(answer.json);
    if (!parsed.success) throw this.#unfit('the answer has not the documented shape');
    const { total, results, paging } = parsed.data;
    const hits = results.map(({ id, updatedAt = null, properties = {} }): [bigint, SearchHit] => [
      id,
      { id, version: versionOf({ updatedAt, properties }, this.#plan) },
    ]);
    const hasNext = paging?.next !== undefined && paging.next !== null;
    if (results.length === 0 && hasNext) throw this.#unfit('an empty page that says that more follow');
    if (results.some(({ id }) => id < from || (to !== null && id >= to)))
      throw this.#unfit('hits outside of its filter');
    const isLast = !hasNext && (results.length < searchPageSize || results.length === total);
    return { hits: [...new Map(hits).values()], total, isLast };
  }

  #unfit(reason: string): SyncError {
    return new SyncError('Unavailable', `HubSpot search of ${this.#plan.object}: ${reason}`);
  }
}

function epochMs(instant: string): string {
  return String(Date.parse(instant));
}
