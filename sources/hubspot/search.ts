import { z } from 'zod';
import { SyncError } from '../../model/errors.ts';
import type { HubSpotApi, RequestMeter } from './api.ts';
import type { ApiPaths } from './api-paths.ts';

const answerSchema = z.object({
  total: z.number().int().min(0),
  results: z.array(z.object({ id: z.string() })),
});

export interface ObjectExtent {
  readonly recordCount: number;
  /** Null for an object without records. */
  readonly maxId: string | null;
  /** Source's clock; null where the answer had no `Date`. */
  readonly serverDate: string | null;
}

/**
 * Count and highest id of an object by one search. Good for sizing only: the index trails what was just created, and
 * leaves archived records out.
 */
export async function searchExtent(
  deps: { api: HubSpotApi; paths: ApiPaths },
  object: string,
  signal: AbortSignal,
  meter: RequestMeter,
): Promise<ObjectExtent> {
  const answer = await deps.api.call(
    {
      method: 'POST',
      path: deps.paths.search(object),
      body: {
        filterGroups: [],
        sorts: [{ propertyName: 'hs_object_id', direction: 'DESCENDING' }],
        properties: ['hs_object_id'],
        limit: 1,
      },
      bucket: 'search',
      signal,
    },
    meter,
  );
  const parsed = answerSchema.safeParse(answer.json);
  if (!parsed.success) {
    throw new SyncError('Unavailable', `HubSpot search of ${object}: the answer has not the documented shape`);
  }
  return { recordCount: parsed.data.total, maxId: parsed.data.results[0]?.id ?? null, serverDate: answer.serverDate };
}
