import { describe, expect, it } from 'vitest';
import type { Column } from '../../model/column.ts';
import { mergedIds, mergedTombstones } from '../../sources/hubspot/merged-records.ts';
import { pageEncoder } from '../../sources/hubspot/record-row.ts';

const column = (name: string, type: Column['type'], more: Partial<Column> = {}): Column => ({
  name,
  property: name,
  type,
  ...more,
});

const seenAt = '2026-11-20T10:00:00.000Z';

function encode(columns: readonly Column[], properties: Record<string, string | null>) {
  const plan = { columns, versionProperty: 'hs_lastmodifieddate' } as unknown as Parameters<typeof pageEncoder>[0];
  const { rows, ...rest } = pageEncoder(plan)([{ id: 7, properties, updatedAt: '2026-01-02T00:00:00.000Z' }], seenAt);
  return { row: rows[0]!, ...rest };
}

describe('a row of HubSpot', () => {
  it('has the form of what the source writes, where the column has become wider', () => {
    const columns = [
      column('amount', 'text', { sourceType: 'decimal' }),
      column('closed', 'text', { sourceType: 'timestamp' }),
      column('was_number', 'text'),
      column('count', 'decimal', { sourceType: 'integer' }),
    ];
    const { row, roundedValues } = encode(columns, {
      amount: '0.20000000000000001110',
      closed: '1767225600000',
      was_number: '0.20000000000000001110',
      count: '12',
    });
    expect(row.slice(1, 5)).toEqual(['0.2', '2026-01-01T00:00:00.000Z', '0.20000000000000001110', '12']);
    expect(roundedValues).toBe(1);
  });

  it('tells columns whose property came not at all from those without a value', () => {
    const columns = [
      column('here', 'text'),
      column('empty', 'text'),
      column('cleared', 'text'),
      column('gone', 'text'),
    ];
    const { row, absentColumns } = encode(columns, { here: 'x', empty: null, cleared: '' });
    expect(row.slice(1, 5)).toEqual(['x', null, '', null]);
    expect(absentColumns).toEqual(['gone']);
  });
});

describe('merged records of HubSpot', () => {
  it.each([
    [{}, []],
    [{ hs_merged_object_ids: null, hs_calculated_merged_vids: '' }, []],
    [{ hs_merged_object_ids: '5;6' }, ['5', '6']],
    [{ hs_merged_object_ids: '5;7', hs_calculated_merged_vids: '7:1600000000000;6:1600000000001;5:1' }, ['5', '6']],
    [{ hs_merged_object_ids: ' 5 ;;x;' }, ['5']],
  ])('are those that %j lists, without the record itself', (properties, ids) => {
    expect(mergedIds({ id: '7', properties })).toEqual(ids);
  });

  it('have tombstones that name what they became', () => {
    const tombstones = mergedTombstones({ id: 7, properties: { hs_merged_object_ids: '5' } }, seenAt);
    expect(tombstones).toEqual([['5', 'merged', null, '7', seenAt]]);
  });
});
