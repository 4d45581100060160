import { describe, expect, it } from 'vitest';
import { nearestName, suggestName } from '../../model/nearest-name.ts';

describe('nearestName', () => {
  it.each([
    ['chunkRecord', 'chunkRecords'],
    ['chunkrecords', 'chunkRecords'],
    ['cloumns', 'columns'],
    ['tabel', 'table'],
    ['limit', 'limits'],
    ['zebra', null],
    ['', null],
  ])('%s is %s', (typed, nearest) => {
    expect(nearestName(typed, ['object', 'table', 'columns', 'chunkRecords', 'limits'])).toBe(nearest);
  });

  it('takes the closest, and of equals the first', () => {
    expect(nearestName('deals', ['dealz', 'deal', 'deals'])).toBe('deals');
    expect(nearestName('crm', ['crn', 'cra'])).toBe('crn');
  });
});

describe('suggestName', () => {
  it('asks, lists, or says that there is nothing', () => {
    expect(suggestName('contact', ['contacts', 'deals'])).toBe('did you mean contacts?');
    expect(suggestName('zebra', ['contacts', 'deals'])).toBe('there is contacts, deals');
    expect(suggestName('zebra', [])).toBe('there is none');
  });
});
