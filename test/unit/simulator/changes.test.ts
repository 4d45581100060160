import { describe, expect, it } from 'vitest';

import type { RunningSimulator } from '../../../simulators/hubspot/start.ts';
import { get, listAll, startForTest, truthById } from './api-client.ts';

const path = '/crm/objects/2026-03/contacts?limit=100';

async function recordOf(simulator: RunningSimulator, id: string) {
  return (await listAll(simulator, `${path}&properties=company,lastmodifieddate`)).find((record) => record.id === id);
}

describe('changes', () => {
  it('show in the list and in the truth, with a higher version', async () => {
    const simulator = await startForTest({ records: { contacts: 30 } });
    const before = new Map((await listAll(simulator, path)).map((record) => [record.id, record.updatedAt]));
    const [id = ''] = simulator.portal.change('contacts', { count: 1, values: { company: 'Ümlaut "&" Söhne' } });
    const after = await recordOf(simulator, id);
    expect(after?.properties['company']).toBe('Ümlaut "&" Söhne');
    expect(after?.properties['lastmodifieddate']).toBe(after?.updatedAt);
    expect((after?.updatedAt ?? '') > (before.get(id) ?? '')).toBe(true);
    expect(truthById(simulator, 'contacts').get(id)).toMatchObject({
      company: 'Ümlaut "&" Söhne',
      _version: after?.updatedAt,
    });
  });

  it('of one call share one instant, however many records they concern', async () => {
    const simulator = await startForTest({ records: { contacts: 300 } });
    const ids = simulator.portal.change('contacts', { count: 200, seed: 9 });
    const truth = truthById(simulator, 'contacts');
    expect(new Set(ids).size).toBe(200);
    expect(new Set(ids.map((id) => truth.get(id)?.['_version'])).size).toBe(1);
  });

  it('of calculated values leave the version', async () => {
    const simulator = await startForTest({ records: { contacts: 10 } });
    const [record] = await listAll(simulator, path);
    simulator.portal.recalculate('contacts', { ids: [record?.id ?? ''], values: { total_revenue: '12.5' } });
    const row = truthById(simulator, 'contacts').get(record?.id ?? '');
    expect(row).toMatchObject({ _version: record?.updatedAt, total_revenue: '12.5' });
  });

  it('create records beyond the highest id, in gaps, or at given ids', async () => {
    const simulator = await startForTest({ records: { contacts: 120 } });
    const before = (await listAll(simulator, path)).map((record) => Number(record.id));
    const atEnd = simulator.portal.create('contacts', { count: 3 });
    expect(atEnd.every((id) => Number(id) > (before.at(-1) ?? 0))).toBe(true);
    const inGaps = simulator.portal.create('contacts', { count: 20, place: 'gaps' });
    expect(inGaps.every((id) => Number(id) < (before.at(-1) ?? 0))).toBe(true);
    const given = simulator.portal.create('contacts', { ids: ['7'], records: [{ email: 'a@example.com' }] });
    const after = await listAll(simulator, `${path}&properties=email`);
    expect(after.map((record) => Number(record.id))).toEqual(
      [...before, ...[...atEnd, ...inGaps, ...given].map(Number)].sort((a, b) => a - b),
    );
    expect(after[0]?.properties['email']).toBe('a@example.com');
    expect([...truthById(simulator, 'contacts').keys()]).toEqual(after.map((record) => record.id));
    expect(() => simulator.portal.create('contacts', { ids: ['7'] })).toThrow(RangeError);
  });

  it('archive without a new version, and restore', async () => {
    const simulator = await startForTest({ records: { contacts: 150 } });
    const [id = ''] = simulator.portal.archive('contacts', { count: 1 });
    expect(await recordOf(simulator, id)).toBeUndefined();
    const [archived] = (await get(simulator, `${path}&archived=true`)).body.results;
    expect(archived).toMatchObject({ id, archived: true });
    expect(archived?.archivedAt).toMatch(/^\d{4}-.*Z$/);
    expect(truthById(simulator, 'contacts').has(id)).toBe(false);
    simulator.portal.restore('contacts', { ids: [id] });
    const restored = await recordOf(simulator, id);
    expect(restored?.updatedAt).toBe(archived?.updatedAt);
    expect(restored).not.toHaveProperty('archivedAt');
    expect((await get(simulator, `${path}&archived=true`)).body.results).toEqual([]);
  });

  it('erase records from every read', async () => {
    const simulator = await startForTest({ records: { contacts: 30 } });
    const [id = ''] = simulator.portal.gdprDelete('contacts', { count: 1 });
    expect(await recordOf(simulator, id)).toBeUndefined();
    expect((await get(simulator, `${path}&archived=true`)).body.results).toEqual([]);
    expect(simulator.portal.count('contacts')).toEqual({ live: 29, archived: 0, purged: 0, erased: 1, merged: 0 });
  });

  it('merge two records into a new one with the first one’s values, then the second’s', async () => {
    const simulator = await startForTest({ records: { contacts: 30 } });
    const [first = '', second = ''] = (await listAll(simulator, path)).map((record) => record.id);
    simulator.portal.change('contacts', { ids: [first], values: { company: 'First', jobtitle: null } });
    simulator.portal.change('contacts', { ids: [second], values: { company: 'Second', jobtitle: 'Buyer' } });
    const id = simulator.portal.merge('contacts', first, second);
    const truth = truthById(simulator, 'contacts');
    expect(truth.has(first) || truth.has(second)).toBe(false);
    expect(truth.get(id)).toMatchObject({
      hs_object_id: id,
      company: 'First',
      jobtitle: 'Buyer',
      hs_merged_object_ids: `${first};${second}`,
    });
    const third = [...truth.keys()].find((key) => key !== id) ?? '';
    const again = simulator.portal.merge('contacts', id, third);
    expect(truthById(simulator, 'contacts').get(again)?.['hs_merged_object_ids']).toBe(
      `${first};${second};${id};${third}`,
    );
    expect(simulator.portal.count('contacts')).toEqual({ live: 28, archived: 0, purged: 0, erased: 0, merged: 4 });
  });

  it('are kept with their instants, so that the state at any instant can be told', async () => {
    let nowMs = Date.UTC(2026, 5, 1);
    const simulator = await startForTest({ records: { contacts: 5 }, now: () => nowMs });
    const [id = ''] = simulator.portal.change('contacts', { count: 1, values: { numemployees: '2E3' } });
    nowMs += 1_000;
    simulator.portal.archive('contacts', { ids: [id] });
    nowMs += 1_000;
    simulator.portal.restore('contacts', { ids: [id] });
    const history = simulator.portal.history('contacts', id) ?? [];
    expect(history.slice(1).map(({ at, archived, values }) => [at, archived, values['numemployees']])).toEqual([
      ['2026-06-01T00:00:00.000Z', false, '2000'],
      ['2026-06-01T00:00:01.000Z', true, '2000'],
      ['2026-06-01T00:00:02.000Z', false, '2000'],
    ]);
    expect(history.slice(1).map(({ version }) => version)).toEqual(Array(3).fill('2026-06-01T00:00:00.000Z'));
    expect(history[0]?.version).toBe(history[0]?.at);
    expect(simulator.portal.history('contacts', '7')).toBeNull();
  });

  it('refuse records that are not in the right state', async () => {
    const simulator = await startForTest({ records: { contacts: 5 } });
    const [id = ''] = simulator.portal.archive('contacts', { count: 1 });
    expect(() => simulator.portal.change('contacts', { ids: [id] })).toThrow(RangeError);
    expect(() => simulator.portal.restore('contacts', { ids: ['7'] })).toThrow(RangeError);
  });
});

