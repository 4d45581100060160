import type { Answer } from './answers.ts';
import { notFound, recordsAnswer } from './answers.ts';
import type { ApiRequest } from './api-request.ts';
import { askedProperties, parseWhole } from './api-request.ts';
import type { ObjectType } from './object-types.ts';
import type { RecordStore } from './record-store.ts';
import type { RecordView } from './record-view.ts';
import { sightOf } from './visibility.ts';

/** `GET {objects}/{type}/{id}`: the id of a merged record leads to its survivor. */
export function readSingle(request: ApiRequest, type: ObjectType, id: string): Answer {
  const { portal, writer, query, visibility } = request;
  const status = query.get('archived') === 'true' ? 'archived' : 'live';
  const data = portal.data(type);
  const number = parseWhole(id);
  const view = number === null ? undefined : survivorOf(data.store, number);
  if (view?.status !== status || !sightOf(visibility, type)(view.id))
    return notFound(`Object not found. objectId are usually numeric.`);
  writer.begin(request.encoding);
  writer.record(portal.layouts.api(data, askedProperties(query), status), view);
  const { body } = writer.end();
  return recordsAnswer({ status: 200, body, isCompressed: request.encoding === 'gzip', records: 1 });
}

/** The record under this id, or the one it was merged into, however often. */
export function survivorOf(store: RecordStore, id: number): RecordView | undefined {
  let view = store.find(id);
  while (view !== undefined && view.mergedInto !== null) view = store.find(view.mergedInto);
  return view;
}
