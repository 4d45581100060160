import { describe, expect, it } from 'vitest';

import type { TypePair } from '../../../simulators/hubspot/object-types.ts';
import type { RunningSimulator } from '../../../simulators/hubspot/start.ts';
import { get, listAll, post, startForTest } from './api-client.ts';

interface Associated {
  readonly toObjectId: string | number;
  readonly associationTypes: readonly { category: string; typeId: number; label: string | null }[];
}

interface AssociationsBody {
  readonly status: string;
  readonly results: readonly {
    readonly from: { readonly id: string };
    readonly to: readonly Associated[];
    readonly paging?: { readonly next: { readonly after: string; readonly link: string } };
  }[];
  readonly numErrors?: number;
  readonly errors?: readonly { subCategory: string; context: { fromObjectId: readonly string[] } }[];
}

async function read(
  simulator: RunningSimulator,
  pair: TypePair,
  inputs: readonly { id: string; after?: string }[],
): Promise<{ status: number; headers: Headers; body: AssociationsBody }> {
  const [from, to] = pair.split('>');
  const reply = await post(simulator, `/crm/associations/2026-03/${from}/${to}/batch/read`, { inputs });
  return { ...reply, body: reply.body as unknown as AssociationsBody };
}

/** The ids at the other end, by id; ids without any are not keys. */
async function othersOf(
  simulator: RunningSimulator,
  pair: TypePair,
  ids: readonly string[],
): Promise<Record<string, string[]>> {
  const { body } = await read(
    simulator,
    pair,
    ids.map((id) => ({ id })),
  );
  return Object.fromEntries(body.results.map(({ from, to }) => [from.id, to.map((one) => String(one.toObjectId))]));
}

const idsOf = async (simulator: RunningSimulator, type: string): Promise<string[]> =>
  (await listAll(simulator, `/crm/objects/2026-03/${type}?limit=100`)).map((record) => record.id);

