import { describe, expect, it } from 'vitest';
import { zeroRequests } from '../../model/batch.ts';
import { zeroCounts } from '../../model/counts.ts';
import { decideResume, type ResumePolicy, type RunProgress, type RunStatus } from '../../model/run.ts';

const previous = (
  status: RunStatus,
  options: { digest?: string; merged?: number; isRead?: boolean } = {},
): RunProgress => ({
  record: {
    run: 'earlier',
    mode: 'backfill',
    scope: 'whole',
    status,
    planDigest: options.digest ?? 'same',
    startFrontier: { kind: 'idRanges', ranges: [{ from: '0', to: null }] },
    firstStartedAt: '2026-01-01T00:00:00.000Z',
    resumedFrom: null,
  },
  head: {
    sequence: options.merged ?? 3,
    batchId: options.merged === 0 ? null : 'b3',
    frontier: { kind: 'idRanges', ranges: options.isRead ? [] : [{ from: '75', to: null }] },
    totals: zeroCounts,
    requests: zeroRequests,
  },
});

const table: [string, RunProgress | null, ResumePolicy, 'resume' | 'fresh' | 'refuse'][] = [
  ['no earlier run', null, 'auto', 'fresh'],
  ['no earlier run', null, 'require', 'refuse'],
  ['failed', previous('failed'), 'auto', 'resume'],
  ['lost', previous('lost'), 'auto', 'resume'],
  ['failed', previous('failed'), 'never', 'fresh'],
  ['complete', previous('done'), 'auto', 'fresh'],
  ['complete', previous('done'), 'require', 'refuse'],
  ['cancelled', previous('cancelled'), 'auto', 'fresh'],
  ['cancelled', previous('cancelled'), 'require', 'resume'],
  ['another plan', previous('failed', { digest: 'other' }), 'auto', 'fresh'],
  ['another plan', previous('failed', { digest: 'other' }), 'require', 'refuse'],
  ['all read, then lost', previous('lost', { isRead: true }), 'auto', 'fresh'],
  ['all read, then failed', previous('failed', { isRead: true }), 'require', 'refuse'],
  ['nothing merged', previous('failed', { merged: 0 }), 'auto', 'fresh'],
];

describe('decideResume', () => {
  it.each(table)('%s (%#): with policy %s', (_name, earlier, policy, expected) => {
    const decision = decideResume(earlier, 'same', policy);
    expect(decision.kind).toBe(expected);
    expect(decision.reason).not.toBe('');
  });
});
