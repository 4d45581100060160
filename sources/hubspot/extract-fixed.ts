import { SyncError } from '../../model/errors.ts';
import type { SourceFrontier } from '../../model/frontier.ts';
import type { ExtractOutcome, ExtractRequest } from '../../model/source.ts';
import type { StagedTombstone } from '../../model/tombstone.ts';
import { RequestMeter, type HubSpotApi } from './api.ts';
import type { ApiPaths } from './api-paths.ts';
import { listFixed, type FixedPage } from './fixed-list.ts';
import type { FixedObject } from './fixed-object.ts';
import { nothingRead } from './nothing-read.ts';
import { pageEncoder, type HubSpotRecord } from './record-row.ts';

/**
 * Reads a fixed object as one chunk, whatever its size: it is listed whole before anything is staged, so what stops it
 * leaves the frontier as it was.
 */
export async function extractFixed(
  deps: { api: HubSpotApi; paths: ApiPaths },
  object: FixedObject,
  request: ExtractRequest,
): Promise<ExtractOutcome> {
  const meter = new RequestMeter();
  const list = (archived: boolean): Promise<FixedPage[]> =>
    listFixed({ ...deps, meter }, object, { archived, signal: request.signal });
  let found: Found;
  try {
    found = await find(request, { object, list });
  } catch (error) {
    return nothingRead(error, request, meter.counts);
  }
  const encode = pageEncoder(request.plan);
  for (const { records, observedAt } of found.pages) {
    if (records.length > 0) await request.sink.records(encode(records, observedAt).rows);
  }
  if (found.tombstones.length > 0) await request.sink.tombstones(found.tombstones);
  return {
    frontier: found.rest,
    records: found.pages.reduce((sum, { records }) => sum + records.length, found.tombstones.length),
    knownRecords: 0,
    tooManyHits: null,
    absentColumns: [],
    roundedValues: 0,
    requests: meter.counts,
    wait: null,
  };
}

interface Found {
  readonly pages: readonly FixedPage[];
  readonly tombstones: readonly StagedTombstone[];
  /** What is left of the frontier: nothing. */
  readonly rest: SourceFrontier;
}

async function find(
  { frontier, absentIds }: ExtractRequest,
  { object, list }: { object: FixedObject; list: (archived: boolean) => Promise<FixedPage[]> },
): Promise<Found> {
  switch (frontier.kind) {
    case 'pages':
      return {
        pages: firstRecords(await list(false), frontier.remaining ?? Infinity),
        tombstones: [],
        rest: { ...frontier, done: true },
      };
    case 'idRanges':
      return { pages: await list(false), tombstones: [], rest: { ...frontier, ranges: [] } };
    case 'archivedPages':
      return { pages: [], tombstones: archivedOf(await list(true)), rest: { ...frontier, done: true } };
    case 'archivedRanges':
      return { pages: [], tombstones: archivedOf(await list(true)), rest: { ...frontier, ranges: [] } };
    case 'ids': {
      const asked = new Set(frontier.ids);
      const live = await list(false);
      const rest = { ...frontier, ids: [] };
      const pages = live.map((page) => ({ ...page, records: page.records.filter(isOneOf(asked)) }));
      if (absentIds === 'pass') return { pages, tombstones: [], rest };
      const present = new Set(live.flatMap(({ records }) => records.map(idOf)));
      const absent = asked.difference(present);
      const archived = object.canListArchived && absent.size > 0 ? archivedOf(await list(true)) : [];
      const binned = archived.filter(([id]) => absent.has(id));
      const gone = absent.difference(new Set(binned.map(([id]) => id)));
      const seenAt = live[0]!.observedAt;
      const vanished = [...gone].map((id): StagedTombstone => [id, 'vanished', null, null, seenAt]);
      return { pages, tombstones: [...binned, ...vanished], rest };
    }
    case 'windows':
      throw new SyncError('ConfigInvalid', `HubSpot cannot search ${object.name} by time`, {
        next: 'read the object whole',
      });
    default:
      return frontier satisfies never;
  }
}

function firstRecords(pages: readonly FixedPage[], limit: number): FixedPage[] {
  let left = limit;
  return pages.map((page) => {
    const records = page.records.slice(0, left);
    left -= records.length;
    return { ...page, records };
  });
}

/** HubSpot does not say when an owner was archived. */
function archivedOf(pages: readonly FixedPage[]): StagedTombstone[] {
  return pages.flatMap(({ records, observedAt }) =>
    records.map((record): StagedTombstone => [idOf(record), 'archived', null, null, observedAt]),
  );
}

function isOneOf(ids: ReadonlySet<string>): (record: HubSpotRecord) => boolean {
  return (record) => ids.has(idOf(record));
}

function idOf({ id }: HubSpotRecord): string {
  return String(id);
}
