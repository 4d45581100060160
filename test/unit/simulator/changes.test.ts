import { describe, expect, it } from 'vitest';

import type { RunningSimulator } from '../../../simulators/hubspot/start.ts';
import { get, listAll, post, startForTest, truthById } from './api-client.ts';

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

  it.each([25_000, 100_000])('of %i records in one call share one instant, again and again', async (count) => {
    const simulator = await startForTest({ records: { contacts: count + 1_000 }, isHostile: false });
    const { store } = simulator.portal.data('contacts');
    simulator.portal.change('contacts', { count: 500, seed: 3 });
    for (const seed of [1, 2]) {
      const ids = simulator.portal.change('contacts', { count, seed });
      expect(ids).toHaveLength(count);
      expect(new Set(ids.map((id) => store.find(Number(id))?.modifiedMs)).size).toBe(1);
    }
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

  it('raise the version of a restored record where asked to', async () => {
    const simulator = await startForTest({ records: { contacts: 20 } });
    const [before] = await listAll(simulator, path);
    const id = before?.id ?? '';
    simulator.portal.archive('contacts', { ids: [id] });
    simulator.portal.restore('contacts', { ids: [id], raisesVersion: true });
    expect(((await recordOf(simulator, id))?.updatedAt ?? '') > (before?.updatedAt ?? '')).toBe(true);
  });

  it('empty the recycle bin of what has been there for 90 days', async () => {
    let nowMs = Date.UTC(2026, 5, 1);
    const simulator = await startForTest({ records: { contacts: 30 }, now: () => nowMs });
    const [old = ''] = simulator.portal.archive('contacts', { count: 1 });
    nowMs += 60 * 86_400_000;
    const [recent = ''] = simulator.portal.archive('contacts', { count: 1 });
    nowMs += 31 * 86_400_000;
    expect(simulator.portal.purge('contacts')).toEqual([old]);
    expect((await listAll(simulator, `${path}&archived=true`)).map(({ id }) => id)).toEqual([recent]);
    expect(() => simulator.portal.restore('contacts', { ids: [old] })).toThrow(RangeError);
    expect(simulator.portal.purge('contacts', { olderThanDays: 0 })).toEqual([recent]);
    expect(simulator.portal.count('contacts')).toMatchObject({ live: 28, archived: 0, purged: 2 });
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

  it('merge into the first record, which keeps its id, in the old style', async () => {
    const simulator = await startForTest({ records: { contacts: 30 } });
    const { portal } = simulator;
    const [first = '', second = '', third = ''] = (await listAll(simulator, path)).map((record) => record.id);
    portal.change('contacts', { ids: [first], values: { company: 'First', jobtitle: null } });
    portal.change('contacts', { ids: [second], values: { company: 'Second', jobtitle: 'Buyer' } });
    const before = truthById(simulator, 'contacts').get(first)?.['_version'] ?? '';
    expect(portal.merge('contacts', first, second, { mergeStyle: 'primary' })).toBe(first);
    expect(portal.merge('contacts', first, third, { mergeStyle: 'primary' })).toBe(first);
    const truth = truthById(simulator, 'contacts');
    expect(truth.get(first)).toMatchObject({
      company: 'First',
      jobtitle: 'Buyer',
      hs_merged_object_ids: `${second};${third}`,
    });
    expect((truth.get(first)?.['_version'] ?? '') > before).toBe(true);
    expect(truth.has(second) || truth.has(third)).toBe(false);
    expect((await get(simulator, `/crm/objects/2026-03/contacts/${second}`)).body).toMatchObject({ id: first });
    expect(portal.count('contacts')).toMatchObject({ live: 28, merged: 2 });
    expect(() => portal.merge('contacts', first, first)).toThrow(RangeError);
  });

  it('merge contacts with their vids where the catalogue has them', async () => {
    const simulator = await startForTest({ records: { contacts: 30 }, now: () => Date.UTC(2026, 5, 1) });
    const { portal } = simulator;
    portal.addProperty('contacts', { name: 'hs_calculated_merged_vids', type: 'string', value: null });
    const [first = '', second = '', third = ''] = (await listAll(simulator, path)).map((record) => record.id);
    const id = portal.merge('contacts', portal.merge('contacts', first, second), third);
    const { body } = await get(simulator, `/crm/objects/2026-03/contacts/${id}?properties=hs_calculated_merged_vids`);
    const vids = (body as unknown as { properties: Record<string, string> }).properties['hs_calculated_merged_vids'];
    expect(vids?.split(';').slice(0, 2)).toEqual([`${first}:1780272000000`, `${second}:1780272000000`]);
    expect(vids?.split(';')).toHaveLength(4);
  });

  it('show merged ids among the archived ones by choice alone', async () => {
    const simulator = await startForTest({ records: { contacts: 30 } });
    const [first = '', second = '', third = ''] = (await listAll(simulator, path)).map((record) => record.id);
    simulator.portal.archive('contacts', { ids: [second] });
    simulator.portal.merge('contacts', first, third);
    const archived = async (): Promise<string[]> =>
      (await listAll(simulator, '/crm/objects/2026-03/contacts?limit=1&archived=true')).map(({ id }) => id);
    expect(await archived()).toEqual([second]);
    simulator.configure({ mergedIdInArchivedList: 'listed' });
    expect(await archived()).toEqual([first, second, third]);
  });

  it('are told of every record that is not live any more', async () => {
    let nowMs = Date.UTC(2026, 5, 1);
    const simulator = await startForTest({ records: { contacts: 30 }, now: () => nowMs });
    const { portal } = simulator;
    const ids = (await listAll(simulator, path)).map((record) => record.id);
    const [purged = '', archived = '', erased = '', first = '', second = '', third = '', restored = ''] = ids;
    portal.archive('contacts', { ids: [purged] });
    nowMs += 91 * 86_400_000;
    portal.purge('contacts');
    portal.archive('contacts', { ids: [archived, restored] });
    portal.restore('contacts', { ids: [restored] });
    portal.gdprDelete('contacts', { ids: [erased] });
    const middle = portal.merge('contacts', first, second);
    const last = portal.merge('contacts', middle, third);
    const lines = (await (await fetch(`${simulator.url}/_sim/truth-gone/contacts`)).text()).trimEnd().split('\n');
    const gone = new Map(lines.map((line) => JSON.parse(line) as { id: string }).map((one) => [one.id, one]));
    const away = { status: 'merged', archived_at: null, survivor: last };
    expect([...gone.keys()].toSorted()).toEqual([purged, archived, erased, first, second, third, middle].toSorted());
    expect(gone.get(purged)).toMatchObject({ status: 'purged', archived_at: '2026-06-01T00:00:00.000Z' });
    expect(gone.get(archived)).toMatchObject({ status: 'archived', archived_at: '2026-08-31T00:00:00.000Z' });
    expect(gone.get(erased)).toMatchObject({ status: 'erased', archived_at: null, survivor: null, merged_into: '' });
    expect(gone.get(first)).toEqual({ id: first, ...away, merged_into: `${middle};${last}` });
    expect(gone.get(third)).toEqual({ id: third, ...away, merged_into: last });
    portal.archive('contacts', { ids: [last] });
    const [chain] = [...portal.truthOfGone('contacts')]
      .join('')
      .split('\n')
      .filter((line) => line.includes(`"id":"${first}"`));
    expect(JSON.parse(chain ?? '')).toMatchObject({ merged_into: `${middle};${last}`, survivor: null });
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

  it('tell an empty value from an unknown property: a null, or no key', async () => {
    const simulator = await startForTest({ records: { contacts: 5 } });
    const { body } = await get(simulator, `${path}&properties=hs_merged_object_ids,no_such_property`);
    expect(body.results.map((record) => record.properties)).toEqual(Array(5).fill({ hs_merged_object_ids: null }));
    const inputs = [{ id: body.results[0]?.id }];
    const properties = ['hs_merged_object_ids', 'no_such_property'];
    const batch = await post(simulator, '/crm/objects/2026-03/contacts/batch/read', { inputs, properties });
    expect(batch.body.results[0]?.properties).toEqual({ hs_merged_object_ids: null });
  });

  it('leave the values of other properties as they were', async () => {
    const simulator = await startForTest({ records: { contacts: 700 } });
    const before = truthById(simulator, 'contacts');
    simulator.portal.addProperty('contacts', { name: 'a_new_one', type: 'string' });
    const after = truthById(simulator, 'contacts');
    for (const [id, row] of before) expect(after.get(id)).toMatchObject(row);
  });
});
