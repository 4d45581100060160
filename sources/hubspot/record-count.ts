import { z } from 'zod';
import type { TimeWindow } from '../../model/positions.ts';
import type { HubSpotApi, RequestMeter } from './api.ts';
import type { ApiPaths } from './api-paths.ts';
import { parseAnswer } from './parse-answer.ts';

const answerSchema = z.object({ total: z.number().int().min(0) });

export interface CountRequest {
  readonly object: string;
  /** Counts only records whose `property` lies in the window. */
  readonly within?: { readonly property: string; readonly window: TimeWindow };
  readonly signal: AbortSignal;
}

export interface SearchTotal {
  readonly records: number;
  /** Source's clock; null where the answer had no `Date`. */
  readonly serverDate: string | null;
}

/** How many records an object has, by one search. To inform only: the index trails what was just created or archived. */
export async function countRecords(
  deps: { api: HubSpotApi; paths: ApiPaths; meter: RequestMeter },
  { object, within, signal }: CountRequest,
): Promise<SearchTotal> {
  const filterGroups = within === undefined ? [] : [{ filters: windowFilters(within) }];
  const answer = await deps.api.call(
    {
      method: 'POST',
      path: deps.paths.search(object),
      body: { filterGroups, properties: ['hs_object_id'], limit: 1 },
      bucket: 'search',
      signal,
    },
    deps.meter,
  );
  const { total } = parseAnswer(answerSchema, answer.json, `search of ${object}`);
  return { records: total, serverDate: answer.serverDate };
}

function windowFilters({ property, window }: NonNullable<CountRequest['within']>): object[] {
  return [
    { propertyName: property, operator: 'GTE', value: String(Date.parse(window.from)) },
    { propertyName: property, operator: 'LTE', value: String(Date.parse(window.to)) },
  ];
}
