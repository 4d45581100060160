import { z } from 'zod';
import type { HubSpotApi, RequestMeter } from './api.ts';
import type { ApiPaths } from './api-paths.ts';
import type { CrmObject } from './objects.ts';
import { parseAnswer } from './parse-answer.ts';
import { searchPageSize } from './search-ranges.ts';

const answerSchema = z.object({
  results: z.array(z.object({ id: z.union([z.string(), z.int()]).transform(String) })),
  paging: z.object({ next: z.object({ after: z.union([z.string(), z.int()]) }).nullish() }).nullish(),
});

/**
 * Ids of the records that were created last, newest first, at most 10,000. By offset, unlike anything that syncs: a sample
 * may miss a record that moves between two pages.
 */
export async function newestIds(
  { api, paths, meter }: { api: HubSpotApi; paths: ApiPaths; meter: RequestMeter },
  { object, limit, signal }: { object: CrmObject; limit: number; signal: AbortSignal },
): Promise<string[]> {
  const ids = new Set<string>();
  let after: string | number | undefined = undefined;
  do {
    const body: object = {
      filterGroups: [],
      sorts: [{ propertyName: object.createdProperty, direction: 'DESCENDING' }],
      properties: ['hs_object_id'],
      limit: Math.min(searchPageSize, limit - ids.size),
      ...(after === undefined ? {} : { after }),
    };
    const { json } = await api.call(
      { method: 'POST', path: paths.search(object.name), body, bucket: 'search', signal },
      meter,
    );
    const { results, paging }: z.infer<typeof answerSchema> = parseAnswer(
      answerSchema,
      json,
      `search of ${object.name}`,
    );
    for (const { id } of results) ids.add(id);
    after = results.length === 0 ? undefined : paging?.next?.after;
  } while (after !== undefined && ids.size < limit);
  return [...ids];
}
