import { describe, expect, it } from 'vitest';
import { approvalReason, type VanishedFacts } from '../../model/breaker.ts';

const calm: VanishedFacts = {
  differing: 0,
  vanished: 0,
  liveRows: 1_000,
  listed: 1_000,
  accessBefore: 'portal 1',
  accessNow: 'portal 1',
};

describe('approvalReason', () => {
  it.each<[string, Partial<VanishedFacts>]>([
    ['nothing vanished', {}],
    ['few rows of a small table', { vanished: 50, liveRows: 60, listed: 10 }],
    ['a small share of a large table', { vanished: 50_000, liveRows: 1_000_000 }],
    ['access that was never noted', { vanished: 3, accessBefore: null }],
    ['another account, and nothing differs', { accessNow: 'portal 2' }],
    ['an empty source and an empty table', { liveRows: 0, listed: 0 }],
  ])('flags at once: %s', (_, facts) => {
    expect(approvalReason({ ...calm, ...facts })).toBeNull();
  });

  it.each<[string, Partial<VanishedFacts>, string]>([
    ['over both bounds', { vanished: 51, liveRows: 1_000 }, '51 of 1000 live rows (5.1 %)'],
    ['an empty list, however small the table', { vanished: 2, liveRows: 2, listed: 0 }, 'lists no record'],
    ['another access', { differing: 1, accessNow: 'portal 2' }, 'the credentials see portal 2'],
  ])('waits: %s', (_, facts, reason) => {
    expect(approvalReason({ ...calm, ...facts })).toContain(reason);
  });
});
