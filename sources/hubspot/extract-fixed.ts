import { SyncError } from '../../model/errors.ts';
import type { SourceFrontier } from '../../model/frontier.ts';
import type { ExtractOutcome, ExtractRequest } from '../../model/source.ts';
import type { StagedTombstone } from '../../model/tombstone.ts';
import { RequestMeter, type HubSpotApi } from './api.ts';
import type { ApiPaths } from './api-paths.ts';
import { outcomeOf, stoppedOutcome } from './extract-outcome.ts';
import { listFixed, type FixedPage } from './fixed-list.ts';
import type { FixedObject } from './fixed-object.ts';
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
  const meter = new RequestMeter(request.traffic);
  const list = (archived: boolean): Promise<FixedPage[]> =>
    listFixed({ ...deps, meter }, object, { archived, signal: request.signal });
  const lists: Lists = {
    live: () => list(false),
    archived: async () => (object.canListArchived ? tombstonesOf(await list(true)) : []),
  };
  let found: Found;
  try {
    found = await find(request, object, lists);
  } catch (error) {
    return stoppedOutcome(error, request, meter.counts);
  }
  const encode = pageEncoder(request.plan);
  for (const { records, observedAt } of found.pages) {
    if (records.length > 0) await request.sink.records(encode(records, observedAt).rows);
  }
  if (found.tombstones.length > 0) await request.sink.tombstones(found.tombstones);
  return outcomeOf(request, {
    frontier: found.rest,
    records: found.pages.reduce((sum, { records }) => sum + records.length, found.tombstones.length),
    requests: meter.counts,
  });
}

interface Found {
  readonly pages: readonly FixedPage[];
  readonly tombstones: readonly StagedTombstone[];
  /** What is left of the frontier: nothing. */
  readonly rest: SourceFrontier;
}

interface Lists {
  live(): Promise<FixedPage[]>;
  /** None where HubSpot keeps no bin for the object. */
  archived(): Promise<StagedTombstone[]>;
}

async function find({ frontier, absentIds }: ExtractRequest, object: FixedObject, lists: Lists): Promise<Found> {
  switch (frontier.kind) {
    case 'pages': {
      const pages = firstRecords(await lists.live(), frontier.remaining ?? Infinity);
      return { pages, tombstones: [], rest: { ...frontier, done: true } };
    }
    case 'idRanges':
      return { pages: await lists.live(), tombstones: [], rest: { ...frontier, ranges: [] } };
    case 'archivedPages':
      return { pages: [], tombstones: await lists.archived(), rest: { ...frontier, done: true } };
    case 'archivedRanges':
      return { pages: [], tombstones: await lists.archived(), rest: { ...frontier, ranges: [] } };
    case 'ids': {
      const asked = new Set(frontier.ids);
      const live = await lists.live();
      const pages = live.map((page) => ({
        ...page,
        records: page.records.filter((record) => asked.has(idOf(record))),
      }));
      const absent = asked.difference(new Set(pages.flatMap(({ records }) => records.map(idOf))));
      const tombstones =
        absentIds === 'tombstone' && absent.size > 0
          ? absentTombstones(absent, { archived: await lists.archived(), seenAt: live[0]!.observedAt })
          : [];
      return { pages, tombstones, rest: { ...frontier, ids: [] } };
    }
    case 'windows':
      throw new SyncError('ConfigInvalid', `HubSpot cannot search ${object.name} by time`, {
        next: 'read the object whole',
      });
    default:
      return frontier satisfies never;
  }
}

function absentTombstones(
  absent: ReadonlySet<string>,
  { archived, seenAt }: { archived: readonly StagedTombstone[]; seenAt: string },
): StagedTombstone[] {
  const binned = archived.filter(([id]) => absent.has(id));
  const vanished = absent.difference(new Set(binned.map(([id]) => id)));
  return [...binned, ...[...vanished].map((id): StagedTombstone => [id, 'vanished', null, null, seenAt])];
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
function tombstonesOf(pages: readonly FixedPage[]): StagedTombstone[] {
  return pages.flatMap(({ records, observedAt }) =>
    records.map((record): StagedTombstone => [idOf(record), 'archived', null, null, observedAt]),
  );
}

function idOf({ id }: HubSpotRecord): string {
  return String(id);
}
