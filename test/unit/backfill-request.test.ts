import { describe, expect, it } from 'vitest';
import { checkBackfillRequest, type BackfillRequest } from '../../model/backfill-request.ts';

const now = '2026-11-20T12:00:00.000Z';
const settings = { chunkRecords: 25_000, fewestPerChunk: 20_000, now };

describe('checkBackfillRequest', () => {
  it.each<[BackfillRequest, object, number]>([
    [{}, { kind: 'whole' }, 25_000],
    [{ chunkRecords: 50_000 }, { kind: 'whole' }, 50_000],
    [{ limit: 10 }, { kind: 'limit', limit: 10 }, 25_000],
    [{ limit: 10, chunkRecords: 5 }, { kind: 'limit', limit: 10 }, 5],
    [{ ids: ['1', '2', '1'] }, { kind: 'ids', ids: ['1', '2'] }, 25_000],
    [{ createdAfter: '2026-01-31' }, { kind: 'range', created: { from: '2026-01-31T00:00:00.000Z', to: now } }, 25_000],
    [
      { createdBefore: '2026-01-31T10:00:00+02:00' },
      { kind: 'range', created: { from: '1970-01-01T00:00:01.000Z', to: '2026-01-31T08:00:00.000Z' } },
      25_000,
    ],
  ])('%j', (request, scope, chunkRecords) => {
    expect(checkBackfillRequest(request, settings)).toEqual({
      scope,
      chunkRecords,
      resume: 'auto',
      replaces: false,
      adopts: false,
    });
  });

  it('a replacement begins anew', () => {
    expect(checkBackfillRequest({ replace: true }, settings)).toMatchObject({ resume: 'never', replaces: true });
  });

  it('an adoption reads nothing', () => {
    expect(checkBackfillRequest({ adopt: true }, settings)).toMatchObject({ scope: { kind: 'whole' }, adopts: true });
  });

  it.each<[string, BackfillRequest]>([
    ['adopt', { adopt: true, limit: 5 }],
    ['adopt', { adopt: true, ids: ['1'] }],
    ['adopt', { adopt: true, createdAfter: '2026-01-01' }],
    ['adopt', { adopt: true, replace: true }],
    ['adopt', { adopt: true, resume: 'never' }],
    ['adopt', { adopt: 'false' as never }],
    ['limit', { limit: 0 }],
    ['limit', { limit: 1.5 }],
    ['limit', { limit: 5, ids: ['1'] }],
    ['limit', { limit: 5, createdAfter: '2026-01-01' }],
    ['limit', { ids: ['1'], createdBefore: '2026-01-01' }],
    ['createdAfter', { createdAfter: 'yesterday' }],
    ['createdAfter', { createdAfter: '2026-02-01', createdBefore: '2026-01-01' }],
    ['createdBefore', { createdBefore: 7 as never }],
    ['replace', { replace: true, limit: 5 }],
    ['replace', { replace: 'yes' as never }],
    ['resume', { replace: true, resume: 'require' }],
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
