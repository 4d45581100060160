import { z } from 'zod';
import type { HubSpotApi, RequestMeter } from './api.ts';
import type { ApiPaths } from './api-paths.ts';
import { parseAnswer } from './parse-answer.ts';

const detailsSchema = z.object({ portalId: z.union([z.number().int(), z.string().min(1)]) });

/**
 * Names the account. A scope that was withdrawn needs no word here: it refuses the request, where a token of another
 * account would answer with other records.
 */
export async function describeAccess(
  { api, paths, meter }: { api: HubSpotApi; paths: ApiPaths; meter: RequestMeter },
  signal: AbortSignal,
): Promise<string> {
  const call = { method: 'GET', path: paths.accountDetails, bucket: 'burst', signal } as const;
  const { json } = await api.call(call, meter);
  const { portalId } = parseAnswer(detailsSchema, json, 'account details');
  return `portal ${portalId}`;
}
