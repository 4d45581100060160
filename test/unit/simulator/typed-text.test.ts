import { describe, expect, it } from 'vitest';

import { contactProperties } from '../../../simulators/hubspot/catalogue/contacts.ts';
import type { PropertyType } from '../../../simulators/hubspot/property.ts';
import {
  hostileDates,
  hostileInstants,
  hostileNumbers,
  hostileTexts,
  hostileValue,
  longestBody,
} from '../../../simulators/hubspot/hostile-values.ts';
import { typedText } from '../../../simulators/hubspot/typed-text.ts';
import { listAll, startForTest, truthById } from './api-client.ts';

const numbers: Readonly<Record<string, string | null>> = {
  '': null,
  '12345678901234567890': '12345678901234567890',
  '-12345678901234567890': '-12345678901234567890',
  '20000000000000000000': '20000000000000000000',
  '9007199254740993': '9007199254740993',
  '0.200000000000000011102230246251565404236316680908203125': '0.2',
  '1.5e-7': '0.00000015',
  '2E3': '2000',
  '1E+2': '100',
  '0.0000000005': '0',
  '0.0000000015': '0.000000002',
  '0.0000000025': '0.000000002',
  '-0.0000000005': '0',
  '-0.0000000015': '-0.000000002',
  '-0.0000000025': '-0.000000002',
  '0.00000000050000000001': '0.000000001',
  '99.9999999995': '100',
  '0.0000000004999': '0',
  '0': '0',
  '-0': '0',
  '100.000': '100',
  '12.50': '12.5',
};

const dates: Readonly<Record<string, string | null>> = {
  '': null,
  '2024-02-29': '2024-02-29',
  '1900-01-01': '1900-01-01',
  '9999-12-31': '9999-12-31',
  '0': '1970-01-01',
  '1709164800000': '2024-02-29',
  '-86400000': '1969-12-31',
  '2024-02-29T00:00:00Z': '2024-02-29',
  '2024-02-29T00:00:00.000Z': '2024-02-29',
};

const instants: Readonly<Record<string, string | null>> = {
  '': null,
  '2024-02-29T23:59:59.999Z': '2024-02-29T23:59:59.999Z',
  '2024-02-29T23:59:59Z': '2024-02-29T23:59:59.000Z',
  '1709251199999': '2024-02-29T23:59:59.999Z',
  '0': '1970-01-01T00:00:00.000Z',
  '-1': '1969-12-31T23:59:59.999Z',
  '1900-01-01T00:00:00Z': '1900-01-01T00:00:00.000Z',
  '9999-12-31T23:59:59.999Z': '9999-12-31T23:59:59.999Z',
};

function typed(type: PropertyType, raws: readonly string[]): Record<string, string | null> {
  return Object.fromEntries(raws.map((raw) => [raw, typedText(type, raw)]));
}

describe('typed text', () => {
  it('of every hostile number, date and instant', () => {
    expect(typed('number', hostileNumbers)).toEqual(numbers);
    expect(typed('date', hostileDates)).toEqual(dates);
    expect(typed('datetime', hostileInstants)).toEqual(instants);
  });

  it('of text is the text, cleared values included', () => {
    for (const text of hostileTexts) {
      for (const type of ['string', 'enumeration', 'phone_number'] as const) expect(typedText(type, text)).toBe(text);
      expect(text).not.toContain('\0');
    }
    expect(longestBody).toHaveLength(65_536);
  });

  it.each([
    ['number', '12,5k'],
    ['number', '.'],
    ['number', 'NaN'],
    ['number', ' 1'],
    ['number', '1e30'],
    ['bool', 'yes'],
    ['date', 'not a date'],
    ['date', '2023-02-29'],
    ['datetime', '2024-13-01T00:00:00Z'],
    ['datetime', 'tomorrow'],
  ] as const)('of a %s that reads %j is null', (type, raw) => {
    expect(typedText(type, raw)).toBeNull();
  });

  it('of the widest decimal is whole', () => {
    const widest = `${'9'.repeat(29)}.${'9'.repeat(9)}`;
    expect(typedText('number', widest)).toBe(widest);
    expect(typedText('number', `${widest}5`)).toBeNull();
  });
});

describe('hostile records', () => {
  it('hold every hostile value of every type somewhere in a small set', async () => {
    const simulator = await startForTest({ records: { contacts: 500, notes: 20 } });
    const names = contactProperties.map((spec) => spec.name).join();
    const records = await listAll(simulator, `/crm/v3/objects/contacts?limit=100&properties=${names}`);
    const seen = (type: PropertyType): Set<string | null | undefined> =>
      new Set(
        contactProperties
          .filter((spec) => spec.type === type)
          .flatMap((spec) => records.map((record) => record.properties[spec.name])),
      );
    expect([...seen('string')]).toEqual(expect.arrayContaining([...hostileTexts]));
    expect([...seen('number')]).toEqual(expect.arrayContaining([...hostileNumbers]));
    expect([...seen('date')]).toEqual(expect.arrayContaining([...hostileDates]));
    expect([...seen('datetime')]).toEqual(expect.arrayContaining([...hostileInstants]));
    expect(seen('bool')).toEqual(new Set([null, '', 'true', 'false']));
    const notes = await listAll(simulator, '/crm/v3/objects/notes?limit=10&properties=hs_note_body');
    expect(notes.some((note) => note.properties['hs_note_body'] === longestBody)).toBe(true);
  });

  it('keep their identity and their envelope', () => {
    const kept = contactProperties.filter((spec) =>
      ['hs_object_id', 'email', 'createdate', 'lastmodifieddate', 'hs_merged_object_ids'].includes(spec.name),
    );
    expect(kept).toHaveLength(5);
    for (const spec of kept) for (let i = 0; i < 100; i++) expect(hostileValue(spec, i)).toBeUndefined();
  });

  it('are absent on request', async () => {
    const simulator = await startForTest({ records: { contacts: 300 }, isHostile: false });
    const texts = [...truthById(simulator, 'contacts').values()].flatMap((row) => Object.values(row));
    expect(texts).not.toContain('');
    expect(texts).not.toContain('\\N');
  });
});

describe('unconvertible values', () => {
  it('stand in two properties of a known set of records and are null in the truth', async () => {
    const simulator = await startForTest({ records: { contacts: 100 }, unconvertibleEvery: 10, isHostile: false });
    const values = simulator.portal.unconvertible('contacts');
    expect(values).toHaveLength(20);
    expect(new Set(values.map(({ property }) => property))).toEqual(new Set(['annualrevenue', 'closedate_target']));
    const [id = ''] = values.map((value) => value.id);
    expect(truthById(simulator, 'contacts').get(id)).toMatchObject({ annualrevenue: null, closedate_target: null });
    const record = (await listAll(simulator, '/crm/v3/objects/contacts?limit=100&properties=annualrevenue')).find(
      (r) => r.id === id,
    );
    expect(record?.properties['annualrevenue']).toBe('12,5k');
    simulator.portal.change('contacts', { ids: [id], values: { annualrevenue: '1' } });
    expect(simulator.portal.unconvertible('contacts')).toHaveLength(19);
  });

  it('do not occur unasked', async () => {
    const simulator = await startForTest({ records: { contacts: 500 } });
    expect(simulator.portal.unconvertible('contacts')).toEqual([]);
  });
});
