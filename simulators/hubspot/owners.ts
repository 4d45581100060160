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
