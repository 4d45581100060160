import type { StagedTombstone } from '../../model/tombstone.ts';
import type { Chunk } from './chunk.ts';
import { mergedTombstones } from './merged-records.ts';
import type { PageReader, PageRequest, RecordPage } from './page-reader.ts';
import { instantOrNull, type HubSpotRecord } from './record-row.ts';

/** One of an object's lists, and what becomes of the records it holds. */
export interface RecordList {
  readPage(request: PageRequest): Promise<RecordPage>;
  /** Once this resolves, the frontier may move past the records. */
  stage(records: readonly HubSpotRecord[], page: Pick<RecordPage, 'observedAt'>): Promise<void>;
}

interface ListDeps {
  readonly reader: PageReader;
  readonly chunk: Chunk;
}

/** What is alive, staged whole. */
export function liveList({ reader, chunk }: ListDeps): RecordList {
  return {
    readPage: (request) => reader.readPage(request),
    stage: (records, page) => chunk.write(records, page),
  };
}

/** What is in the bin, staged as tombstones. */
export function archivedList({ reader, chunk }: ListDeps): RecordList {
  return {
    readPage: (request) => reader.readArchivedPage(request),
    stage: (records, { observedAt }) => chunk.bury(records.flatMap((record) => archivedTombstones(record, observedAt))),
  };
}

/** Of a record in the bin, and of those merged into it. */
export function archivedTombstones(record: HubSpotRecord, observedAt: string): StagedTombstone[] {
  const own: StagedTombstone = [String(record.id), 'archived', instantOrNull(record.archivedAt), null, observedAt];
  return [own, ...mergedTombstones(record, observedAt)];
}
