import type { Frontier, SourceFrontier } from '../model/frontier.ts';
import { allIds } from '../model/id-range-pool.ts';
import type { ObjectDescription } from '../model/source.ts';

/** All records of an object that lists by id. */
export const everyId: SourceFrontier = { kind: 'idRanges', ranges: [allIds] };

/** All records of an object that is read page by page. */
export const everyPage: SourceFrontier = { kind: 'pages', after: null, done: false, remaining: null };

/** All that lies in the source's bin. */
export const wholeBin: SourceFrontier = { kind: 'archivedRanges', ranges: [allIds] };

/** All records, and then all that lies in the bin where there is one. */
export function everythingOf(description: ObjectDescription): Frontier {
  return withBin(description.can.searchChanges ? everyId : everyPage, description);
}

export function withBin(live: SourceFrontier, { can }: ObjectDescription): Frontier {
  return can.listArchived ? { kind: 'sequence', parts: [live, wholeBin] } : live;
}
