import { describe, expect, it } from 'vitest';
import type { RunResult } from '../../client/run-facts.ts';
import { doneSummary, rejectsText } from '../../client/run-summary.ts';
import { zeroCounts } from '../../model/counts.ts';
import { sampleFacts, sampleResult, sampleVanished } from '../support/sample-run.ts';

const summary = (result: RunResult): string =>
  doneSummary({ ...sampleFacts, endedAt: '2026-11-20T15:58:07.000Z' }, result);
const requests = { requests: 12, rateLimited: 1, retried: 2, receivedBytes: 0 };

describe('the report of a run', () => {
  it('of a backfill closes its counts and tells the watermark', () => {
    const totals = { ...zeroCounts, read: 9, inserted: 5, updated: 1, unchanged: 2, rejected: 1, roundedValues: 3 };
    const result = sampleResult('backfill', {
      totals,
      requests,
      rows: { live: 8, deleted: 2 },
      watermark: '2026-11-20T15:53:00.000Z',
      addedColumns: ['region'],
    });
    expect(summary(result)).toBe(
      'crm.contacts: done in 0:07\n' +
        '  table      8 rows live, 2 deleted\n' +
        '  records    read 9 = inserted 5 + updated 1 + unchanged 2 + rejected 1\n' +
        '  batches    1; why\n' +
        '  requests   12, of them 1 rate limited (429), 2 retried\n' +
        '  watermark  2026-11-20T15:53:00.000Z\n' +
        '  rounded    3 values to nine decimals\n' +
        '  columns    added region; rows that do not change show NULL there until they are reconciled\n',
    );
    expect(rejectsText(result)).toContain('1 records rejected, 0 values set to NULL; next: sluice errors crm.contacts');
  });

  it('of an incremental run says from when to when', () => {
    const totals = { ...zeroCounts, read: 550, inserted: 50, updated: 500, linked: 4, unlinked: 1 };
    const rows = { live: 200_000, deleted: 0 };
    expect(summary(sampleResult('incremental', { totals, requests, rows, calledReconcile: true }))).toBe(
      'crm.contacts: done in 0:07\n' +
        '  Performing incremental sync from A to B\n' +
        '  table      200,000 rows live, 0 deleted\n' +
        '  records    read 550 = inserted 50 + updated 500\n' +
        '  links      linked 4, unlinked 1\n' +
        '  batches    1\n' +
        '  requests   12, of them 1 rate limited (429), 2 retried\n' +
        '  counts     do not fit: a reconciliation was called\n',
    );
  });

  it('of an idle one is short', () => {
    const text = 'Performing incremental sync from A to B: nothing changed';
    expect(summary(sampleResult('incremental', { outcome: 'idle', text, batches: 0, rows: null, requests }))).toBe(
      'crm.contacts: done in 0:07\n' + `  ${text}\n` + '  requests   12, of them 1 rate limited (429), 2 retried\n',
    );
  });

  it('of a full sync in place of an incremental one is that of the backfill', () => {
    const full = sampleResult('backfill', {
      totals: { ...zeroCounts, read: 7, inserted: 7 },
      watermark: '2026-11-20T15:53:00.000Z',
    });
    const result = sampleResult('incremental', { outcome: 'fullSync', text: 'Performing full sync (asked for)', full });
    expect(summary(result)).toContain('  Performing full sync (asked for)\n');
    expect(summary(result)).toContain('  records    read 7 = inserted 7\n');
    expect(summary(result)).toContain('  watermark  2026-11-20T15:53:00.000Z\n');
  });

  it('of a reconciliation says what was found, and what became of it', () => {
    const differences = { missing: 3, stale: 2, recalculated: 10, doubtful: 0, vanished: 4 };
    const totals = { ...zeroCounts, read: 19, listed: 200_000, inserted: 3, updated: 16, tombstones: 4, deleted: 4 };
    const found = (approval: string): string =>
      summary(sampleResult('reconcile', { totals, vanished: { ...sampleVanished, differences, approval } }));
    const repaired = 'missing 3, stale 2, recalculated 10, doubtful 0: read again';
    expect(found('notNeeded')).toContain(
      '  listed     200,000 ids\n' +
        '  of them    deleted 4\n' +
        `  found      ${repaired}; vanished 4: looked for once more, and flagged where still absent\n`,
    );
    expect(found('lapsed')).toContain(`  found      ${repaired}; vanished 4: not flagged\n`);
    expect(summary(sampleResult('reconcile', { vanished: sampleVanished }))).toContain('  found      no difference\n');
  });
});
