import { z } from 'zod';
import { SyncError } from '../../model/errors.ts';
import type { HubSpotApi, RequestMeter } from './api.ts';
import type { ApiPaths } from './api-paths.ts';

const answerSchema = z.object({ total: z.number().int().min(0) });

export interface RecordCount {
  readonly recordCount: number;
  /** Source's clock; null where the answer had no `Date`. */
  readonly serverDate: string | null;
}

/** How many records an object has, by one search. To inform only: the index trails what was just created or archived. */
export async function countRecords(
  deps: { api: HubSpotApi; paths: ApiPaths },
  object: string,
  signal: AbortSignal,
  meter: RequestMeter,
): Promise<RecordCount> {
  const answer = await deps.api.call(
    {
      method: 'POST',
      path: deps.paths.search(object),
      body: { filterGroups: [], properties: ['hs_object_id'], limit: 1 },
      bucket: 'search',
      signal,
    },
    meter,
  );
  const parsed = answerSchema.safeParse(answer.json);
  if (!parsed.success) {
    throw new SyncError('Unavailable', `HubSpot search of ${object}: the answer has not the documented shape`);
  }
  return { recordCount: parsed.data.total, serverDate: answer.serverDate };
}
