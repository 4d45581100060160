import { describe, expect, it } from 'vitest';

import { get, listAll, post, startForTest } from './api-client.ts';

const path = '/crm/objects/2026-03/contacts';

describe('batch read', () => {
  it('returns what it finds in another order, and 207 with the ids it does not', async () => {
    const simulator = await startForTest({ records: { contacts: 60 } });
    const ids = (await listAll(simulator, `${path}?limit=100`)).map((record) => record.id);
    const [archived = ''] = simulator.portal.archive('contacts', { ids: ids.slice(0, 1) });
    const inputs = [...ids, '7'].map((id) => ({ id }));
    const { status, body } = await post(simulator, `${path}/batch/read`, { inputs, properties: ['email'] });
    expect(status).toBe(207);
    const found = body.results.map((record) => record.id);
    expect(found).not.toEqual(ids.slice(1));
    expect(found.toSorted()).toEqual(ids.slice(1).toSorted());
    expect(body.errors?.[0]?.category).toBe('OBJECT_NOT_FOUND');
    expect(body.errors?.[0]?.context.ids).toEqual([archived, '7']);
  });

  it('answers 200 when all are found, and returns archived ones on request only', async () => {
    const simulator = await startForTest({ records: { contacts: 5 } });
    const [id = ''] = simulator.portal.archive('contacts', { count: 1 });
    const inputs = [{ id }];
    expect((await post(simulator, `${path}/batch/read`, { inputs, properties: [] })).body.results).toEqual([]);
    const archived = await post(simulator, `${path}/batch/read?archived=true`, { inputs, properties: [] });
    expect(archived.status).toBe(200);
    expect(archived.body.results[0]).toMatchObject({ id, archived: true });
  });

  it('refuses more than 100 inputs and bodies without inputs', async () => {
    const simulator = await startForTest({ records: { contacts: 5 } });
    const inputs = Array.from({ length: 101 }, (_, i) => ({ id: String(i) }));
    expect((await post(simulator, `${path}/batch/read`, { inputs })).body.category).toBe('VALIDATION_ERROR');
    expect((await post(simulator, `${path}/batch/read`, {})).status).toBe(400);
  });
});

describe('the ids of merged records', () => {
  it('lead to the survivor in a single read, and by choice in a batch read', async () => {
    const simulator = await startForTest({ records: { contacts: 30 } });
    const [first = '', second = ''] = (await listAll(simulator, `${path}?limit=100`)).map((record) => record.id);
    const survivor = simulator.portal.merge('contacts', first, second);

    const single = await fetch(`${simulator.url}${path}/${first}?properties=hs_merged_object_ids`, {
      headers: { authorization: 'Bearer pat-na1-simulator' },
    });
    expect(await single.json()).toMatchObject({
      id: survivor,
      properties: { hs_merged_object_ids: `${first};${second}` },
    });

    const request = { inputs: [{ id: second }], properties: [] };
    const absent = await post(simulator, `${path}/batch/read`, request);
    expect([absent.status, absent.body.results]).toEqual([207, []]);
    simulator.configure({ mergedIdInBatchRead: 'renamed' });
    const renamed = await post(simulator, `${path}/batch/read`, request);
    expect(renamed.body.results.map((record) => record.id)).toEqual([survivor]);
  });
});

describe('single read', () => {
  it('answers 404 for what is not there, archived or erased', async () => {
    const simulator = await startForTest({ records: { contacts: 10 } });
    const [archived = ''] = simulator.portal.archive('contacts', { count: 1 });
    const [erased = ''] = simulator.portal.gdprDelete('contacts', { count: 1 });
    for (const id of ['7', 'abc', archived, erased]) expect((await get(simulator, `${path}/${id}`)).status).toBe(404);
    expect((await get(simulator, `${path}/${archived}?archived=true`)).status).toBe(200);
  });
});
