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

  it('finds by windows of creation, whatever their order', async () => {
    const simulator = await startForTest({ records: { contacts: 2_000 } });
    simulator.portal.create('contacts', { count: 300, place: 'gaps' });
    const all = await listAll(simulator, `${path}?limit=100`);
    const instants = all.map(({ createdAt }) => Date.parse(createdAt)).toSorted((a, b) => a - b);
    const [from = 0, to = 0] = [instants[700], instants[2_299]];
    const expected = all.filter(({ createdAt }) => Date.parse(createdAt) >= from);
    const bounds = [
      [{ propertyName: 'createdate', operator: 'BETWEEN', value: String(from), highValue: String(to) }],
      [
        { propertyName: 'createdate', operator: 'GTE', value: new Date(from).toISOString() },
        { propertyName: 'createdate', operator: 'LT', value: String(to + 1) },
      ],
    ];
    for (const filters of bounds) {
      const found: string[] = [];
      for (let lastId = '0'; ; lastId = found.at(-1) ?? '') {
        const { body } = await post(simulator, search, {
          ...filtersOf(...filters, { propertyName: 'hs_object_id', operator: 'GT', value: lastId }),
          sorts: [{ propertyName: 'hs_object_id', direction: 'ASCENDING' }],
          limit: 200,
        });
        if (body.results.length === 0) break;
        found.push(...body.results.map((record) => record.id));
      }
      expect(found).toEqual(expected.map((record) => record.id));
    }
    const ordered = await post(simulator, search, { ...filtersOf(...(bounds[0] ?? [])), limit: 200, after: '1300' });
    const byCreation = expected.toSorted((a, b) =>
      a.createdAt < b.createdAt ? -1 : a.createdAt > b.createdAt ? 1 : 0,
    );
    expect(ordered.body.results.map(({ createdAt }) => createdAt)).toEqual(
      byCreation.slice(1_300, 1_500).map(({ createdAt }) => createdAt),
    );
  });

  it('sorts by the modified property and by others, up and down', async () => {
    const simulator = await startForTest({ records: { contacts: 150 } });
    simulator.portal.change('contacts', { count: 30 });
    for (const property of ['lastmodifieddate', 'email']) {
      const ask = async (direction: string): Promise<(string | null | undefined)[]> => {
        const sorts = [{ propertyName: property, direction }];
        const { body } = await post(simulator, search, { sorts, limit: 200, properties: [property] });
        return body.results.map((record) => record.properties[property]);
      };
      const up = await ask('ASCENDING');
      expect(up).toEqual(up.toSorted());
      expect(await ask('DESCENDING')).toEqual(up.toReversed());
    }
  });

  it('costs a few milliseconds on 200,000 records, 100,000 of them changed', async () => {
    const simulator = await startForTest({ records: { contacts: 200_000 }, isHostile: false });
    const since = Date.now();
    simulator.portal.change('contacts', { count: 100_000 });
    const window = (propertyName: string, value: number): object => ({
      ...filtersOf({ propertyName, operator: 'GTE', value: String(value) }),
      sorts: [{ propertyName: 'hs_object_id', direction: 'ASCENDING' }],
      limit: 1,
    });
    const queries: [object, number][] = [
      [window('lastmodifieddate', since), 100_000],
      [window('createdate', 0), 200_000],
    ];
    for (const [query, total] of queries) {
      expect((await post(simulator, search, query)).body.total).toBe(total);
      let fastestMs = Infinity;
      for (let i = 0; i < 10; i++) {
        const startedMs = performance.now();
        await post(simulator, search, query);
        fastestMs = Math.min(fastestMs, performance.now() - startedMs);
      }
      expect(fastestMs).toBeLessThan(20);
    }
  });

  it('trails by the lag of each record, and takes it all up when the lag changes', async () => {
    let nowMs = Date.UTC(2026, 5, 1);
    const simulator = await startForTest({
      records: { contacts: 400 },
      search: { lagMs: 5_000, slowShare: 0.25, slowLagMs: 3_600_000 },
      now: () => nowMs,
    });
    const since = String(nowMs);
    const ids = simulator.portal.change('contacts', { count: 200 });
    simulator.portal.archive('contacts', { ids: ids.slice(0, 100) });
    simulator.portal.create('contacts', { count: 100 });
    const window = filtersOf({ propertyName: 'lastmodifieddate', operator: 'GTE', value: since });
    const total = async (): Promise<number | undefined> => (await post(simulator, search, window)).body.total;
    expect(await total()).toBe(0);
    nowMs += 5_000;
    const fast = (await total()) ?? 0;
    expect(fast).toBeGreaterThan(120);
    expect(fast).toBeLessThan(180);
    nowMs += 3_595_000;
    expect(await total()).toBe(200);
    simulator.configure({ search: { lagMs: 7_200_000, slowShare: 0 } });
    expect(await total()).toBe(0);
    simulator.configure({ search: { lagMs: 0 } });
    expect(await total()).toBe(200);
  });

  it('may show hits in no order and from beside the window', async () => {
    const simulator = await startForTest({ records: { contacts: 300 }, search: { isDisordered: true } });
    const instants = (await listAll(simulator, `${path}?limit=100`))
      .map(({ updatedAt }) => Date.parse(updatedAt))
      .toSorted((a, b) => a - b);
    const [from = 0, before = 0] = [instants[200], instants[190]];
    const query = {
      ...filtersOf({ propertyName: 'lastmodifieddate', operator: 'GTE', value: String(from) }),
      sorts: [{ propertyName: 'hs_object_id', direction: 'ASCENDING' }],
      limit: 200,
    };
    const ids = (await post(simulator, search, query)).body.results.map(({ id }) => Number(id));
    expect(ids).toHaveLength(100);
    expect(ids).not.toEqual(ids.toSorted((a, b) => a - b));
    simulator.configure({ search: { windowSlackMs: from - before } });
    expect((await post(simulator, search, query)).body.total).toBe(110);
  });
});