describe('changes of the catalogue', () => {
  const names = async (simulator: RunningSimulator): Promise<Map<string, string>> => {
    const { body } = await get(simulator, '/crm/properties/2026-03/contacts');
    const results = body.results as unknown as readonly { name: string; type: string }[];
    return new Map(results.map((property) => [property.name, property.type]));
  };

  it('show in the property list and in the values', async () => {
    const simulator = await startForTest({ records: { contacts: 20 } });
    simulator.portal.addProperty('contacts', { name: 'shoe_size', type: 'number', value: '42.50' });
    expect((await names(simulator)).get('shoe_size')).toBe('number');
    expect((await get(simulator, `${path}&properties=shoe_size`)).body.results[0]?.properties).toEqual({
      shoe_size: '42.50',
    });
    expect([...truthById(simulator, 'contacts').values()][0]?.['shoe_size']).toBe('42.5');

    simulator.portal.retypeProperty('contacts', 'shoe_size', 'string');
    expect((await names(simulator)).get('shoe_size')).toBe('string');
    expect([...truthById(simulator, 'contacts').values()][0]?.['shoe_size']).toBe('42.50');

    simulator.portal.removeProperty('contacts', 'shoe_size');
    expect((await names(simulator)).has('shoe_size')).toBe(false);
    expect((await get(simulator, `${path}&properties=shoe_size,email`)).body.results[0]?.properties).not.toHaveProperty(
      'shoe_size',
    );
  });

  it('leave the values of other properties as they were', async () => {
    const simulator = await startForTest({ records: { contacts: 700 } });
    const before = truthById(simulator, 'contacts');
    simulator.portal.addProperty('contacts', { name: 'a_new_one', type: 'string' });
    const after = truthById(simulator, 'contacts');
    for (const [id, row] of before) expect(after.get(id)).toMatchObject(row);
  });
});
