import { describe, expect, it } from 'vitest';
import { checkBackfillRequest, type BackfillRequest } from '../../model/backfill-request.ts';

const settings = { chunkRecords: 25_000, fewestPerChunk: 20_000 };

describe('checkBackfillRequest', () => {
  it.each<[BackfillRequest, object, number]>([
    [{}, { kind: 'whole' }, 25_000],
    [{ chunkRecords: 50_000 }, { kind: 'whole' }, 50_000],
    [{ limit: 10 }, { kind: 'limit', limit: 10 }, 25_000],
    [{ limit: 10, chunkRecords: 5 }, { kind: 'limit', limit: 10 }, 5],
    [{ ids: ['1', '2', '1'] }, { kind: 'ids', ids: ['1', '2'] }, 25_000],
  ])('%j', (request, scope, chunkRecords) => {
    expect(checkBackfillRequest(request, settings)).toEqual({ scope, chunkRecords, resume: 'auto' });
  });

  it.each<[string, BackfillRequest]>([
    ['limit', { limit: 0 }],
    ['limit', { limit: 1.5 }],
    ['limit', { limit: 5, ids: ['1'] }],
    ['ids', { ids: [] }],
    ['ids', { ids: Array.from({ length: 1_001 }, (_, i) => String(i)) }],
    ['ids', { ids: ['1; drop'] }],
    ['resume', { resume: 'fresh' as never }],
    ['chunkRecords', { chunkRecords: 19_999 }],
    ['chunkRecords', { chunkRecords: 50_001 }],
  ])('a bad %s is one clear error (%j)', (field, request) => {
    expect(() => checkBackfillRequest(request, settings)).toThrow(`backfill input "${field}" cannot be used`);
  });
});
