import { describe, expect, it } from 'vitest';
import { isEqual, verifyText } from '../../client/verify-text.ts';
import { zeroRequests } from '../../model/batch.ts';
import type { ListingReport } from '../../model/comparison.ts';

const none = { count: 0, ids: [] };
const equal: ListingReport = {
  sourceRecords: 4_000,
  liveRows: 4_000,
  missing: none,
  extra: none,
  stale: none,
  differing: none,
  sampled: 1_000,
  buckets: [
    { bucket: 0, source: 'a', destination: 'a' },
    { bucket: 1, source: 'b', destination: 'b' },
  ],
};
const ids = Array.from({ length: 25 }, (_, id) => String(100 + id));

describe('the report of verify', () => {
  it('is equal only where nothing differs', () => {
    expect(isEqual(equal)).toBe(true);
    for (const name of ['missing', 'extra', 'stale', 'differing'] as const) {
      expect(isEqual({ ...equal, [name]: { count: 1, ids: ['1'] } })).toBe(false);
    }
    expect(isEqual({ ...equal, buckets: [{ bucket: 0, source: 'a', destination: 'b' }] })).toBe(false);
  });

  it('names up to ten ids of each difference', () => {
    const report = { ...equal, missing: { count: 25, ids }, stale: { count: 2, ids: ['7', '8'] } };
    expect(verifyText('crm.contacts', report, { ...zeroRequests, requests: 51 })).toBe(
      'crm.contacts: differs from its source\n' +
        '  source     4,000 records\n' +
        '  table      4,000 live rows\n' +
        '  missing    25 (100, 101, 102, 103, 104, 105, 106, 107, 108, 109, …)\n' +
        '  extra      0\n' +
        '  stale      2 (7, 8)\n' +
        '  differing  0 of 1,000 sampled\n' +
        '  checksums  0 of 2 buckets differ\n' +
        '  requests   51\n',
    );
  });
});
