import type { RunFacts, RunResult } from '../../client/run-facts.ts';
import { zeroRequests } from '../../model/batch.ts';
import { zeroCounts } from '../../model/counts.ts';
import type { SyncMode } from '../../model/plan.ts';
import type { PendingApproval, SyncProgress, VanishedProgress } from '../../workflows/messages.ts';

/** A backfill of 200,000 records in its fifth chunk. */
export const sampleProgress: SyncProgress = {
  mode: 'backfill',
  stream: 'crm.contacts',
  run: 'run-1',
  phase: 'running',
  step: 'reading',
  scope: 'whole',
  startReason: 'no earlier backfill of this stream',
  startedAt: '2026-11-20T15:58:00.000Z',
  estimatedRecords: 200_000,
  chunkRecords: 25_000,
  batches: 3,
  stagedBatches: 1,
  stagedRecords: 25_000,
  totals: { ...zeroCounts, read: 75_000, inserted: 75_000 },
  requests: zeroRequests,
  wait: null,
  paused: null,
  differences: null,
  approval: null,
};

export const sampleFacts: RunFacts = {
  mode: 'backfill',
  stream: 'crm.contacts',
  workflowId: 'backfill/crm.contacts',
  runId: 'run-1',
  run: 'run-1',
  startedAt: sampleProgress.startedAt,
  endedAt: null,
  end: null,
  isCancelRequested: false,
  progress: sampleProgress,
  isReading: true,
  heartbeat: { sequence: 5, records: 12_000, waiting: null, limitShare: 0.9 },
  retries: [],
  stuck: null,
  taskQueue: 'sluice',
  hasWorker: true,
  missingOwner: null,
};

const sampleEnd = {
  stream: 'crm.contacts',
  run: 'run-1',
  scope: 'whole',
  startReason: 'why',
  batches: 1,
  totals: zeroCounts,
  requests: zeroRequests,
  rows: { live: 0, deleted: 0 },
  addedColumns: [],
} as const;

const sampleResults: Readonly<Record<SyncMode, RunResult>> = {
  backfill: { ...sampleEnd, mode: 'backfill', missingIds: 0, watermark: null, vanished: null },
  resync: { ...sampleEnd, mode: 'resync', scope: 'ids', missingIds: 0, watermark: null, vanished: null },
  incremental: {
    ...sampleEnd,
    mode: 'incremental',
    outcome: 'changed',
    text: 'Performing incremental sync from A to B',
    full: null,
    calledReconcile: false,
    next: null,
  },
  softDelete: { ...sampleEnd, mode: 'softDelete', vanished: null },
  reconcile: { ...sampleEnd, mode: 'reconcile', vanished: null },
};

/** A result that says nothing yet, with these parts changed. */
export function sampleResult(mode: SyncMode, change: Readonly<Record<string, unknown>> = {}): RunResult {
  return { ...sampleResults[mode], ...change } as RunResult;
}

export const sampleApproval: PendingApproval = {
  run: 'run-1',
  digest: 'd16e57',
  vanished: 120,
  liveRows: 1_000,
  reason: '120 of 1000 live rows (12.0 %) are gone from the source',
  until: '2026-11-20T18:00:00.000Z',
};

export const sampleVanished: VanishedProgress = {
  differences: { missing: 0, stale: 0, recalculated: 0, doubtful: 0, vanished: 0 },
  liveRows: 1_000,
  digest: null,
  approval: 'notNeeded',
  pending: null,
};