describe('associations', () => {
  it('are one fact seen from both ends, under every family of paths', async () => {
    const simulator = await startForTest({ records: { contacts: 3, companies: 3 } });
    const { associations } = simulator.portal;
    const [contact = '', other = ''] = await idsOf(simulator, 'contacts');
    const [company = ''] = await idsOf(simulator, 'companies');
    associations.associate('contacts', 'companies', [
      { from: contact, to: company },
      { from: contact, to: company, label: 'Primary' },
      { from: contact, to: company, label: 'Billing' },
      { from: other, to: company, typeId: 279 },
    ]);
    const { body } = await read(simulator, 'contacts>companies', [{ id: contact }]);
    expect(body).toMatchObject({ status: 'COMPLETE', results: [{ from: { id: contact } }] });
    expect(body.results[0]?.to).toEqual([
      {
        toObjectId: company,
        associationTypes: [
          { category: 'HUBSPOT_DEFINED', typeId: 1, label: 'Primary' },
          { category: 'HUBSPOT_DEFINED', typeId: 279, label: null },
          { category: 'USER_DEFINED', typeId: expect.any(Number) as unknown, label: 'Billing' },
        ],
      },
    ]);
    const back = await read(simulator, 'companies>contacts', [{ id: company }]);
    expect(
      back.body.results[0]?.to.map((one) => [one.toObjectId, one.associationTypes.map((type) => type.typeId)]),
    ).toEqual([
      [contact, [2, 280, expect.any(Number)]],
      [other, [280]],
    ]);
    for (const path of ['/crm/associations/2026-09', '/crm/v4/associations']) {
      const reply = await post(simulator, `${path}/0-1/companies/batch/read`, { inputs: [{ id: contact }] });
      expect(reply.body.results).toEqual(body.results);
    }

    associations.dissociate('companies', 'contacts', [{ from: company, to: contact, label: 'Primary' }]);
    const left = await read(simulator, 'contacts>companies', [{ id: contact }]);
    expect(left.body.results[0]?.to[0]?.associationTypes.map((type) => type.label)).toEqual([null, 'Billing']);
    associations.dissociate('companies', 'contacts', [{ from: company, to: contact }]);
    expect(await othersOf(simulator, 'companies>contacts', [company])).toEqual({ [company]: [other] });
    expect(await othersOf(simulator, 'contacts>companies', [contact])).toEqual({});
  });

  it('change no version', async () => {
    const simulator = await startForTest({ records: { contacts: 2, companies: 2 } });
    const path = '/crm/objects/2026-03/contacts?limit=100';
    const before = await listAll(simulator, path);
    const [contact = ''] = await idsOf(simulator, 'contacts');
    const [company = ''] = await idsOf(simulator, 'companies');
    simulator.portal.associations.associate('contacts', 'companies', [{ from: contact, to: company }]);
    expect(await listAll(simulator, path)).toEqual(before);
  });

  it('exist from the start where asked for: the same from both ends, none, some or the most', async () => {
    const simulator = await startForTest({
      records: { contacts: 200, companies: 40 },
      initialAssociations: { 'contacts>companies': 3 },
    });
    const [contacts, companies] = await Promise.all([idsOf(simulator, 'contacts'), idsOf(simulator, 'companies')]);
    const forward = await othersOf(simulator, 'contacts>companies', contacts);
    const backward = await othersOf(simulator, 'companies>contacts', companies);
    const pairs = (of: Record<string, string[]>): string[] =>
      Object.entries(of).flatMap(([id, others]) => others.map((other) => `${id} ${other}`));
    expect(pairs(forward).toSorted()).toEqual(
      pairs(backward)
        .map((pair) => pair.split(' ').toReversed().join(' '))
        .toSorted(),
    );
    expect(new Set(contacts.map((id) => forward[id]?.length ?? 0))).toEqual(new Set([0, 1, 2, 3]));
    const { body } = await read(
      simulator,
      'contacts>companies',
      contacts.map((id) => ({ id })),
    );
    const primaries = body.results.map(
      ({ to }) => to.filter((one) => one.associationTypes.some((type) => type.label === 'Primary')).length,
    );
    expect(new Set(primaries)).toEqual(new Set([1]));
  });

  it('of a record that is not live are unseen from both ends, and return with it', async () => {
    const simulator = await startForTest({ records: { contacts: 4, companies: 4 } });
    const { portal } = simulator;
    const [contact = '', second = ''] = await idsOf(simulator, 'contacts');
    const [company = '', erased = ''] = await idsOf(simulator, 'companies');
    portal.associations.associate('contacts', 'companies', [
      { from: contact, to: company },
      { from: contact, to: erased },
      { from: second, to: company },
    ]);
    const forward = () => othersOf(simulator, 'contacts>companies', [contact, second]);
    portal.archive('companies', { ids: [company] });
    expect(await forward()).toEqual({ [contact]: [erased] });
    expect(await othersOf(simulator, 'companies>contacts', [company])).toEqual({});
    portal.gdprDelete('companies', { ids: [erased] });
    expect(await forward()).toEqual({});
    portal.restore('companies', { ids: [company] });
    expect(await forward()).toEqual({ [contact]: [company], [second]: [company] });
    expect(() => portal.associations.associate('contacts', 'companies', [{ from: contact, to: erased }])).toThrow(
      RangeError,
    );
  });

  it.each(['newId', 'primary'] as const)('of merged records go to the survivor, each once (%s)', async (mergeStyle) => {
    const simulator = await startForTest({ records: { contacts: 4, companies: 4 } });
    const { portal } = simulator;
    const [primary = '', secondary = ''] = await idsOf(simulator, 'contacts');
    const [shared = '', own = ''] = await idsOf(simulator, 'companies');
    portal.associations.associate('contacts', 'companies', [
      { from: primary, to: shared },
      { from: secondary, to: shared },
      { from: secondary, to: own },
    ]);
    portal.associations.associate('contacts', 'contacts', [{ from: primary, to: secondary }]);
    const survivor = portal.merge('contacts', primary, secondary, { mergeStyle });
    expect(survivor === primary).toBe(mergeStyle === 'primary');
    const ids = [...new Set([primary, secondary, survivor])];
    expect(await othersOf(simulator, 'contacts>companies', ids)).toEqual({ [survivor]: [shared, own] });
    expect(await othersOf(simulator, 'companies>contacts', [shared, own])).toEqual({
      [shared]: [survivor],
      [own]: [survivor],
    });
    expect(await othersOf(simulator, 'contacts>contacts', ids)).toEqual({});
  });

  it('come in pages per id, each from where the last one ended', async () => {
    const simulator = await startForTest({ records: { contacts: 7, companies: 2 }, associations: { pageSize: 3 } });
    const contacts = await idsOf(simulator, 'contacts');
    const [company = '', other = ''] = await idsOf(simulator, 'companies');
    const pairs = contacts.map((to) => ({ from: company, to }));
    simulator.portal.associations.associate('companies', 'contacts', [
      ...pairs,
      { from: other, to: contacts[0] ?? '' },
    ]);
    const found: string[] = [];
    for (let after: string | undefined, page = 0; page === 0 || after !== undefined; page++) {
      const input = after === undefined ? { id: company } : { id: company, after };
      const { body } = await read(simulator, 'companies>contacts', [input, { id: other }]);
      found.push(...(body.results[0]?.to.map((one) => String(one.toObjectId)) ?? []));
      expect(body.results[1]?.paging).toBeUndefined();
      after = body.results[0]?.paging?.next.after;
      if (page === 0) simulator.portal.archive('contacts', { ids: contacts.slice(0, 1) });
      if (page === 0)
        simulator.portal.associations.associate('companies', 'contacts', [{ from: other, to: contacts[6] ?? '' }]);
    }
    expect(found).toEqual(contacts);
    expect((await read(simulator, 'companies>contacts', [{ id: company, after: '3' }])).status).toBe(400);
  });

  it('of an id without any are absent, or an error in a 207', async () => {
    const simulator = await startForTest({ records: { contacts: 3, companies: 1 } });
    const [first = '', second = ''] = await idsOf(simulator, 'contacts');
    const [company = ''] = await idsOf(simulator, 'companies');
    simulator.portal.associations.associate('contacts', 'companies', [{ from: first, to: company }]);
    const ask = () => read(simulator, 'contacts>companies', [{ id: first }, { id: second }, { id: '7' }]);
    const absent = await ask();
    expect([absent.status, absent.body.results.length, absent.body.errors]).toEqual([200, 1, undefined]);
    simulator.configure({ associations: { missing: 'errors207', toObjectId: 'number' } });
    const { status, body } = await ask();
    expect([status, body.status, body.numErrors]).toEqual([207, 'COMPLETE', 2]);
    expect(body.errors?.map((error) => [error.subCategory, error.context.fromObjectId])).toEqual([
      ['crm.associations.NO_ASSOCIATIONS_FOUND', [second]],
      ['crm.associations.NO_ASSOCIATIONS_FOUND', ['7']],
    ]);
    expect(body.results[0]?.to[0]?.toObjectId).toBe(Number(company));
  });

  it('are read 1,000 ids a request, outside the burst budget, within a budget of their own', async () => {
    const simulator = await startForTest({
      records: { contacts: 1, companies: 1 },
      limits: { burst: 1, associations: 3, daily: 100 },
    });
    const inputs = Array.from({ length: 1_001 }, (_, i) => ({ id: String(i + 1) }));
    expect((await read(simulator, 'contacts>companies', inputs)).status).toBe(400);
    const full = await read(simulator, 'contacts>companies', inputs.slice(1));
    expect([full.status, full.headers.get('x-hubspot-ratelimit-max')]).toEqual([200, null]);
    expect(full.headers.get('x-hubspot-ratelimit-daily-remaining')).toBe('98');
    expect((await get(simulator, '/crm/objects/2026-03/contacts')).status).toBe(200);
    expect((await get(simulator, '/crm/objects/2026-03/contacts')).status).toBe(429);
    expect((await read(simulator, 'contacts>companies', inputs.slice(1))).status).toBe(200);
    const refused = await post(simulator, '/crm/v4/associations/contacts/companies/batch/read', { inputs: [] });
    expect([refused.status, refused.body.policyName]).toEqual([429, 'TEN_SECONDLY_ROLLING']);
    expect(simulator.stats.snapshot()['associations contacts>companies']).toMatchObject({ requests: 4 });
  });

  it('need the scope of both ends', async () => {
    const simulator = await startForTest({ records: { contacts: 1, companies: 1 } });
    simulator.configure({ missingScopes: ['companies'] });
    expect((await read(simulator, 'contacts>companies', [])).status).toBe(403);
    expect((await read(simulator, 'contacts>deals', [])).status).toBe(200);
  });

  it('are told as truth from either end', async () => {
    const simulator = await startForTest({ records: { contacts: 1_200, companies: 30 } });
    const { portal, url } = simulator;
    const [contact = ''] = await idsOf(simulator, 'contacts');
    const [company = '', archived = ''] = await idsOf(simulator, 'companies');
    const last = (await idsOf(simulator, 'contacts')).at(-1) ?? '';
    const control = async (verb: string, pairs: object[]): Promise<Response> =>
      fetch(`${url}/_sim/${verb}/contacts/companies`, { method: 'POST', body: JSON.stringify({ pairs }) });
    await control('associate', [
      { from: contact, to: company, typeId: 1 },
      { from: contact, to: archived },
      { from: last, to: company },
      { from: last, to: company, label: 'Billing' },
    ]);
    await control('dissociate', [{ from: last, to: company, label: 'Billing' }]);
    expect((await control('associate', [{ from: '7', to: company }])).status).toBe(400);
    portal.archive('companies', { ids: [archived] });
    const truth = async (pair: string): Promise<unknown[]> =>
      (await (await fetch(`${url}/_sim/truth-associations/${pair}`)).text())
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown);
    const fixed = { category: 'HUBSPOT_DEFINED' };
    expect(await truth('contacts/companies')).toEqual([
      { from: contact, to: company, type_id: '1', label: 'Primary', ...fixed },
      { from: last, to: company, type_id: '279', label: null, ...fixed },
    ]);
    expect(await truth('companies/contacts')).toEqual([
      { from: company, to: contact, type_id: '2', label: 'Primary', ...fixed },
      { from: company, to: last, type_id: '280', label: null, ...fixed },
    ]);
  });
});
