import { SyncError } from '../../model/errors.ts';
import { initialRanges } from '../../model/id-range-pool.ts';
import type { BackfillScope, BackfillStart } from '../../model/source.ts';
import { RequestMeter, type HubSpotApi } from './api.ts';
import type { ApiPaths } from './api-paths.ts';
import { cursorCount } from './parallel-list.ts';
import { searchExtent, type ObjectExtent } from './search.ts';

/**
 * Where a backfill starts. The search that sizes the ranges may fail or trail behind without harm: ranges cover all ids
 * whatever it says, the last one has no end, and stealing evens out the rest.
 */
export async function planBackfill(
  deps: { api: HubSpotApi; paths: ApiPaths },
  request: { object: string; scope: BackfillScope; signal: AbortSignal },
): Promise<BackfillStart> {
  const { object, scope, signal } = request;
  const extent = await extentOrNull(deps, object, signal);
  const sourceNow = extent?.serverDate ?? new Date().toISOString();
  const recordCount = extent?.recordCount ?? null;
  switch (scope.kind) {
    case 'ids':
      return { frontier: { kind: 'ids', ids: scope.ids }, estimatedRecords: scope.ids.length, sourceNow };
    case 'limit':
      return {
        frontier: { kind: 'pages', after: null, done: false, remaining: scope.limit },
        estimatedRecords: Math.min(scope.limit, recordCount ?? scope.limit),
        sourceNow,
      };
    case 'whole': {
      const ranges = extent?.maxId ? initialRanges(BigInt(extent.maxId), cursorCount) : [{ from: '0', to: null }];
      return { frontier: { kind: 'idRanges', ranges }, estimatedRecords: recordCount, sourceNow };
    }
    default:
      return scope satisfies never;
  }
}

async function extentOrNull(
  deps: { api: HubSpotApi; paths: ApiPaths },
  object: string,
  signal: AbortSignal,
): Promise<ObjectExtent | null> {
  try {
    return await searchExtent(deps, object, signal, new RequestMeter());
  } catch (error) {
    if (error instanceof SyncError && error.kind !== 'AuthRejected') return null;
    throw error;
  }
}
