import { describe, expect, it } from 'vitest';

import { get, listAll, startForTest } from './api-client.ts';

const path = '/crm/objects/2026-03/contacts';

describe('list', () => {
  it.each(['even', 'clustered'] as const)('pages through %s ids once each, ascending', async (spread) => {
    const simulator = await startForTest({ records: { contacts: 1_234 }, spread });
    const ids = (await listAll(simulator, `${path}?limit=100&properties=email`)).map((record) => record.id);
    expect(ids).toHaveLength(1_234);
    expect(ids).toEqual([...new Set(ids)].sort((a, b) => Number(a) - Number(b)));
  });

  it('reads disjoint ranges from any id on, so that together they are the whole', async () => {
    const simulator = await startForTest({ records: { contacts: 950 } });
    const all = (await listAll(simulator, `${path}?limit=100`)).map((record) => record.id);
    for (const position of [0, 1, 99, 100, 473, 949]) {
      const id = all[position] ?? '';
      const from = async (after: string) =>
        (await listAll(simulator, `${path}?limit=37&after=${after}`)).map((record) => record.id);
      expect(await from(id)).toEqual(all.slice(position));
      expect(await from(String(Number(id) + 1))).toEqual(all.slice(position + 1));
    }
  });

  it('has no paging after the last record, even on a full page', async () => {
    const simulator = await startForTest({ records: { contacts: 200 } });
    const first = await get(simulator, `${path}?limit=100`);
    const second = await get(simulator, `${path}?limit=100&after=${first.body.paging?.next.after}`);
    expect(second.body.results).toHaveLength(100);
    expect(second.body).not.toHaveProperty('paging');
    expect((await get(simulator, `${path}?after=999999999999999`)).body).toEqual({ results: [] });
  });

  it.each([
    ['lastIdPlusOne', (ids: readonly number[]) => (ids[9] ?? 0) + 1],
    ['nextRecordId', (ids: readonly number[]) => ids[10]],
  ] as const)('gives %s as the next token', async (after, expected) => {
    const simulator = await startForTest({ records: { contacts: 50 }, list: { after } });
    const ids = (await listAll(simulator, `${path}?limit=50`)).map((record) => Number(record.id));
    const { body } = await get(simulator, path);
    expect(body.results).toHaveLength(10);
    expect(body.paging?.next.after).toBe(String(expected(ids)));
  });

  it('takes properties as a comma list, repeated, or both, and ignores unknown ones', async () => {
    const simulator = await startForTest({ records: { contacts: 3 } });
    const { body } = await get(simulator, `${path}?properties=email,nonsense&properties=phone&properties=email`);
    expect(Object.keys(body.results[0]?.properties ?? {})).toEqual(['email', 'phone']);
    const defaults = await get(simulator, path);
    expect(Object.keys(defaults.body.results[0]?.properties ?? {})).toEqual([
      'createdate',
      'email',
      'firstname',
      'hs_object_id',
      'lastmodifieddate',
      'lastname',
    ]);
  });

  it('shows the id and the version in the envelope and in the properties', async () => {
    const simulator = await startForTest({ records: { companies: 5 } });
    const { body } = await get(simulator, '/crm/v3/objects/0-2?properties=hs_object_id,hs_lastmodifieddate,createdate');
    expect(body.results).toHaveLength(5);
    for (const { id, createdAt, updatedAt, properties } of body.results) {
      expect(properties).toEqual({ createdate: createdAt, hs_lastmodifieddate: updatedAt, hs_object_id: id });
    }
  });

  it.each(['limit=0', 'limit=101', 'limit=ten', 'after=abc', 'after=-1', 'archived=maybe'])(
    'refuses %s',
    async (query) => {
      const simulator = await startForTest({ records: { contacts: 3 } });
      const { status, body } = await get(simulator, `${path}?${query}`);
      expect(status).toBe(400);
      expect(body.category).toBe('VALIDATION_ERROR');
    },
  );

  it('answers 414 in HTML to an address over 16,200 characters', async () => {
    const simulator = await startForTest({ records: { contacts: 1 } });
    const urlOf = (length: number) => `${path}?properties=`.padEnd(length, 'x');
    const ask = (length: number) =>
      fetch(simulator.url + urlOf(length), { headers: { authorization: 'Bearer pat-na1-simulator' } });
    expect((await ask(16_200)).status).toBe(200);
    const tooLong = await ask(16_201);
    expect(tooLong.status).toBe(414);
    expect(tooLong.headers.get('content-type')).toBe('text/html');
  });

  it('serves every version of the paths alike', async () => {
    const simulator = await startForTest({ records: { deals: 4 } });
    const bodies = await Promise.all(
      ['/crm/objects/2026-03/deals', '/crm/objects/2026-09/deals', '/crm/v3/objects/deals'].map((p) =>
        get(simulator, p),
      ),
    );
    expect(bodies[0]?.body.results).toHaveLength(4);
    expect(bodies[1]?.body).toEqual(bodies[0]?.body);
    expect(bodies[2]?.body).toEqual(bodies[0]?.body);
  });
});

describe('a list that breaks its contract', () => {
  it('still reaches every record by following its tokens', async () => {
    for (const contract of ['opaque', 'offset', 'unordered'] as const) {
      const simulator = await startForTest({ records: { contacts: 250 }, list: { contract } });
      const ids = (await listAll(simulator, `${path}?limit=100`)).map((record) => record.id);
      expect(new Set(ids).size).toBe(250);
    }
  });

  it('refuses ids where tokens are opaque', async () => {
    const simulator = await startForTest({ records: { contacts: 250 }, list: { contract: 'opaque' } });
    const { body } = await get(simulator, path);
    expect(body.paging?.next.after).not.toMatch(/^\d+$/);
    expect((await get(simulator, `${path}?after=5000`)).status).toBe(400);
  });

  it('gives records out of order within a page', async () => {
    const simulator = await startForTest({ records: { contacts: 100 }, list: { contract: 'unordered' } });
    const ids = (await get(simulator, `${path}?limit=100`)).body.results.map((record) => Number(record.id));
    expect(ids).not.toEqual(ids.toSorted((a, b) => a - b));
  });
});
