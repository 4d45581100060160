import { describe, expect, it } from 'vitest';

import { get, startForTest } from './api-client.ts';

const path = '/crm/objects/2026-03/contacts';

describe('access', () => {
  it('takes known tokens until they expire or are rotated away', async () => {
    let nowMs = Date.UTC(2026, 5, 1);
    const simulator = await startForTest({ records: { contacts: 2 }, now: () => nowMs });
    const status = async (token: string | null) =>
      (await fetch(simulator.url + path, token === null ? {} : { headers: { authorization: `Bearer ${token}` } }))
        .status;
    expect([await status(null), await status('wrong'), await status('pat-na1-simulator')]).toEqual([401, 401, 200]);
    simulator.configure({ tokens: [{ token: 'new' }, { token: 'short', expiresAt: '2026-06-01T00:30:00.000Z' }] });
    expect([await status('pat-na1-simulator'), await status('new'), await status('short')]).toEqual([401, 200, 200]);
    nowMs += 30 * 60_000;
    expect([await status('new'), await status('short')]).toEqual([200, 401]);
  });

  it('refuses single objects for want of a scope', async () => {
    const simulator = await startForTest({ records: { contacts: 2, deals: 2 } });
    simulator.configure({ missingScopes: ['deals'] });
    const refused = await get(simulator, '/crm/v3/objects/deals');
    expect([refused.status, refused.body.category]).toEqual([403, 'MISSING_SCOPES']);
    expect((await get(simulator, path)).status).toBe(200);
  });

  it('tells the time by its own clock', async () => {
    const simulator = await startForTest({ clockSkewMs: 3_600_000 });
    const { headers } = await get(simulator, path);
    const aheadMs = Date.parse(headers.get('date') ?? '') - Date.now();
    expect(aheadMs).toBeGreaterThan(3_590_000);
    expect(aheadMs).toBeLessThan(3_610_000);
  });

  it('does not know other routes', async () => {
    const simulator = await startForTest();
    for (const other of ['/', '/crm/v3/objects/unicorns', '/crm/objects/2025-03/contacts', '/crm/v3/lists']) {
      expect((await get(simulator, other)).status).toBe(404);
    }
  });
});
