import type { Answer } from './answers.ts';
import { invalid, recordsAnswer } from './answers.ts';
import type { ApiRequest } from './api-request.ts';
import { askedProperties, parseWhole } from './api-request.ts';
import type { ListContract, ListSettings } from './options.ts';
import type { ObjectType } from './object-types.ts';
import type { RecordView } from './record-view.ts';
import { createRandom, shuffled } from './seeded-random.ts';
import { sightOf } from './visibility.ts';

const defaultLimit = 10;
const mostPerPage = 100;

interface Page {
  readonly views: readonly RecordView[];
  /** Token of the next page; null at the end. */
  readonly after: string | null;
}

/** `GET {objects}/{type}`: ascending by id, from `after` on. */
export function listRecords(request: ApiRequest, type: ObjectType): Answer {
  const { portal, writer, query, list } = request;
  const limit = parseWhole(query.get('limit') ?? String(defaultLimit));
  if (limit === null || limit < 1 || limit > mostPerPage) {
    return invalid(`Invalid limit: must be between 1 and ${mostPerPage}`);
  }
  const archived = query.get('archived') ?? 'false';
  if (archived !== 'true' && archived !== 'false') return invalid(`Invalid value for archived: ${archived}`);
  const from = parseAfter(query.get('after'), list.contract);
  if (from === null) return invalid("Invalid value for parameter 'after'");

  const status = archived === 'true' ? 'archived' : 'live';
  const data = portal.data(type);
  const read = status === 'live' ? readLive : readArchived;
  const page = pageOf((fromId, count) => read(request, { type, fromId, count }), { from, limit, list });
  const layout = portal.layouts.api(data, askedProperties(query), status);
  writer.begin(request.encoding);
  writer.text('{"results":[');
  page.views.forEach((view, i) => {
    if (i > 0) writer.text(',');
    writer.record(layout, view);
  });
  writer.text(page.after === null ? ']}' : `],"paging":${JSON.stringify(paging(request, page.after))}}`);
  const { body } = writer.end();
  return recordsAnswer({
    status: 200,
    body,
    isCompressed: request.encoding === 'gzip',
    records: page.views.length,
  });
}

interface Reading {
  readonly type: ObjectType;
  readonly fromId: number;
  readonly count: number;
}

function readLive({ portal, visibility }: ApiRequest, { type, fromId, count }: Reading): RecordView[] {
  return portal.data(type).store.liveFrom(fromId, { limit: count, sees: sightOf(visibility, type) });
}

function readArchived(
  { portal, visibility, mergedIdInArchivedList }: ApiRequest,
  { type, fromId, count }: Reading,
): RecordView[] {
  return portal.data(type).store.goneFrom(fromId, {
    statuses: mergedIdInArchivedList === 'listed' ? ['archived', 'merged'] : ['archived'],
    limit: count,
    sees: sightOf(visibility, type),
  });
}

function pageOf(
  read: (fromId: number, count: number) => RecordView[],
  { from, limit, list }: { from: number; limit: number; list: ListSettings },
): Page {
  const isOffset = list.contract === 'offset';
  const found = isOffset ? read(0, from + limit + 1).slice(from) : read(from, limit + 1);
  const views = found.slice(0, limit);
  const last = views.at(-1);
  const next = found[limit];
  if (last === undefined || next === undefined) return { views: inOrder(views, list.contract), after: null };
  const nextId = list.after === 'nextRecordId' ? next.id : last.id + 1;
  return {
    views: inOrder(views, list.contract),
    after: isOffset ? String(from + limit) : token(nextId, list.contract),
  };
}

function inOrder(views: readonly RecordView[], contract: ListContract): readonly RecordView[] {
  return contract === 'unordered' ? shuffled(views, createRandom(views[0]?.id ?? 0)) : views;
}

const opaquePrefix = 'next:';

function token(nextId: number, contract: ListContract): string {
  return contract === 'opaque' ? Buffer.from(`${opaquePrefix}${nextId}`).toString('base64url') : String(nextId);
}

function parseAfter(after: string | null, contract: ListContract): number | null {
  if (after === null || after === '') return 0;
  if (contract !== 'opaque') return parseWhole(after);
  const text = Buffer.from(after, 'base64url').toString();
  return text.startsWith(opaquePrefix) ? parseWhole(text.slice(opaquePrefix.length)) : null;
}

function paging({ path, query }: ApiRequest, after: string): { next: { after: string; link: string } } {
  const next = new URLSearchParams(query);
  next.set('after', after);
  return { next: { after, link: `https://api.hubapi.com${path}?${next.toString()}` } };
}
