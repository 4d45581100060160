import { SyncError } from '../../model/errors.ts';
import { allIds } from '../../model/id-range-pool.ts';
import type { BackfillScope, BackfillStart } from '../../model/source.ts';
import { RequestMeter, type HubSpotApi } from './api.ts';
import type { ApiPaths } from './api-paths.ts';
import { countRecords, type RecordCount } from './search.ts';

/** Where a backfill starts. The search that counts the records may fail or trail behind without harm: it only informs. */
export async function planBackfill(
  deps: { api: HubSpotApi; paths: ApiPaths },
  request: { object: string; scope: BackfillScope; signal: AbortSignal },
): Promise<BackfillStart> {
  const { object, scope, signal } = request;
  const count = await countOrNull(deps, object, signal);
  const sourceNow = count?.serverDate ?? (await sourceClock(deps, object, signal));
  const recordCount = count?.recordCount ?? null;
  switch (scope.kind) {
    case 'ids':
      return { frontier: { kind: 'ids', ids: scope.ids }, estimatedRecords: scope.ids.length, sourceNow };
    case 'limit':
      return {
        frontier: { kind: 'pages', after: null, done: false, remaining: scope.limit },
        estimatedRecords: Math.min(scope.limit, recordCount ?? scope.limit),
        sourceNow,
      };
    case 'whole':
      return { frontier: { kind: 'idRanges', ranges: [allIds] }, estimatedRecords: recordCount, sourceNow };
    default:
      return scope satisfies never;
  }
}

/** The source's clock from any answer: the worker's own may be fast, and the watermark is counted from this. */
async function sourceClock(
  { api, paths }: { api: HubSpotApi; paths: ApiPaths },
  object: string,
  signal: AbortSignal,
): Promise<string> {
  const call = { method: 'GET', path: `${paths.list(object)}?limit=1`, bucket: 'burst', signal } as const;
  const { serverDate, observedAt } = await api.call(call, new RequestMeter());
  return serverDate ?? observedAt;
}

async function countOrNull(
  deps: { api: HubSpotApi; paths: ApiPaths },
  object: string,
  signal: AbortSignal,
): Promise<RecordCount | null> {
  try {
    return await countRecords(deps, object, signal, new RequestMeter());
  } catch (error) {
    if (error instanceof SyncError && error.kind !== 'AuthRejected') return null;
    throw error;
  }
}
