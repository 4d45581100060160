import { SyncError } from '../../model/errors.ts';
import { quoteStored, writtenPath } from './identifiers.ts';
import type { Session, SqlRow } from './session.ts';

export interface Grant {
  readonly privilege: string;
  /** `SCHEMA`, `DATABASE`, ... */
  readonly on: string;
  /** Parts as they are stored. */
  readonly name: readonly string[];
}

export interface HeldGrants {
  readonly grants: readonly Grant[];
  /** False where a role that this one has been granted could not be looked into. */
  readonly isWhole: boolean;
}

export interface Need {
  readonly privileges: readonly string[];
  readonly on: 'DATABASE' | 'SCHEMA' | 'STAGE';
  readonly name: readonly string[];
}

/** Roles of roles of roles: an account's hierarchy is seldom deeper, and each costs a statement. */
const mostRoles = 30;

/** What a role, by its stored name, may do, by itself or by a role that it has been granted. Needs no warehouse. */
export async function readGrants(session: Session, role: string): Promise<HeldGrants> {
  const waiting = [`ROLE ${quoteStored(role)}`, 'ROLE "PUBLIC"'];
  const seen = new Set<string>(waiting);
  const grants: Grant[] = [];
  let isWhole = true;
  for (let holder = waiting.shift(); holder !== undefined; holder = waiting.shift()) {
    const held = await grantsTo(session, holder);
    if (held === null) isWhole = false;
    for (const grant of held ?? []) {
      grants.push(grant);
      const inherited = roleOf(grant);
      if (inherited === null || seen.has(inherited)) continue;
      if (seen.size >= mostRoles) {
        isWhole = false;
        continue;
      }
      seen.add(inherited);
      waiting.push(inherited);
    }
  }
  return { grants, isWhole };
}

/** Null where this user may not see it. */
async function grantsTo(session: Session, holder: string): Promise<Grant[] | null> {
  try {
    return (await session.query({ sql: `SHOW GRANTS TO ${holder}` })).map(grantOf);
  } catch (error) {
    if (!(error instanceof SyncError) || error.isRetryable) throw error;
    return null;
  }
}

function grantOf(row: SqlRow): Grant {
  return {
    privilege: String(row['privilege']),
    on: String(row['granted_on']).replaceAll('_', ' '),
    name: nameParts(String(row['name'])),
  };
}

/** How a role inherits from what it has been granted; null for any other grant. */
function roleOf({ privilege, on, name }: Grant): string | null {
  if (privilege !== 'USAGE' || (on !== 'ROLE' && on !== 'DATABASE ROLE')) return null;
  return `${on} ${name.map(quoteStored).join('.')}`;
}

/** Parts of a name as SHOW writes it: quoted only where they must be. */
function nameParts(text: string): string[] {
  const parts = [...text.matchAll(/"((?:[^"]|"")*)"|[^."]+/g)];
  return parts.map(([plain, quoted]) => quoted?.replaceAll('""', '"') ?? plain);
}

/** Of a need, the privileges that are not held; an owner holds all of them. */
export function missingPrivileges({ grants }: HeldGrants, { privileges, on, name }: Need): string[] {
  const held = new Set(
    grants.filter((grant) => grant.on === on && isSameName(grant.name, name)).map(({ privilege }) => privilege),
  );
  return held.has('OWNERSHIP') ? [] : privileges.filter((privilege) => !held.has(privilege));
}

function isSameName(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((part, index) => part === other[index]);
}

/** The statement that gives what is missing. */
export function grantText(privileges: readonly string[], { on, name }: Omit<Need, 'privileges'>, role: string): string {
  return `GRANT ${privileges.join(', ')} ON ${on} ${writtenPath(name)} TO ROLE ${writtenPath([role])}`;
}
