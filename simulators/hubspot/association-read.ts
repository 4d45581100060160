import type { Answer } from './answers.ts';
import { invalid, json } from './answers.ts';
import type { ApiRequest } from './api-request.ts';
import { isRecord, parseWhole } from './api-request.ts';
import type { Link } from './link-table.ts';
import type { ObjectType } from './object-types.ts';
import { typeIds } from './object-types.ts';
import { sightOf } from './visibility.ts';

const mostInputs = 1_000;

interface Input {
  readonly id: string;
  /** The other end's last id that was told already; 0 for the first page. */
  readonly afterId: number;
}

/** `POST {associations}/{from}/{to}/batch/read`: each id's associated records, a page of them. */
export function readAssociations(request: ApiRequest, from: ObjectType, to: ObjectType): Answer {
  const { portal, associations } = request;
  const inputs = isRecord(request.body) ? request.body['inputs'] : undefined;
  if (!Array.isArray(inputs)) return invalid('Invalid input JSON');
  if (inputs.length > mostInputs) {
    return invalid(`The maximum number of inputs supported in a batch request is ${mostInputs}, got ${inputs.length}`);
  }
  const parsed = inputs.map((input: unknown) => parseInput(input, to));
  if (!parsed.every((input) => input !== null)) return invalid('Invalid input JSON on inputs');

  const startedAt = new Date(portal.now()).toISOString();
  const results = parsed.flatMap((input) => resultOf(request, { from, to, input }) ?? []);
  const found = new Set(results.map((result) => result.from.id));
  const missing = associations.missing === 'absent' ? [] : parsed.filter(({ id }) => !found.has(id));
  const completedAt = new Date(portal.now()).toISOString();
  const errors = missing.map(({ id }) => errorFor(from, to, id));
  const answer = json(errors.length > 0 ? 207 : 200, {
    status: 'COMPLETE',
    results,
    ...(errors.length > 0 ? { numErrors: errors.length, errors } : {}),
    startedAt,
    completedAt,
  });
  return { ...answer, records: results.reduce((sum, result) => sum + result.to.length, 0) };
}

interface Result {
  readonly from: { readonly id: string };
  readonly to: readonly object[];
  readonly paging?: object;
}

/** Null for an id that has nothing after the one it names. */
function resultOf(
  { portal, associations, visibility, path }: ApiRequest,
  { from, to, input }: { from: ObjectType; to: ObjectType; input: Input },
): Result | null {
  const id = parseWhole(input.id);
  if (id === null || !sightOf(visibility, from)(id)) return null;
  const sees = sightOf(visibility, to);
  const byRecord = Map.groupBy(
    portal.associations.of(from, to, id).filter(({ toId }) => toId > input.afterId && sees(toId)),
    ({ toId }) => toId,
  );
  if (byRecord.size === 0) return null;
  const page = [...byRecord].slice(0, associations.pageSize);
  const result = {
    from: { id: input.id },
    to: page.map(([toId, links]) => ({
      toObjectId: associations.toObjectId === 'string' ? String(toId) : toId,
      associationTypes: links.map(typeOf),
    })),
  };
  const last = page.at(-1);
  if (last === undefined || page.length === byRecord.size) return result;
  const after = token(to, last[0]);
  return { ...result, paging: { next: { after, link: `https://api.hubapi.com${path}?after=${after}` } } };
}

function typeOf({ category, typeId, label }: Link): object {
  return { category, typeId, label };
}

/** `0-2-7502` for what comes after company 7502, in base64, percent-encoded. */
function token(to: ObjectType, lastId: number): string {
  return encodeURIComponent(Buffer.from(`${typeIds[to]}-${lastId}`).toString('base64'));
}

function parseInput(input: unknown, to: ObjectType): Input | null {
  if (!isRecord(input)) return null;
  const { id, after } = input;
  if (typeof id !== 'string') return null;
  if (after === undefined || after === null) return { id, afterId: 0 };
  if (typeof after !== 'string') return null;
  const prefix = `${typeIds[to]}-`;
  const text = Buffer.from(after.replace(/%3D/gi, '='), 'base64').toString();
  const afterId = text.startsWith(prefix) ? parseWhole(text.slice(prefix.length)) : null;
  return afterId === null ? null : { id, afterId };
}

function errorFor(from: ObjectType, to: ObjectType, id: string): object {
  return {
    status: 'error',
    category: 'OBJECT_NOT_FOUND',
    subCategory: 'crm.associations.NO_ASSOCIATIONS_FOUND',
    message: `No ${to} are associated with ${from} ${id}.`,
    context: { fromObjectId: [id], fromObjectType: [from], toObjectType: [to] },
  };
}
