import type { Answer } from './answers.ts';
import { invalid, recordsAnswer } from './answers.ts';
import type { ApiRequest } from './api-request.ts';
import type { ObjectData } from './object-data.ts';
import { createdProperty, modifiedProperty } from './object-types.ts';
import type { ObjectType } from './object-types.ts';
import type { SearchSettings } from './options.ts';
import type { RecordView } from './record-view.ts';
import { visitIndexed } from './search-index.ts';
import { boundsOf, matches, textOf } from './search-match.ts';
import type { SearchQuery } from './search-query.ts';
import { parseSearch } from './search-query.ts';
import { createRandom, shuffled } from './seeded-random.ts';

/** `POST {objects}/{type}/search`: what the index knows, at most the first 10,000 hits. */
export function searchRecords(request: ApiRequest, type: ObjectType): Answer {
  const { portal, writer, search } = request;
  const query = parseSearch(request.body, type);
  if ('refusal' in query) return invalid(query.refusal);
  const data = portal.data(type);
  const { total, hits } = find(data, { query, settings: search, nowMs: portal.now() });
  const layout = portal.layouts.api(data, query.properties, 'live');
  writer.begin(request.encoding);
  writer.text(`{"total":${total},"results":[`);
  const ordered = search.isDisordered ? shuffled(hits, createRandom(total + query.offset)) : hits;
  ordered.forEach((view, i) => {
    if (i > 0) writer.text(',');
    writer.record(layout, view);
  });
  const end = query.offset + hits.length;
  writer.text(end < total && hits.length > 0 ? `],"paging":{"next":{"after":"${end}"}}}` : ']}');
  const { body } = writer.end();
  return recordsAnswer({
    status: 200,
    body,
    isCompressed: request.encoding === 'gzip',
    records: hits.length,
  });
}

interface Hit {
  readonly id: number;
  /** Null for a record without a journal: as the store has it. */
  readonly view: RecordView | null;
}

function find(
  data: ObjectData,
  { query, settings, nowMs }: { query: SearchQuery; settings: SearchSettings; nowMs: number },
): { total: number; hits: RecordView[] } {
  const slackMs = settings.windowSlackMs;
  const bounds = boundsOf(query, data, slackMs);
  const hits: Hit[] = [];
  visitIndexed(data, { bounds, settings, nowMs }, (id, view) => {
    if (bounds.isExact || matches(query, data, view ?? viewOf(data, id), slackMs)) hits.push({ id, view });
  });
  const ordered = inOrder(hits, query, data).slice(query.offset, query.offset + query.limit);
  return { total: hits.length, hits: ordered.map((hit) => hit.view ?? viewOf(data, hit.id)) };
}

function inOrder(hits: Hit[], { sort }: SearchQuery, data: ObjectData): Hit[] {
  const ordered =
    sort.property === 'hs_object_id'
      ? hits
      : sort.property === createdProperty(data.type)
        ? byCreation(hits, data)
        : hits
            .map((hit) => ({ hit, key: sortKey(sort.property, data, hit) }))
            .sort((a, b) => compare(a.key, b.key) || a.hit.id - b.hit.id)
            .map(({ hit }) => hit);
  return sort.isDescending ? ordered.reverse() : ordered;
}

/** The first records were created in the order of their ids, and before all others. */
function byCreation(hits: readonly Hit[], data: ObjectData): Hit[] {
  const isInitial = (hit: Hit): boolean => hit.view === null || hit.view.index < data.store.initialCount;
  const created = hits.filter((hit) => !isInitial(hit));
  created.sort((a, b) => (a.view?.createdMs ?? 0) - (b.view?.createdMs ?? 0) || a.id - b.id);
  return [...hits.filter(isInitial), ...created];
}

function sortKey(property: string, data: ObjectData, hit: Hit): number | string {
  const view = hit.view ?? viewOf(data, hit.id);
  if (property === modifiedProperty(data.type)) return view.modifiedMs;
  return textOf(property, data, view) ?? '';
}

function compare(a: number | string, b: number | string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function viewOf(data: ObjectData, id: number): RecordView {
  const view = data.store.find(id);
  if (view === undefined) throw new RangeError(`no record ${id}`);
  return view;
}
