import type { Answer } from './answers.ts';
import { missingScopes, unauthorized } from './answers.ts';
import type { ObjectType } from './object-types.ts';

export interface Token {
  readonly token: string;
  /** ISO instant; null or absent is never. */
  readonly expiresAt?: string | null;
}

export interface AccessSettings {
  /** Those accepted; a rotation replaces them. */
  readonly tokens: readonly Token[];
  /** Objects the tokens have no scope for. */
  readonly missingScopes: readonly ObjectType[];
}

/** The refusal of a request with this `Authorization` header; null if its token is good. */
export function refuseToken(settings: AccessSettings, header: string | undefined, nowMs: number): Answer | null {
  const [, token] = /^Bearer (\S+)$/i.exec(header ?? '') ?? [];
  if (token === undefined) return unauthorized('missing');
  const known = settings.tokens.find((candidate) => candidate.token === token);
  if (known === undefined) return unauthorized('unknown');
  const isExpired = typeof known.expiresAt === 'string' && Date.parse(known.expiresAt) <= nowMs;
  return isExpired ? unauthorized('expired') : null;
}

export function refuseScope(settings: AccessSettings, type: ObjectType | null): Answer | null {
  return type !== null && settings.missingScopes.includes(type) ? missingScopes(type) : null;
}
