import { describe, expect, it } from 'vitest';
import { buildPlan } from '../../activities/build-plan.ts';
import { changedColumns } from '../../activities/changed-columns.ts';
import type { ActivityDeps } from '../../activities/deps.ts';
import type { Column, ColumnType } from '../../model/column.ts';
import { fitPlan } from '../../model/fit-plan.ts';
import type { ObjectDescription } from '../../model/source.ts';
import type { StreamSettings } from '../../model/stream-settings.ts';
import { column, contactsPlan } from '../support/staged-records.ts';

const property = (name: string, type: ColumnType) => ({
  name,
  label: name,
  sourceType: type,
  type,
  isCalculated: false,
});
const description = {
  object: 'contacts',
  keyType: 'integer',
  versionProperty: null,
  properties: [property('teams', 'text'), property('visits', 'decimal')],
  can: { associate: false },
} as unknown as ObjectDescription;

const planWith = (jsonProperties: readonly string[]) =>
  buildPlan(
    {
      stream: 'crm.contacts',
      pipeline: 'crm',
      source: 'crm',
      destination: 'local',
      object: 'contacts',
      table: contactsPlan.table,
      columns: null,
      hashedProperties: [],
      jsonProperties,
    } as unknown as StreamSettings,
    description,
  );

describe('properties whose text is JSON', () => {
  it('are columns of that type, and others are what they were', () => {
    expect(planWith(['teams']).columns).toEqual([column('teams', 'json'), column('visits', 'decimal')]);
  });

  it.each([
    ['visits', 'crm.contacts: property "visits" of contacts is decimal, no JSON'],
    ['teems', 'crm.contacts: contacts has no property "teems"'],
  ])('are texts that there are: not %s', (name, message) => {
    expect(() => planWith([name])).toThrow(expect.objectContaining({ kind: 'ConfigInvalid', message }));
  });

  it('have not changed their type as long as the source sends texts', async () => {
    const plan = planWith(['teams']);
    const of = (type: ColumnType) => {
      const described = { ...description, properties: [property('teams', type)] };
      const deps = { source: async () => ({ describeObject: async () => described }) } as unknown as ActivityDeps;
      return changedColumns(deps, { plan, columns: ['teams'] }, new AbortController().signal);
    };
    expect(await of('text')).toEqual([]);
    expect(await of('decimal')).toEqual([{ name: 'teams', sourceType: 'decimal' }]);
  });

  it.each([
    ['text', 'json', 'evolve', 'refused'],
    ['decimal', 'json', 'evolve', 'refused'],
    ['text', 'json', 'freeze', 'refused'],
    ['text', 'json', 'discard', 'text'],
    ['json', 'json', 'evolve', 'json'],
    ['json', 'text', 'evolve', 'text'],
    ['json', 'text', 'discard', 'json'],
  ] as const)('in a table of %s, to be %s under %s: %s', (present, asked, contract, expected) => {
    const columns: Column[] = [column('teams', asked)];
    const fit = () =>
      fitPlan(
        { ...contactsPlan, columns, contract },
        new Map([
          ['id', 'integer'],
          ['teams', present],
        ]),
        (type) => type as ColumnType,
      ).plan.columns[0]!.type;
    if (expected === 'refused') expect(fit).toThrow(expect.objectContaining({ kind: 'SchemaConflict' }));
    else expect(fit()).toBe(expected);
  });
});
