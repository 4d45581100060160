import type { Answer } from './answers.ts';
import { invalid, recordsAnswer } from './answers.ts';
import type { ApiRequest } from './api-request.ts';
import type { ObjectData } from './object-data.ts';
import { createdProperty, modifiedProperty } from './object-types.ts';
import type { ObjectType } from './object-types.ts';
import type { SearchSettings } from './options.ts';
import type { RecordView } from './record-view.ts';
import { boundsOf, matches, textOf } from './search-match.ts';
import type { SearchQuery } from './search-query.ts';
import { parseSearch } from './search-query.ts';
import { createRandom, shuffled } from './seeded-random.ts';
import type { Sight } from './visibility.ts';
import { sightOf } from './visibility.ts';

/** `POST {objects}/{type}/search`: what the index knows, at most the first 10,000 hits. */
export function searchRecords(request: ApiRequest, type: ObjectType): Answer {
  const { portal, writer, search, visibility } = request;
  const query = parseSearch(request.body, type);
  if ('refusal' in query) return invalid(query.refusal);
  const data = portal.data(type);
  const sees = sightOf(visibility, type);
  const { total, hits } = find(data, { query, settings: search, nowMs: portal.now(), sees });
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

function find(
  data: ObjectData,
  { query, settings, nowMs, sees }: { query: SearchQuery; settings: SearchSettings; nowMs: number; sees: Sight },
): { total: number; hits: RecordView[] } {
  const { searchIndex } = data;
  const slackMs = settings.windowSlackMs;
  searchIndex.advance(settings, nowMs);
  const bounds = boundsOf(query, data.type, slackMs);
  const inBounds = searchIndex.within(bounds, sees);
  const hits = bounds.isExact
    ? inBounds
    : inBounds.filter((position) => matches(query, data, searchIndex.viewAt(position), slackMs));
  const ordered = inOrder(hits, query, data).subarray(query.offset, query.offset + query.limit);
  return { total: hits.length, hits: Array.from(ordered, (position) => searchIndex.viewAt(position)) };
}

/** Sorts positions, which ascend by id, in place; equal ones stay in the order of their ids. */
function inOrder(hits: Uint32Array, { sort }: SearchQuery, data: ObjectData): Uint32Array {
  const { type, searchIndex } = data;
  const { createdMs, modifiedMs } = searchIndex.instants;
  if (sort.property === createdProperty(type)) sortBy(hits, (position) => createdMs[position] as number);
  else if (sort.property === modifiedProperty(type)) sortBy(hits, (position) => modifiedMs[position] as number);
  else if (sort.property !== 'hs_object_id') {
    const texts = new Map<number, string>();
    for (const position of hits) {
      texts.set(position, textOf(sort.property, data, searchIndex.viewAt(position)) ?? '');
    }
    sortBy(hits, (position) => texts.get(position) as string);
  }
  return sort.isDescending ? hits.reverse() : hits;
}

function sortBy<Key extends number | string>(hits: Uint32Array, keyOf: (position: number) => Key): void {
  const isSorted = hits.every((position, i) => i === 0 || keyOf(hits[i - 1] as number) <= keyOf(position));
  if (isSorted) return;
  hits.sort((a, b) => {
    const [keyA, keyB] = [keyOf(a), keyOf(b)];
    return keyA < keyB ? -1 : keyA > keyB ? 1 : a - b;
  });
}
