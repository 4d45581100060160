import { expect, it } from 'vitest';
import { bringsUpToDate, type ReadExtent } from '../../model/up-to-date.ts';

it.each<[brings: boolean, extent: Omit<ReadExtent, 'scope'> & Partial<ReadExtent>]>([
  [true, { mode: 'incremental', outcome: 'idle' }],
  [true, { mode: 'incremental', outcome: 'changed' }],
  [false, { mode: 'incremental', outcome: 'staged' }],
  [false, { mode: 'incremental', outcome: 'needsBackfill', full: null }],
  [true, { mode: 'incremental', outcome: 'fullSync', full: {} }],
  [false, { mode: 'incremental', outcome: 'fullSync', full: null }],
  [true, { mode: 'backfill', vanished: null }],
  [false, { mode: 'backfill', scope: 'limit' }],
  [false, { mode: 'backfill', scope: 'ids' }],
  [false, { mode: 'backfill', scope: 'range' }],
  [true, { mode: 'reconcile', vanished: { approval: 'notNeeded' } }],
  [true, { mode: 'reconcile', vanished: { approval: 'approved' } }],
  [false, { mode: 'reconcile', vanished: { approval: 'lapsed' } }],
  [false, { mode: 'reconcile', vanished: null }],
  [false, { mode: 'softDelete', vanished: { approval: 'notNeeded' } }],
  [false, { mode: 'resync' }],
])('%s: %j', (brings, extent) => {
  expect(bringsUpToDate({ scope: 'whole', ...extent })).toBe(brings);
});
