import type { SourceFrontier } from '../../model/frontier.ts';
import type { ExtractRequest } from '../../model/source.ts';
import type { HubSpotApi, RequestMeter } from './api.ts';
import type { ApiPaths } from './api-paths.ts';
import type { Chunk } from './chunk.ts';
import { IdList } from './id-list.ts';
import { NamedRecords } from './named-records.ts';
import type { Rest, RestingPoints } from './resting-points.ts';
import type { PageReader } from './page-reader.ts';
import { ParallelList } from './parallel-list.ts';
import { archivedList, liveList } from './record-list.ts';
import { SearchList } from './search-list.ts';
import { SearchPages } from './search-pages.ts';
import { SequentialList } from './sequential-list.ts';

/** Reads a frontier, or as much of it as a chunk has room for. */
export interface Reading {
  read(signal: AbortSignal): Promise<void>;
  /** What of it is not staged; right at any moment. */
  frontier(): SourceFrontier;
  /** Where to begin again by one cursor, once the list has broken its contract. */
  sequential(): SourceFrontier;
}

interface ReadingDeps {
  readonly api: HubSpotApi;
  readonly paths: ApiPaths;
  readonly reader: PageReader;
  readonly chunk: Chunk;
  readonly meter: RequestMeter;
  readonly restingPoints: RestingPoints;
}

export function openReading(request: ExtractRequest, deps: ReadingDeps): Reading {
  const { frontier, plan } = request;
  const { onVanished } = plan;
  const { chunk, restingPoints } = deps;
  const restAt = (frontierOf: () => SourceFrontier): Rest => ({
    isDue: () => restingPoints.isDue,
    pass: (signal) => restingPoints.pass(frontierOf, signal),
  });
  const read = (
    reading: { read(signal: AbortSignal): Promise<void> },
    frontierOf: () => SourceFrontier,
    sequential: SourceFrontier = frontier,
  ): Reading => ({
    read: (signal) => reading.read(signal),
    frontier: frontierOf,
    sequential: () => sequential,
  });
  switch (frontier.kind) {
    case 'idRanges': {
      const left = (): SourceFrontier => ({ kind: 'idRanges', ranges: list.ranges() });
      const list = new ParallelList({ ranges: frontier.ranges, list: liveList(deps), chunk, rest: restAt(left) });
      return read(list, left, wholeList);
    }
    case 'archivedRanges': {
      const left = (): SourceFrontier => ({ kind: 'archivedRanges', ranges: list.ranges() });
      const list = new ParallelList({ ranges: frontier.ranges, list: archivedList(deps), chunk, rest: restAt(left) });
      return read(list, left, wholeBin);
    }
    case 'pages': {
      const left = (): SourceFrontier => ({ kind: 'pages', ...list.position() });
      const list = new SequentialList({ position: frontier, list: liveList(deps), chunk, rest: restAt(left) });
      return read(list, left);
    }
    case 'archivedPages': {
      const position = { ...frontier, remaining: null };
      const left = (): SourceFrontier => {
        const { after, done } = list.position();
        return { kind: 'archivedPages', after, done };
      };
      const list = new SequentialList({ position, list: archivedList(deps), chunk, rest: restAt(left) });
      return read(list, left);
    }
    case 'ids': {
      const records = new NamedRecords({ ...deps, absentIds: request.absentIds, onVanished });
      const list = new IdList({ ids: frontier.ids, records, chunk });
      return read(list, () => ({ kind: 'ids', ids: list.ids() }));
    }
    case 'windows': {
      const { property, windows } = frontier;
      const { isKnown, maxHits } = request;
      const list = new SearchList({
        windows,
        pages: new SearchPages({ ...deps, plan, property }),
        records: new NamedRecords({ ...deps, absentIds: 'pass', onVanished }),
        chunk,
        isKnown,
        maxHits,
        searchesOfUse: () => deps.api.budget.searchesAtOnce,
      });
      return read(list, () => ({ kind: 'windows', property, windows: list.windows() }));
    }
    default:
      return frontier satisfies never;
  }
}

const wholeList: SourceFrontier = { kind: 'pages', after: null, done: false, remaining: null };
const wholeBin: SourceFrontier = { kind: 'archivedPages', after: null, done: false };
