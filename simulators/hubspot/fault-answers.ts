import type { Answer } from './answers.ts';
import { apiError, html, json, missingScopes, rateLimited, unauthorized, withHeaders } from './answers.ts';
import type { AnswerFault, FaultRule } from './faults.ts';
import type { ObjectType } from './object-types.ts';

const defaultRetryAfterSeconds = 5;

/** What a request struck by this fault gets. */
export function faultAnswer(kind: AnswerFault, rule: FaultRule, type: ObjectType | null): Answer {
  switch (kind) {
    case 'rateLimited':
      return rateLimited(rule.policy ?? 'TEN_SECONDLY_ROLLING');
    case 'locked':
      return apiError(423, { message: 'This resource is locked, please try again later.', category: 'LOCKED' });
    case 'migrating':
      return withHeaders(
        apiError(477, { message: 'This account is being migrated.', category: 'MIGRATION_IN_PROGRESS' }),
        {
          'Retry-After': String(rule.retryAfterSeconds ?? defaultRetryAfterSeconds),
        },
      );
    case 'serverError':
      return json(500, { status: 'error', message: 'internal error' });
    case 'badGateway':
      return html(502, 'Bad Gateway');
    case 'gatewayTimeout':
      return html(504, 'Gateway Time-out');
    case 'originTimeout':
      return html(524, 'A timeout occurred');
    case 'unauthorized':
      return unauthorized('missing');
    case 'forbidden':
      return missingScopes(type ?? 'contacts');
    case 'emptyBody':
      return { ...json(200, null), body: Buffer.alloc(0) };
    default:
      return kind satisfies never;
  }
}
