import type { Answer } from './answers.ts';
import { invalid, json } from './answers.ts';
import type { ApiRequest } from './api-request.ts';
import { parseWhole } from './api-request.ts';

const defaultLimit = 100;
const mostPerPage = 500;

/** `GET {owners}`: ascending by id; archived ones only, or none of them. */
export function listOwners({ portal, query, path }: ApiRequest): Answer {
  const limit = parseWhole(query.get('limit') ?? String(defaultLimit));
  if (limit === null || limit < 1 || limit > mostPerPage) {
    return invalid(`Invalid limit: must be between 1 and ${mostPerPage}`);
  }
  const afterId = parseWhole(query.get('after') ?? '0');
  if (afterId === null) return invalid("Invalid value for parameter 'after'");
  const isArchived = query.get('archived') === 'true';
  const left = portal.owners
    .all()
    .filter(({ id, archived }) => archived === isArchived && Number(id) > afterId)
    .toSorted((a, b) => Number(a.id) - Number(b.id));
  const results = left.slice(0, limit);
  const after = results.at(-1)?.id;
  const answer = json(200, {
    results,
    ...(left.length > limit
      ? { paging: { next: { after, link: `https://api.hubapi.com${path}?after=${after}` } } }
      : {}),
  });
  return { ...answer, records: results.length };
}
