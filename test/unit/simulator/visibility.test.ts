import { describe, expect, it } from 'vitest';

import { get, listAll, post, startForTest } from './api-client.ts';

const path = '/crm/objects/2026-03/contacts';

describe('a token that may see a share of the records', () => {
  it('gets the same ones from every read', async () => {
    const simulator = await startForTest({
      records: { contacts: 400, companies: 20 },
      initialAssociations: { 'companies>contacts': 9 },
    });
    const all = await listAll(simulator, `${path}?limit=100`);
    const companies = await listAll(simulator, '/crm/objects/2026-03/companies?limit=100');
    simulator.configure({ visibility: { contacts: 0.4 } });

    const seen = (await listAll(simulator, `${path}?limit=100`)).map(({ id }) => id);
    expect(seen.length).toBeGreaterThan(120);
    expect(seen.length).toBeLessThan(200);
    expect((await post(simulator, `${path}/search`, { limit: 1 })).body.total).toBe(seen.length);
    const inputs = all.slice(0, 100).map(({ id }) => ({ id }));
    const batch = await post(simulator, `${path}/batch/read`, { inputs, properties: [] });
    const expected = inputs.map(({ id }) => id).filter((id) => seen.includes(id));
    expect(batch.body.results.map(({ id }) => id).toSorted()).toEqual(expected.toSorted());
    const hidden = all.find(({ id }) => !seen.includes(id))?.id ?? '';
    expect((await get(simulator, `${path}/${hidden}`)).status).toBe(404);
    const associations = await post(simulator, '/crm/v4/associations/companies/contacts/batch/read', {
      inputs: companies.map(({ id }) => ({ id })),
    });
    const results = associations.body.results as unknown as readonly { to: readonly { toObjectId: string }[] }[];
    const others = results.flatMap(({ to }) => to.map(({ toObjectId }) => toObjectId));
    expect(others.length).toBeGreaterThan(5);
    expect(seen).toEqual(expect.arrayContaining(others));
    simulator.portal.archive('contacts', { ids: [hidden, seen[0] ?? ''] });
    expect((await listAll(simulator, `${path}?archived=true`)).map(({ id }) => id)).toEqual([seen[0]]);

    simulator.configure({ visibility: { contacts: 0.6 } });
    expect((await listAll(simulator, `${path}?limit=100`)).map(({ id }) => id)).toEqual(
      expect.arrayContaining(seen.slice(1)),
    );
  });

  it('gets nothing of a type it may not see, and no error', async () => {
    const simulator = await startForTest({ records: { contacts: 30, companies: 5 } });
    simulator.configure({ visibility: { contacts: 0 } });
    expect((await get(simulator, path)).body).toEqual({ results: [] });
    expect((await post(simulator, `${path}/search`, {})).body).toEqual({ total: 0, results: [] });
    expect((await get(simulator, '/crm/objects/2026-03/companies')).body.results).toHaveLength(5);
    simulator.configure({ visibility: {} });
    expect(await listAll(simulator, path)).toHaveLength(30);
  });

  it('may turn out to belong to another account', async () => {
    const simulator = await startForTest({ records: { contacts: 1 } });
    const account = async (): Promise<unknown> => (await get(simulator, '/account-info/2026-03/details')).body;
    expect(await account()).toMatchObject({ portalId: 4_711_001 });
    simulator.configure({ portalId: 99 });
    expect(await account()).toMatchObject({ portalId: 99 });
  });
});
