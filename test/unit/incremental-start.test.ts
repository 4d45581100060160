import { describe, expect, it } from 'vitest';
import type { StreamState } from '../../model/destination.ts';
import { decideIncremental, mostHitsToSearch } from '../../model/incremental-start.ts';

const positions = { fast: '2026-11-20T12:00:00.000Z', settled: '2026-11-20T11:00:00.000Z' };
const backfilled: StreamState = {
  generation: 1,
  positions,
  isUnreadable: false,
  liveRows: 100,
  backfill: 'done',
  reconciledAt: null,
  access: null,
  comparedColumns: null,
};
const untouched: StreamState = { ...backfilled, generation: 0, positions: null, liveRows: null, backfill: 'none' };

describe('decideIncremental', () => {
  it.each<[string, StreamState, string]>([
    ['positions', backfilled, 'incremental'],
    ['never backfilled', untouched, 'needsBackfill'],
    [
      'a backfill that is not complete',
      { ...untouched, generation: 1, liveRows: 40, backfill: 'unfinished' },
      'needsBackfill',
    ],
    ['only a look at some records', { ...untouched, generation: 1, liveRows: 40 }, 'needsBackfill'],
    ['a table that is gone, or is another one by now', { ...backfilled, liveRows: null }, 'fullSync'],
    ['positions lost', { ...backfilled, positions: null }, 'fullSync'],
    ['positions that cannot be read', { ...backfilled, positions: null, isUnreadable: true }, 'fullSync'],
    ['rows without any ledger', { ...untouched, liveRows: 40 }, 'fullSync'],
    ['an empty table without any ledger', { ...untouched, liveRows: 0 }, 'needsBackfill'],
    ['after a reset', { ...untouched, generation: 2, liveRows: 40 }, 'needsBackfill'],
  ])('%s', (_, state, kind) => {
    expect(decideIncremental(state, { neverBackfilled: 'wait' }).kind).toBe(kind);
  });

  it('backfills by itself where config says so', () => {
    expect(decideIncremental(untouched, { neverBackfilled: 'fullSync' }).kind).toBe('fullSync');
  });
});

describe('mostHitsToSearch', () => {
  it.each([
    [null, null],
    [100, 2_000],
    [200_000, 106_000],
  ])('%s rows → %s', (rows, hits) => {
    expect(mostHitsToSearch(rows)).toBe(hits);
  });
});
