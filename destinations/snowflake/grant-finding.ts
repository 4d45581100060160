import type { Finding } from '../../model/finding.ts';
import { fine, wrong } from './check-look.ts';
import { grantText, type HeldGrants, missingPrivileges, type Need } from './grants.ts';
import { writtenPath } from './identifiers.ts';

/** Whether a role may do what runs need; with the statement that gives what is missing. */
export function grantFinding(subject: string, held: HeldGrants, need: Need, role: string): Finding {
  const missing = missingPrivileges(held, need);
  if (missing.length === 0) return fine(subject, `role ${role} may do what runs need`);
  const text = `role ${role} lacks ${missing.join(', ')} on ${need.on.toLowerCase()} ${writtenPath(need.name)}`;
  const next = grantText(missing, need, role);
  return held.isWhole
    ? wrong(subject, text, next)
    : { subject, status: 'warning', text: `${text}, unless by a role that cannot be looked into`, next, kind: null };
}
