import { describe, expect, it } from 'vitest';
import { checkCount, mayStretch, noCounts, type CountHistory } from '../../model/count-check.ts';

const at = (minute: number): string => new Date(Date.UTC(2026, 10, 20, 0, minute)).toISOString();

/** Feeds counts, one every ten minutes, and tells at which a reconciliation was called. */
function callsAt(records: readonly number[], liveRows = 10_000): number[] {
  let history: CountHistory = noCounts;
  const calls: number[] = [];
  for (const [n, count] of records.entries()) {
    const checked = checkCount(history, { records: count, liveRows, now: at(n * 10), earliestMs: 3_600_000 });
    history = checked.history;
    if (checked.callsReconcile) calls.push(n);
  }
  return calls;
}

describe('checkCount', () => {
  it.each<[string, readonly number[], readonly number[]]>([
    ['counts that fit call nothing', [10_000, 10_003, 9_998, 10_005], []],
    ['an index that trails for a while calls nothing', [9_900, 10_000, 9_900, 10_000], []],
    ['a difference that lasts calls once', [9_900, 9_900, 9_900, 9_900, 9_900], [2]],
    ['what a reconciliation left standing calls no second one', Array.from({ length: 40 }, () => 9_900), [2]],
    [
      'a new difference calls again, after the shortest interval',
      [...Array<number>(3).fill(9_900), ...Array<number>(9).fill(9_700)],
      [2, 8],
    ],
    [
      'a difference that was mended and comes back calls again',
      [9_900, 9_900, 9_900, 10_000, 9_900, 9_900, 9_900, 9_900, 9_900, 9_900],
      [2, 8],
    ],
    ['more records than rows count too', [10_100, 10_100, 10_100], [2]],
  ])('%s', (_, records, calls) => {
    expect(callsAt(records)).toEqual(calls);
  });
});

describe('mayStretch', () => {
  const fits = { reconciledAt: at(0), now: at(60), latestMs: 7_200_000, records: 500, liveRows: 500 };
  it.each<[string, Partial<typeof fits> | { reconciledAt: null } | { records: null }, boolean]>([
    ['counts fit and the last one is recent', {}, true],
    ['the last one is too old', { now: at(120) }, false],
    ['never reconciled', { reconciledAt: null }, false],
    ['a count that does not fit', { records: 499 }, false],
    ['a source that cannot count', { records: null }, false],
  ])('%s', (_, facts, expected) => {
    expect(mayStretch({ ...fits, ...facts })).toBe(expected);
  });
});
