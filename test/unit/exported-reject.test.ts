import { describe, expect, it } from 'vitest';
import { encodeRejects, exportHeader, type ExportedForm } from '../../activities/exported-reject.ts';
import type { KeptReject } from '../../model/reject.ts';

const value: KeptReject = {
  run: 'run-1',
  recordId: '9007199254740993',
  column: 'annualrevenue',
  reason: 'does not convert to DECIMAL(38,9)',
  sourceType: 'decimal',
  columnType: 'DECIMAL(38,9)',
  createdAt: '2026-01-02T03:04:05.000Z',
  kept: 'value',
  payload: '12,5k "net"',
};
const record: KeptReject = {
  ...value,
  recordId: null,
  column: 'id',
  reason: 'record has no key',
  kept: 'record',
  payload: JSON.stringify({ id: null, Email: 'ada@example.com', city: 'London' }),
};
const form = (some: Partial<ExportedForm> = {}): ExportedForm => ({
  stream: 'crm.contacts',
  format: 'csv',
  values: 'leaveOut',
  hashedProperties: [],
  ...some,
});
const lines = (some: Partial<ExportedForm>, ...rejects: KeptReject[]) =>
  encodeRejects(rejects, form({ format: 'jsonl', values: 'include', ...some }))
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { value?: string | null }).value);

describe('an exported reject', () => {
  it('is a line of CSV, without its value', () => {
    expect(exportHeader(form())).toBe('stream,record_id,column,reason,source_type,column_type,at,run\n');
    expect(encodeRejects([value, record], form())).toBe(
      'crm.contacts,9007199254740993,annualrevenue,"does not convert to DECIMAL(38,9)",decimal,"DECIMAL(38,9)",2026-01-02T03:04:05.000Z,run-1\n' +
        'crm.contacts,,id,record has no key,decimal,"DECIMAL(38,9)",2026-01-02T03:04:05.000Z,run-1\n',
    );
  });

  it('has its value where that is asked for', () => {
    const asked = form({ values: 'include' });
    expect(exportHeader(asked)).toMatch(/,run,value\n$/);
    expect(encodeRejects([value], asked)).toMatch(/,run-1,"12,5k ""net"""\n$/);
  });

  it('is a line of JSON, with a 64-bit id as text', () => {
    expect(exportHeader(form({ format: 'jsonl' }))).toBe('');
    expect(JSON.parse(encodeRejects([value], form({ format: 'jsonl' })))).toEqual({
      stream: 'crm.contacts',
      record_id: '9007199254740993',
      column: 'annualrevenue',
      reason: 'does not convert to DECIMAL(38,9)',
      source_type: 'decimal',
      column_type: 'DECIMAL(38,9)',
      at: '2026-01-02T03:04:05.000Z',
      run: 'run-1',
    });
  });

  it.each([
    ['a hashed column', value, ['AnnualRevenue'], null],
    ['a hashed column whose name was taken', { ...value, column: 'annualrevenue_2' }, ['annualrevenue'], null],
    ['another column', value, ['email'], value.payload],
    ['a whole record', record, ['email'], '{"id":null,"city":"London"}'],
    ['an erased record', { ...record, payload: null }, ['email'], null],
  ])('leaves out values of hashed properties: %s', (_, reject, hashedProperties, expected) => {
    expect(lines({ hashedProperties }, reject)).toEqual([expected]);
  });
});
