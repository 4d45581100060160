import { describe, expect, it } from 'vitest';
import { countRecords } from '../../activities/count-records.ts';
import { SyncError } from '../../model/errors.ts';
import type { Log } from '../../model/log.ts';
import type { Source } from '../../model/source.ts';

const warnings: unknown[] = [];
const log = { warn: (...said: unknown[]) => void warnings.push(said) } as unknown as Log;

function count(answer: () => Promise<unknown>, signal = new AbortController().signal) {
  const source = { countRecords: answer } as unknown as Source;
  return countRecords({ source, object: 'contacts', traffic: 'bulk', log }, signal);
}

describe('a count that is a hint only', () => {
  it('is what the source says', async () => {
    const told = { records: 12, requests: {} };
    expect(await count(async () => told)).toBe(told);
  });

  it('is left out, and said, where the source cannot count now', async () => {
    const away = new SyncError('Unavailable', 'search answered 502');
    expect(await count(() => Promise.reject(away))).toBeNull();
    expect(warnings).toEqual([[{ object: 'contacts', reason: 'search answered 502' }, expect.any(String)]]);
  });

  it('hides neither a fault of ours nor a cancellation', async () => {
    await expect(count(() => Promise.reject(new TypeError('of ours')))).rejects.toThrow('of ours');
    const cancelled = AbortSignal.abort(new Error('cancelled'));
    await expect(count(() => Promise.reject(new SyncError('Unavailable', 'away')), cancelled)).rejects.toThrow(
      'cancelled',
    );
  });
});
