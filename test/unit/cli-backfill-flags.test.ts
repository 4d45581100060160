import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { backfillInputs, parseIds, type BackfillFlags } from '../../client/backfill-flags.ts';
import { CliError } from '../../client/cli-error.ts';

const contacts = ['crm.contacts'];

describe('backfillInputs', () => {
  it.each<[BackfillFlags, object]>([
    [{}, { stream: 'crm.contacts' }],
    [{ wait: true, timeout: '10m' }, { stream: 'crm.contacts' }],
    [{ limit: '100' }, { stream: 'crm.contacts', limit: 100 }],
    [{ chunkRecords: '20000' }, { stream: 'crm.contacts', chunkRecords: 20_000 }],
    [{ ids: '1,2' }, { stream: 'crm.contacts', ids: ['1', '2'] }],
    [{ resume: true }, { stream: 'crm.contacts', resume: 'require' }],
    [{ fresh: true }, { stream: 'crm.contacts', resume: 'never' }],
  ])('%j', (flags, expected) => expect(backfillInputs(contacts, flags)).toEqual([expected]));

  it('gives each stream its own', () => {
    expect(backfillInputs(['crm.contacts', 'crm.deals'], { limit: '5' })).toEqual([
      { stream: 'crm.contacts', limit: 5 },
      { stream: 'crm.deals', limit: 5 },
    ]);
  });

  it.each<[string, readonly string[], BackfillFlags]>([
    ['--timeout needs --wait', contacts, { timeout: '10m' }],
    ['--resume and --fresh exclude each other', contacts, { resume: true, fresh: true }],
    ['--limit and --ids exclude each other', contacts, { limit: '1', ids: '1' }],
    ['--limit and --ids have no resume point', contacts, { limit: '1', fresh: true }],
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
