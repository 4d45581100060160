import type { FailureKind } from '../../model/errors.ts';

/** What a response means for the request that got it. */
export type ResponseClass =
  | { readonly kind: 'ok' }
  /** Same request again, after `delayMs` or the caller's own backoff. */
  | { readonly kind: 'retry'; readonly reason: string; readonly delayMs: number | null }
  /** A budget of the account is spent: nothing may be sent until it is free again. */
  | { readonly kind: 'limited'; readonly policy: 'burst' | 'search' | 'daily' }
  /** HubSpot is away for long and says so. */
  | { readonly kind: 'away'; readonly reason: string; readonly waitMs: number }
  | { readonly kind: 'uriTooLong' }
  /** The request itself is wrong in HubSpot's eyes. */
  | { readonly kind: 'refused'; readonly reason: string; readonly next: string }
  | { readonly kind: 'unauthorized' }
  /** The token is good, and may not do this; `next` names the scope where the answer does. */
  | { readonly kind: 'forbidden'; readonly reason: string; readonly next: string }
  | { readonly kind: 'fail'; readonly failure: FailureKind; readonly reason: string; readonly next: string };

/** Longer waits go to the workflow’s durable timer. */
const maxInlineWaitMs = 30_000;

export interface ErrorBody {
  readonly message?: unknown;
  readonly category?: unknown;
  readonly policyName?: unknown;
  readonly correlationId?: unknown;
  readonly errors?: unknown;
}

/**
 * Reads status and body as HubSpot means them. Every body field is optional, since gateways in front of HubSpot answer
 * with HTML or nothing; `Retry-After` is usually absent on a 429.
 */
export function classifyResponse(status: number, body: ErrorBody, retryAfterSeconds: number | null): ResponseClass {
  if (status >= 200 && status < 300) return { kind: 'ok' };
  switch (status) {
    case 401:
      return { kind: 'unauthorized' };
    case 403:
      return {
        kind: 'forbidden',
        reason: 'the token lacks a scope for this object (403)',
        next: `add the object’s read scope${namedScopes(body)} to the private app or service key, then run again`,
      };
    case 404:
      return {
        kind: 'fail',
        failure: 'ConfigInvalid',
        reason: 'HubSpot does not know this path (404)',
        next: 'check baseUrl and apiVersion of the source',
      };
    case 408:
      return { kind: 'retry', reason: 'request timeout (408)', delayMs: null };
    case 414:
      return { kind: 'uriTooLong' };
    case 423:
      // "Locked": HubSpot asks for at least two seconds between attempts.
      return { kind: 'retry', reason: 'locked (423)', delayMs: Math.max(2_000, (retryAfterSeconds ?? 0) * 1_000) };
    case 429:
      return { kind: 'limited', policy: limitPolicy(body) };
    case 477: {
      const waitMs = (retryAfterSeconds ?? 300) * 1_000;
      const reason = 'HubSpot is migrating the account (477)';
      return waitMs > maxInlineWaitMs ? { kind: 'away', reason, waitMs } : { kind: 'retry', reason, delayMs: waitMs };
    }
    default:
      if (status === 530) {
        return { kind: 'retry', reason: 'HubSpot answered 530, as it does to a malformed token', delayMs: null };
      }
      if (status >= 500) return { kind: 'retry', reason: `HubSpot answered ${status}`, delayMs: null };
      return {
        kind: 'refused',
        reason: `HubSpot refused the request (${status}${typeof body.category === 'string' ? ` ${body.category}` : ''})`,
        next: 'check the stream’s columns against `sluice discover`',
      };
  }
}

/** Where one of many would do, the first few. */
const maxScopes = 3;

function namedScopes({ errors }: ErrorBody): string {
  const contexts = Array.isArray(errors) ? (errors as { context?: { requiredGranularScopes?: unknown } }[]) : [];
  const scopes = contexts
    .flatMap((error) => error?.context?.requiredGranularScopes ?? [])
    .filter((scope) => typeof scope === 'string')
    .slice(0, maxScopes);
  return scopes.length === 0 ? '' : ` (${scopes.join(' or ')})`;
}

function limitPolicy(body: ErrorBody): 'burst' | 'search' | 'daily' {
  const message = typeof body.message === 'string' ? body.message : '';
  if (body.policyName === 'DAILY' || message.includes('daily limit')) return 'daily';
  if (body.policyName === 'SECONDLY' || message.includes('reached your secondly limit')) return 'search';
  return 'burst';
}
