import { randomUUID } from 'node:crypto';

import type { ObjectType } from './object-types.ts';
import type { LimitPolicy } from './request-limits.ts';

/** An answer before it is sent: what any handler returns. */
export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Whether `body` is gzip already. */
  readonly isCompressed: boolean;
  /** Records in the body, for the statistics. */
  readonly records: number;
}

const jsonType = 'application/json;charset=utf-8';

export function json(status: number, value: unknown): Answer {
  return {
    status,
    contentType: jsonType,
    headers: {},
    body: Buffer.from(JSON.stringify(value)),
    isCompressed: false,
    records: 0,
  };
}

/** A body of records as a page writer made it. */
export function recordsAnswer(page: { status: number; body: Buffer; isCompressed: boolean; records: number }): Answer {
  return { ...page, contentType: jsonType, headers: {} };
}

export function html(status: number, title: string): Answer {
  const text = `<html>\r\n<head><title>${status} ${title}</title></head>\r\n<body>\r\n<center><h1>${status} ${title}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n`;
  return {
    status,
    contentType: 'text/html',
    headers: {},
    body: Buffer.from(text),
    isCompressed: false,
    records: 0,
  };
}

export function withHeaders(answer: Answer, headers: Readonly<Record<string, string>>): Answer {
  return { ...answer, headers: { ...answer.headers, ...headers } };
}

export function apiError(
  status: number,
  body: { message: string; category: string } & Record<string, unknown>,
): Answer {
  return json(status, { status: 'error', correlationId: randomUUID(), ...body });
}

export function invalid(message: string): Answer {
  return apiError(400, { message, category: 'VALIDATION_ERROR' });
}

export function notFound(message: string): Answer {
  return apiError(404, { message, category: 'OBJECT_NOT_FOUND' });
}

export function unauthorized(reason: 'missing' | 'unknown' | 'expired'): Answer {
  if (reason === 'expired') {
    return apiError(401, {
      message: 'The OAuth token used to make this call expired.',
      category: 'EXPIRED_AUTHENTICATION',
    });
  }
  return apiError(401, {
    message:
      'Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find more details at https://developers.hubspot.com/docs/methods/auth/oauth-overview',
    category: 'INVALID_AUTHENTICATION',
  });
}

export function missingScopes(type: ObjectType): Answer {
  return apiError(403, {
    message:
      "This app hasn't been granted all required scopes to make this call. Read more about required scopes here: https://developers.hubspot.com/scopes.",
    category: 'MISSING_SCOPES',
    errors: [
      {
        message: 'One or more of the following scopes are required.',
        context: { requiredGranularScopes: [`crm.objects.${type}.read`] },
      },
    ],
    links: { scopes: 'https://developers.hubspot.com/scopes' },
  });
}

const limitMessages: Readonly<Record<LimitPolicy, string>> = {
  TEN_SECONDLY_ROLLING: 'You have reached your ten_secondly_rolling limit.',
  SECONDLY: 'You have reached your secondly limit.',
  DAILY: 'You have reached your daily limit.',
};

/** No Retry-After: HubSpot gives none. */
export function rateLimited(policyName: LimitPolicy): Answer {
  return json(429, {
    status: 'error',
    message: limitMessages[policyName],
    errorType: 'RATE_LIMIT',
    correlationId: randomUUID(),
    policyName,
    requestId: randomUUID(),
  });
}
