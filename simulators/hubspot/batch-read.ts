import type { Answer } from './answers.ts';
import { invalid, recordsAnswer } from './answers.ts';
import type { ApiRequest } from './api-request.ts';
import { isRecord, parseWhole, stringsOf } from './api-request.ts';
import type { ObjectType } from './object-types.ts';
import type { RecordView } from './record-view.ts';
import { createRandom, hashText, shuffled } from './seeded-random.ts';
import { survivorOf } from './single-read.ts';
import { sightOf } from './visibility.ts';

const mostInputs = 100;

/** `POST {objects}/{type}/batch/read`: in no order; 207 with an error where ids are not found. */
export function readBatch(request: ApiRequest, type: ObjectType): Answer {
  const { portal, writer, query } = request;
  const ids = inputIds(request.body);
  const names = isRecord(request.body) ? stringsOf(request.body['properties']) : undefined;
  if (ids === null || names === undefined) return invalid('Invalid input JSON');
  if (ids.length > mostInputs) {
    return invalid(`The maximum number of inputs supported in a batch request is ${mostInputs}, got ${ids.length}`);
  }

  const status = query.get('archived') === 'true' ? 'archived' : 'live';
  const startedAt = new Date(portal.now()).toISOString();
  const { found, missing } = findAll(request, { type, ids, status });
  const data = portal.data(type);
  const layout = portal.layouts.api(data, names, status);
  writer.begin(request.encoding);
  writer.text('{"status":"COMPLETE","results":[');
  shuffled(found, createRandom(hashText(ids.join()))).forEach((view, i) => {
    if (i > 0) writer.text(',');
    writer.record(layout, view);
  });
  const completedAt = new Date(portal.now()).toISOString();
  const rest = { startedAt, completedAt, ...(missing.length > 0 ? errorsFor(missing) : {}) };
  writer.text(`],${JSON.stringify(rest).slice(1)}`);
  const { body } = writer.end();
  return recordsAnswer({
    status: missing.length > 0 ? 207 : 200,
    body,
    isCompressed: request.encoding === 'gzip',
    records: found.length,
  });
}

function findAll(
  { portal, visibility, mergedIdInBatchRead }: ApiRequest,
  { type, ids, status }: { type: ObjectType; ids: readonly string[]; status: 'live' | 'archived' },
): { found: RecordView[]; missing: string[] } {
  const { store } = portal.data(type);
  const sees = sightOf(visibility, type);
  const found = new Map<number, RecordView>();
  const missing: string[] = [];
  for (const id of new Set(ids)) {
    const number = parseWhole(id) ?? -1;
    const view = mergedIdInBatchRead === 'renamed' ? survivorOf(store, number) : store.find(number);
    if (view?.status === status && sees(view.id)) found.set(view.id, view);
    else missing.push(id);
  }
  return { found: [...found.values()], missing };
}

function errorsFor(ids: readonly string[]): Record<string, unknown> {
  const error = {
    status: 'error',
    category: 'OBJECT_NOT_FOUND',
    message: 'Could not get some objects, they may be deleted or not exist. Check that ids are valid.',
    context: { ids },
  };
  return { numErrors: 1, errors: [error] };
}

function inputIds(body: unknown): string[] | null {
  const inputs = isRecord(body) ? body['inputs'] : undefined;
  if (!Array.isArray(inputs)) return null;
  const ids = inputs.map((input: unknown) => (isRecord(input) ? input['id'] : undefined));
  return ids.every((id) => typeof id === 'string') ? ids : null;
}
