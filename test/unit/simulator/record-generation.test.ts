import { describe, expect, it } from 'vitest';

import { Catalogue } from '../../../simulators/hubspot/catalogue.ts';
import { createIdSpread, firstIndexFrom } from '../../../simulators/hubspot/id-spread.ts';
import { isoText } from '../../../simulators/hubspot/iso-text.ts';
import { objectTypes } from '../../../simulators/hubspot/object-types.ts';
import { propertyTypes } from '../../../simulators/hubspot/property.ts';
import { createRandom } from '../../../simulators/hubspot/seeded-random.ts';
import { listAll, startForTest } from './api-client.ts';

describe('ids', () => {
  it.each([
    ['even', 1],
    ['even', 5_000],
    ['clustered', 1],
    ['clustered', 7],
    ['clustered', 5_000],
  ] as const)('of an %s spread of %i ascend, and each is found again', (spread, count) => {
    const ids = createIdSpread({ spread, count, seed: 3 });
    const all = Array.from({ length: count }, (_, index) => ids.idAt(index));
    expect(all).toEqual([...new Set(all)].sort((a, b) => a - b));
    for (const [index, id] of all.entries()) {
      expect(firstIndexFrom(ids, id)).toBe(index);
      expect(firstIndexFrom(ids, id + 1)).toBe(index + 1);
    }
  });

  it('of a clustered spread lie close together with gaps many orders of magnitude wider', () => {
    const ids = createIdSpread({ spread: 'clustered', count: 10_000, seed: 3 });
    const gaps = Array.from({ length: 9_999 }, (_, index) => ids.idAt(index + 1) - ids.idAt(index));
    expect(Math.min(...gaps)).toBeLessThan(4);
    expect(Math.max(...gaps)).toBeGreaterThan(1e11);
    expect(ids.idAt(0)).toBeLessThan(100);
    expect(String(ids.idAt(9_999))).toHaveLength(12);
  });
});

describe('records', () => {
  it('look like contacts: about 2 kB, a quarter empty, some names beyond ASCII', async () => {
    const simulator = await startForTest({ records: { contacts: 1_000 }, isHostile: false });
    const { properties } = simulator.portal.data('contacts').catalogue;
    const names = properties.map((spec) => spec.name).join();
    const records = await listAll(simulator, `/crm/v3/objects/contacts?limit=100&properties=${names}`);
    const sizes = records.map((record) => JSON.stringify(record).length);
    const meanSize = sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
    expect(meanSize).toBeGreaterThan(1_500);
    expect(meanSize).toBeLessThan(2_500);
    const values = records.flatMap((record) => Object.values(record.properties));
    const nullShare = values.filter((value) => value === null).length / values.length;
    expect(nullShare).toBeGreaterThan(0.2);
    expect(nullShare).toBeLessThan(0.35);
    const foreign = records.filter((record) => /[^ -~]/.test(record.properties['lastname'] ?? ''));
    expect(foreign.length).toBeGreaterThan(10);
    expect(foreign.length).toBeLessThan(60);
    for (const { createdAt, updatedAt } of records) expect(createdAt <= updatedAt).toBe(true);
  });

  it('have properties of every type HubSpot has', () => {
    const { properties } = new Catalogue('contacts');
    expect(properties.length).toBeGreaterThanOrEqual(60);
    expect(new Set(properties.map((spec) => spec.type))).toEqual(new Set(propertyTypes));
    expect(properties.some((spec) => spec.isCalculated)).toBe(true);
    expect(properties.some((spec) => spec.fieldType === 'checkbox')).toBe(true);
  });

  it.each(objectTypes)('of %s can be listed with all their properties', async (type) => {
    const simulator = await startForTest({ records: { [type]: 30 } });
    const { properties } = simulator.portal.data(type).catalogue;
    const names = properties.map((spec) => spec.name);
    const records = await listAll(simulator, `/crm/objects/2026-03/${type}?limit=100&properties=${names.join()}`);
    expect(records).toHaveLength(30);
    for (const record of records) expect(Object.keys(record.properties)).toEqual(names);
  });
});

describe('instants as text', () => {
  it('are as toISOString writes them', () => {
    const random = createRandom(8);
    const instants = [0, -1, 86_399_999, 86_400_000, -86_400_000, Date.UTC(9999, 11, 31, 23, 59, 59, 999)];
    for (let i = 0; i < 500; i++) instants.push(random.between(-1e12, 4e12));
    for (const ms of instants) expect(isoText(ms)).toBe(new Date(ms).toISOString());
  });
});
