import type { Answer } from './answers.ts';
import { invalid, json } from './answers.ts';
import type { ApiRequest } from './api-request.ts';
import { parseWhole } from './api-request.ts';
import type { DirectoryEntry } from './directory.ts';
import { Directory } from './directory.ts';
import { hashText, pickAt } from './seeded-random.ts';
import { firstNames, lastNames, ownerIdAt } from './vocabulary.ts';

export interface Owner extends DirectoryEntry {
  readonly email: string;
  readonly firstName: string;
  readonly lastName: string;
  /** Null for an owner who has left. */
  readonly userId: number | null;
  readonly type: 'PERSON' | 'QUEUE';
  readonly teams: readonly { readonly id: string; readonly name: string; readonly primary: boolean }[];
}

const since = '2024-01-01T00:00:00.000Z';
const archivedEvery = 15;
const defaultLimit = 100;
const mostPerPage = 500;

/** The people that records' `hubspot_owner_id` names; every fifteenth has left. */
export function createOwners({ count, now }: { count: number; now: () => number }): Directory<Owner> {
  const initial = Array.from({ length: count }, (_, i): Owner => {
    const archived = i % archivedEvery === archivedEvery - 1;
    const owner = blankOwner(ownerIdAt(i));
    return { ...owner, userId: archived ? null : owner.userId, createdAt: since, updatedAt: since, archived };
  });
  return new Directory({ initial, blank: blankOwner, now });
}

function blankOwner(id: string): Omit<Owner, 'createdAt' | 'updatedAt' | 'archived'> {
  const hash = hashText(id);
  const [firstName, lastName] = [pickAt(firstNames, hash), pickAt(lastNames, hash >>> 8)];
  return {
    id,
    email: `${firstName}.${lastName}.${id}@corp.example`.toLowerCase(),
    firstName,
    lastName,
    userId: Number(id) % 1_000_003,
    type: 'PERSON',
    teams: hash % 2 === 0 ? [{ id: '178588', name: 'Sales', primary: true }] : [],
  };
}

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
    ...(left.length > limit ? { paging: { next: { after, link: `https://api.hubapi.com${path}?after=${after}` } } } : {}),
  });
  return { ...answer, records: results.length };
}
