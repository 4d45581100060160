import { describe, expect, it } from 'vitest';

import { listAll, post, startForTest } from './api-client.ts';

const path = '/crm/objects/2026-03/contacts';
const search = `${path}/search`;
const filtersOf = (...filters: object[]): object => ({ filterGroups: [{ filters }] });

describe('search', () => {
  it('finds by ranges of the modified property and of the id, in keyset steps', async () => {
    const simulator = await startForTest({ records: { contacts: 1_500 } });
    const all = await listAll(simulator, `${path}?limit=100`);
    const instants = all.map((record) => Date.parse(record.updatedAt)).toSorted((a, b) => a - b);
    const [from = 0, to = 0] = [instants[300], instants[1_200]];
    const expected = all.filter(({ updatedAt }) => Date.parse(updatedAt) >= from && Date.parse(updatedAt) <= to);

    const found: string[] = [];
    for (let lastId = '0'; ; lastId = found.at(-1) ?? '') {
      const { body } = await post(simulator, search, {
        ...filtersOf(
          { propertyName: 'lastmodifieddate', operator: 'GTE', value: String(from) },
          { propertyName: 'lastmodifieddate', operator: 'LTE', value: new Date(to).toISOString() },
          { propertyName: 'hs_object_id', operator: 'GT', value: lastId },
        ),
        sorts: [{ propertyName: 'hs_object_id', direction: 'ASCENDING' }],
        limit: 200,
      });
      expect(body.total).toBe(expected.length - found.length);
      if (body.results.length === 0) break;
      found.push(...body.results.map((record) => record.id));
    }
    expect(found).toEqual(expected.map((record) => record.id));
  });

  it('counts a range of ids and finds the highest', async () => {
    const simulator = await startForTest({ records: { contacts: 700 } });
    const ids = (await listAll(simulator, `${path}?limit=100`)).map((record) => record.id);
    const between = { propertyName: 'hs_object_id', operator: 'BETWEEN', value: ids[10], highValue: ids[109] };
    expect((await post(simulator, search, { ...filtersOf(between), limit: 1 })).body.total).toBe(100);
    const highest = await post(simulator, search, {
      sorts: [{ propertyName: 'hs_object_id', direction: 'DESCENDING' }],
      limit: 1,
    });
    expect(highest.body.results.map((record) => record.id)).toEqual([ids.at(-1)]);
    expect(highest.body.total).toBe(700);
  });

  it('stops at 200 hits a page and 10,000 hits in all', async () => {
    const simulator = await startForTest({ records: { contacts: 10_500 } });
    const ask = (limit: number, after: number) => post(simulator, search, { limit, after: String(after) });
    expect((await ask(201, 0)).status).toBe(400);
    const last = await ask(200, 9_800);
    expect([last.status, last.body.total, last.body.results.length]).toEqual([200, 10_500, 200]);
    expect(last.body.paging?.next.after).toBe('10000');
    const beyond = await ask(200, 10_000);
    expect([beyond.status, beyond.body.category]).toEqual([400, 'VALIDATION_ERROR']);
  });

  it('matches no contact by hs_lastmodifieddate, and no company by lastmodifieddate', async () => {
    const simulator = await startForTest({ records: { contacts: 20, companies: 20 } });
    const since = (propertyName: string) => filtersOf({ propertyName, operator: 'GTE', value: '1' });
    const contacts = await post(simulator, search, since('hs_lastmodifieddate'));
    expect([contacts.status, contacts.body.total]).toEqual([200, 0]);
    const companies = '/crm/v3/objects/companies/search';
    expect((await post(simulator, companies, since('hs_lastmodifieddate'))).body.total).toBe(20);
    expect((await post(simulator, companies, since('lastmodifieddate'))).status).toBe(400);
  });

  it('does not find archived, erased or merged records', async () => {
    const simulator = await startForTest({ records: { contacts: 20 } });
    simulator.portal.archive('contacts', { count: 3 });
    const [erased = ''] = simulator.portal.gdprDelete('contacts', { count: 1 });
    const [first = '', second = ''] = (await listAll(simulator, `${path}?limit=100`)).map((record) => record.id);
    simulator.portal.merge('contacts', first, second);
    const { body } = await post(simulator, search, { limit: 200 });
    expect(body.total).toBe(20 - 3 - 1 - 2 + 1);
    expect(body.results.map((record) => record.id)).not.toContain(erased);
  });

  it('trails by the lag: values as of then, and nothing that was not there', async () => {
    let nowMs = Date.UTC(2026, 5, 1);
    const simulator = await startForTest({ records: { contacts: 40 }, search: { lagMs: 60_000 }, now: () => nowMs });
    simulator.portal.change('contacts', { count: 1, values: { company: 'first' } });
    nowMs += 120_000;
    const [id = ''] = simulator.portal.change('contacts', { count: 1, values: { company: 'second' } });
    simulator.portal.create('contacts', { count: 5 });
    const query = {
      ...filtersOf({ propertyName: 'hs_object_id', operator: 'EQ', value: id }),
      properties: ['company'],
    };
    const company = async () => (await post(simulator, search, query)).body.results[0]?.properties['company'];
    expect(await company()).toBe('first');
    expect((await post(simulator, search, {})).body.total).toBe(40);
    nowMs += 60_000;
    expect(await company()).toBe('second');
    expect((await post(simulator, search, {})).body.total).toBe(45);
  });

  it('finds by the value of any property', async () => {
    const simulator = await startForTest({ records: { contacts: 40 } });
    const ids = simulator.portal.change('contacts', { count: 4, values: { company: 'Umbrella', jobtitle: null } });
    const company = { propertyName: 'company', operator: 'EQ', value: 'Umbrella' };
    expect((await post(simulator, search, filtersOf(company))).body.results.map((record) => record.id)).toEqual(ids);
    const titled = await post(
      simulator,
      search,
      filtersOf(company, { propertyName: 'jobtitle', operator: 'HAS_PROPERTY' }),
    );
    expect(titled.body.total).toBe(0);
  });
});
