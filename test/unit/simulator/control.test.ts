import { describe, expect, it } from 'vitest';

import { startHubspotSimulator } from '../../../simulators/hubspot/start.ts';
import { startForTest } from './api-client.ts';

async function ask(url: string, body?: unknown): Promise<unknown> {
  const response = await fetch(url, body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) });
  const value: unknown = await response.json();
  return response.ok ? value : { status: response.status, ...(value as object) };
}

describe('control endpoints', () => {
  it('change records and tell what became of them', async () => {
    const simulator = await startForTest({ records: { contacts: 20 } });
    const at = (path: string): string => `${simulator.url}/_sim/${path}`;
    const { ids } = (await ask(at('create/contacts'), { count: 3 })) as { ids: string[] };
    const [first = '', second = '', third = ''] = ids;
    expect(await ask(at('change/contacts'), { ids: [first], values: { company: 'Acme' } })).toEqual({ ids: [first] });
    expect(await ask(at('recalculate/contacts'), { ids: [first], values: { num_notes: '3' } })).toEqual({
      ids: [first],
    });
    expect(await ask(at('archive/contacts'), { ids: [third] })).toEqual({ ids: [third] });
    expect(await ask(at('restore/contacts'), { ids: [third] })).toEqual({ ids: [third] });
    expect(await ask(at('gdpr-delete/contacts'), { ids: [third] })).toEqual({ ids: [third] });
    const { id } = (await ask(at('merge/contacts'), { primary: first, secondary: second })) as { id: string };
    expect(await ask(at('count/contacts'))).toEqual({ live: 21, archived: 0, purged: 0, erased: 1, merged: 2 });
    const { history } = (await ask(at(`history/contacts/${first}`))) as {
      history: { status: string; mergedInto: string }[];
    };
    expect(history.map((entry) => entry.status)).toEqual(['live', 'live', 'live', 'merged']);
    expect(history.at(-1)?.mergedInto).toBe(id);

    const truth = await (await fetch(at('truth/contacts?properties=company,num_notes'))).text();
    const rows = truth
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(rows).toHaveLength(21);
    expect(rows.at(-1)).toMatchObject({ id, company: 'Acme', num_notes: '3' });
    expect(Object.keys(rows[0] ?? {})).toEqual(['id', '_version', '_archived_at', 'company', 'num_notes']);
  });

  it('set limits, faults, tokens and the catalogue, count, and go back to the start', async () => {
    const simulator = await startForTest({ records: { contacts: 20 } });
    const at = (path: string): string => `${simulator.url}/_sim/${path}`;
    expect(await ask(at('settings'), { latencyMs: 5, limits: { burst: 7 }, tokens: [{ token: 'x' }] })).toMatchObject({
      latencyMs: 5,
      tokens: [{ token: 'x' }],
      limits: { burst: 7, search: null },
    });
    expect(await ask(at('faults'), [{ kind: 'hang', count: 1 }, { kind: 'locked' }])).toMatchObject({
      faults: [{ id: 1, kind: 'hang', struck: 0 }, { id: 2 }],
    });
    expect(await ask(at('faults/clear'), {})).toEqual({ faults: [] });
    expect(await ask(at('properties/contacts/add'), { name: 'zzz', type: 'date' })).toMatchObject({
      properties: expect.arrayContaining(['zzz']) as unknown,
    });
    await fetch(`${simulator.url}/crm/v3/objects/contacts`);
    expect(await ask(at('stats'))).toMatchObject({ 'list contacts': { requests: 1, statuses: { '401': 1 } } });
    expect(await ask(at('stats/reset'), {})).toEqual({});
    expect(await ask(at('stats'))).toEqual({});
    await ask(at('create/contacts'), { count: 5 });
    await ask(at('reset'), {});
    expect(await ask(at('count/contacts'))).toEqual({ live: 20, archived: 0, purged: 0, erased: 0, merged: 0 });
    expect(await ask(at('settings'))).toMatchObject({ latencyMs: 0, limits: { burst: null } });
  });

  it('say what is wrong with a call', async () => {
    const simulator = await startForTest({ records: { contacts: 2 } });
    for (const path of ['nonsense', 'count/unicorns', 'history/contacts/7']) {
      expect(await ask(`${simulator.url}/_sim/${path}`)).toMatchObject({ status: 400 });
    }
    expect(await ask(`${simulator.url}/_sim/archive/contacts`, { ids: ['7'] })).toEqual({
      status: 400,
      error: 'no live record 7 among contacts',
    });
  });
});

describe('the same options', () => {
  it('give the same records', async () => {
    const options = { records: { contacts: 300, companies: 50 }, seed: 42 };
    const [one, two, other] = await Promise.all([
      startForTest(options),
      startHubspotSimulator(options),
      startForTest({ ...options, seed: 43 }),
    ]);
    const truth = (simulator: typeof one): string => Buffer.concat([...simulator.portal.truth('contacts')]).toString();
    expect(truth(one)).toBe(truth(two));
    expect(truth(one)).not.toBe(truth(other));
    await two.close();
  });
});
