import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { backfillInputs, type BackfillFlags } from '../../client/backfill-flags.ts';
import { CliError } from '../../client/cli-error.ts';
import { parseIds } from '../../client/id-list.ts';

const contacts = ['crm.contacts'];

describe('backfillInputs', () => {
  it.each<[BackfillFlags, object]>([
    [{}, { stream: 'crm.contacts' }],
    [{ wait: true, timeout: '10m' }, { stream: 'crm.contacts' }],
    [{ limit: '100' }, { stream: 'crm.contacts', limit: 100 }],
    [{ chunkRecords: '20000' }, { stream: 'crm.contacts', chunkRecords: 20_000 }],
    [{ ids: '1,2' }, { stream: 'crm.contacts', ids: ['1', '2'] }],
    [{ resume: true }, { stream: 'crm.contacts', resume: 'require' }],
    [
      { replace: true, fresh: true },
      { stream: 'crm.contacts', replace: true, resume: 'never' },
    ],
    [{ createdAfter: '2026-01-31' }, { stream: 'crm.contacts', createdAfter: '2026-01-31T00:00:00.000Z' }],
    [
      { createdAfter: '2026-01-31T10:00:00+02:00', createdBefore: '2026-02-01' },
      {
        stream: 'crm.contacts',
        createdAfter: '2026-01-31T08:00:00.000Z',
        createdBefore: '2026-02-01T00:00:00.000Z',
      },
    ],
    [{ fresh: true }, { stream: 'crm.contacts', resume: 'never' }],
    [
      { adopt: true, yes: true, wait: true },
      { stream: 'crm.contacts', adopt: true },
    ],
  ])('%j', (flags, expected) => expect(backfillInputs(contacts, flags)).toEqual([expected]));

  it('gives each stream its own', () => {
    expect(backfillInputs(['crm.contacts', 'crm.deals'], { limit: '5' })).toEqual([
      { stream: 'crm.contacts', limit: 5 },
      { stream: 'crm.deals', limit: 5 },
    ]);
  });

  it.each<[string, readonly string[], BackfillFlags]>([
    ['--resume and --fresh exclude each other', contacts, { resume: true, fresh: true }],
    ['--limit and --ids exclude each other', contacts, { limit: '1', ids: '1' }],
    ['--limit has no resume point', contacts, { limit: '1', fresh: true }],
    ['--created-before has no resume point', contacts, { createdBefore: '2026-01-01', resume: true }],
    ['--limit and --created-after exclude each other', contacts, { limit: '1', createdAfter: '2026-01-01' }],
    ['--ids and --created-before exclude each other', contacts, { ids: '1', createdBefore: '2026-01-01' }],
    ['--replace and --resume exclude each other', contacts, { replace: true, resume: true }],
    ['--replace and --limit exclude each other', contacts, { replace: true, limit: '1' }],
    ['--replace and --ids exclude each other', contacts, { replace: true, ids: '1' }],
    ['--replace and --created-after exclude each other', contacts, { replace: true, createdAfter: '2026-01-01' }],
    ['--created-after "2026-02-31" is not a date or an instant', contacts, { createdAfter: '2026-02-31' }],
    ['--created-after "2026-01-31T10:00" is not a date or an instant', contacts, { createdAfter: '2026-01-31T10:00' }],
    [
      '--created-after has to be earlier than --created-before',
      contacts,
      { createdAfter: '2026-02-01', createdBefore: '2026-01-31' },
    ],
    ['--adopt and --limit exclude each other', contacts, { adopt: true, limit: '1' }],
    ['--adopt and --created-before exclude each other', contacts, { adopt: true, createdBefore: '2026-01-01' }],
    ['--adopt and --replace exclude each other', contacts, { adopt: true, replace: true }],
    ['--adopt and --resume exclude each other', contacts, { adopt: true, resume: true }],
    ['--adopt and --fresh exclude each other', contacts, { adopt: true, fresh: true }],
    ['--adopt and --chunk-records exclude each other', contacts, { adopt: true, chunkRecords: '20000' }],
    ['--dry-run and --wait exclude each other', contacts, { adopt: true, dryRun: true, wait: true }],
    ['--dry-run is for --adopt', contacts, { dryRun: true }],
    ['--yes is for --adopt', contacts, { yes: true }],
    ['--ids is for one stream', ['crm.contacts', 'crm.deals'], { ids: '1' }],
    ['--limit "0" is not a whole number above 0', contacts, { limit: '0' }],
    ['--limit "1e3" is not a whole number above 0', contacts, { limit: '1e3' }],
    ['--chunk-records "-5" is not a whole number above 0', contacts, { chunkRecords: '-5' }],
  ])('refuses: %s', (message, streams, flags) => {
    const error = thrownBy(() => backfillInputs(streams, flags));
    expect(error.message).toBe(message);
    expect(error.exitCode).toBe(2);
  });
});

describe('parseIds', () => {
  it('takes commas and white space, and each id once', () => {
    expect(parseIds(' 3, 1 2,,3\n')).toEqual(['3', '1', '2']);
  });

  it('keeps ids beyond 2^53 exact', () => expect(parseIds('12345678901234567890')).toEqual(['12345678901234567890']));

  it('reads @file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-ids-'));
    try {
      writeFileSync(join(folder, 'ids.txt'), '10\n20\r\n30,40\n');
      expect(parseIds(`@${join(folder, 'ids.txt')}`)).toEqual(['10', '20', '30', '40']);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it.each([
    [' , ', '--ids names no id'],
    ['@no/such/file', '--ids: cannot read no/such/file (ENOENT)'],
    [Array.from({ length: 1_001 }, (_, id) => id).join(), '--ids names 1001 ids; at most 1000 go into one run'],
    [Array.from({ length: 100_000 }, (_, id) => id).join(), '--ids names 100000 ids; at most 1000 go into one run'],
  ])('refuses %.20s', (text, message) => expect(thrownBy(() => parseIds(text)).message).toBe(message));
});

function thrownBy(act: () => unknown): CliError {
  try {
    act();
  } catch (error) {
    if (error instanceof CliError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
