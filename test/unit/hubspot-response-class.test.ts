import { describe, expect, it } from 'vitest';
import { classifyResponse, type ErrorBody, type ResponseClass } from '../../sources/hubspot/response-class.ts';

const table: [number, ErrorBody, number | null, Partial<ResponseClass>][] = [
  [200, {}, null, { kind: 'ok' }],
  [207, {}, null, { kind: 'ok' }],
  [
    400,
    { category: 'VALIDATION_ERROR' },
    null,
    { kind: 'refused', reason: 'HubSpot refused the request (400 VALIDATION_ERROR)' },
  ],
  [401, {}, null, { kind: 'unauthorized' }],
  [403, { category: 'MISSING_SCOPES' }, null, { kind: 'forbidden' }],
  [
    403,
    { errors: [{ context: { requiredGranularScopes: ['crm.objects.deals.read'] } }] },
    null,
    {
      kind: 'forbidden',
      next: 'add the object’s read scope (crm.objects.deals.read) to the private app or service key, then run again',
    },
  ],
  [403, { errors: [null, { context: null }, { context: { requiredGranularScopes: 7 } }] }, null, { kind: 'forbidden' }],
  [404, {}, null, { kind: 'fail', failure: 'ConfigInvalid' }],
  [408, {}, null, { kind: 'retry' }],
  [414, {}, null, { kind: 'uriTooLong' }],
  [423, {}, null, { kind: 'retry', delayMs: 2_000 }],
  [423, {}, 5, { kind: 'retry', delayMs: 5_000 }],
  [429, {}, null, { kind: 'limited', policy: 'burst' }],
  [429, { policyName: 'TEN_SECONDLY_ROLLING' }, null, { kind: 'limited', policy: 'burst' }],
  [429, { policyName: 'DAILY' }, null, { kind: 'limited', policy: 'daily' }],
  [429, { message: 'You have reached your daily limit.' }, null, { kind: 'limited', policy: 'daily' }],
  [429, { message: 'You have reached your secondly limit.' }, null, { kind: 'limited', policy: 'search' }],
  [429, { message: 'You have reached your ten_secondly_rolling limit.' }, null, { kind: 'limited', policy: 'burst' }],
  [477, {}, 10, { kind: 'retry', delayMs: 10_000 }],
  [477, {}, 3_600, { kind: 'away', waitMs: 3_600_000 }],
  [477, {}, null, { kind: 'away', waitMs: 300_000 }],
  [500, {}, null, { kind: 'retry', delayMs: null }],
  [502, {}, null, { kind: 'retry' }],
  [524, {}, null, { kind: 'retry' }],
  [530, {}, null, { kind: 'retry' }],
];

describe('classifyResponse', () => {
  it.each(table)('%i %j, Retry-After %s', (status, body, retryAfterSeconds, expected) => {
    expect(classifyResponse(status, body, retryAfterSeconds)).toMatchObject(expected);
  });

  it('never repeats what a body says, apart from its category', () => {
    const text = JSON.stringify(
      classifyResponse(400, { message: 'Property value "secret" is wrong', category: 'X' }, null),
    );
    expect(text).not.toContain('secret');
  });
});
