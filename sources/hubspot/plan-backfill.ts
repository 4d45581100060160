import { SyncError } from '../../model/errors.ts';
import type { SourceFrontier } from '../../model/frontier.ts';
import { allIds } from '../../model/id-range-pool.ts';
import type { BackfillScope, BackfillStart } from '../../model/source.ts';
import { RequestMeter, type HubSpotApi } from './api.ts';
import type { ApiPaths } from './api-paths.ts';
import { fixedPath } from './fixed-list.ts';
import type { FixedObject } from './fixed-object.ts';
import type { HubSpotObject } from './object-directory.ts';
import type { CrmObject } from './objects.ts';
import { countRecords, type CountRequest, type SearchTotal } from './record-count.ts';

interface PlanDeps {
  readonly api: HubSpotApi;
  readonly paths: ApiPaths;
}

interface PlanRequest<Planned extends HubSpotObject> {
  readonly object: Planned;
  readonly scope: BackfillScope;
  readonly signal: AbortSignal;
}

/** Where a backfill starts. The search that counts the records may fail or trail behind without harm: it only informs. */
export async function planBackfill(deps: PlanDeps, request: PlanRequest<HubSpotObject>): Promise<BackfillStart> {
  const { object } = request;
  return object.kind === 'crm' ? planCrm(deps, { ...request, object }) : planFixed(deps, { ...request, object });
}

async function planCrm(deps: PlanDeps, { object, scope, signal }: PlanRequest<CrmObject>): Promise<BackfillStart> {
  const { name, createdProperty: property } = object;
  const within = scope.kind === 'range' ? { within: { property, window: scope.created } } : {};
  const count = await countOrNull(deps, { object: name, ...within, signal });
  const sourceNow = count?.serverDate ?? (await sourceClock(deps, `${deps.paths.list(name)}?limit=1`, signal));
  const records = count?.records ?? null;
  switch (scope.kind) {
    case 'ids':
      return { frontier: { kind: 'ids', ids: scope.ids }, estimatedRecords: scope.ids.length, sourceNow };
    case 'limit':
      return {
        frontier: firstPages(scope.limit),
        estimatedRecords: Math.min(scope.limit, records ?? scope.limit),
        sourceNow,
      };
    case 'range':
      return {
        frontier: { kind: 'windows', property, windows: [{ ...scope.created, ranges: [allIds] }] },
        estimatedRecords: records,
        sourceNow,
      };
    case 'whole':
      return { frontier: { kind: 'idRanges', ranges: [allIds] }, estimatedRecords: records, sourceNow };
    default:
      return scope satisfies never;
  }
}

async function planFixed(deps: PlanDeps, { object, scope, signal }: PlanRequest<FixedObject>): Promise<BackfillStart> {
  if (scope.kind === 'range') {
    throw new SyncError('ConfigInvalid', `HubSpot ${object.name} cannot be read by when they were created`, {
      next: 'leave out the range: the object is small and read whole',
    });
  }
  const sourceNow = await sourceClock(deps, fixedPath(deps.paths, object.name), signal);
  switch (scope.kind) {
    case 'ids':
      return { frontier: { kind: 'ids', ids: scope.ids }, estimatedRecords: scope.ids.length, sourceNow };
    case 'limit':
      return { frontier: firstPages(scope.limit), estimatedRecords: scope.limit, sourceNow };
    case 'whole':
      return { frontier: firstPages(null), estimatedRecords: null, sourceNow };
    default:
      return scope satisfies never;
  }
}

function firstPages(remaining: number | null): SourceFrontier {
  return { kind: 'pages', after: null, done: false, remaining };
}

/** The source's clock from any answer: the worker's own may be fast, and the watermark is counted from this. */
async function sourceClock({ api }: PlanDeps, path: string, signal: AbortSignal): Promise<string> {
  const call = { method: 'GET', path, bucket: 'burst', signal } as const;
  const { serverDate, observedAt } = await api.call(call, new RequestMeter('bulk'));
  return serverDate ?? observedAt;
}

async function countOrNull(deps: PlanDeps, request: CountRequest): Promise<SearchTotal | null> {
  try {
    return await countRecords({ ...deps, meter: new RequestMeter('bulk') }, request);
  } catch (error) {
    if (error instanceof SyncError && error.kind !== 'AuthRejected') return null;
    throw error;
  }
}
