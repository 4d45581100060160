import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { onTestFinished } from 'vitest';
import { type Batch, zeroRequests } from '../../model/batch.ts';
import type { ClaimResult, Destination, MergeOutcome, MergeRequest } from '../../model/destination.ts';
import type { StreamPlan, SyncMode } from '../../model/plan.ts';
import { contactsPlan, frontierFrom, stageRecords, type TestRecord, wholeFrontier } from './staged-records.ts';

export interface TestRunOptions {
  readonly run: string;
  readonly startedAt: string;
  readonly plan?: StreamPlan;
  readonly mode?: SyncMode;
  readonly planDigest?: string;
}

/** A run as the activities drive it: claims, opens, and merges batch after batch. */
export interface TestRun {
  readonly claim: ClaimResult;
  /** Mints the next batch, to be merged or not. */
  mint(records: readonly TestRecord[], options?: { fileCount?: number; watermark?: string }): Promise<MergeRequest>;
  merge(request: MergeRequest): Promise<MergeOutcome>;
  mergeRecords(
    records: readonly TestRecord[],
    options?: { fileCount?: number; watermark?: string },
  ): Promise<MergeOutcome>;
}

const noAbort = new AbortController().signal;

export async function openTestRun(destination: Destination, options: TestRunOptions): Promise<TestRun> {
  const { run, startedAt, plan = contactsPlan, mode = 'backfill', planDigest = 'digest' } = options;
  const claim = await destination.claimRun(
    { stream: plan.stream, table: plan.table, run, mode, runStartedAt: startedAt },
    noAbort,
  );
  await destination.openRun(
    {
      run,
      plan,
      planDigest,
      mode,
      scope: 'whole',
      startFrontier: wholeFrontier,
      firstStartedAt: startedAt,
      resumedFrom: null,
      startReason: 'test',
    },
    noAbort,
  );
  let last: Batch | null = null;

  const mint: TestRun['mint'] = async (records, { fileCount, watermark = null } = {}) => {
    const sequence: number = (last?.sequence ?? 0) + 1;
    const stage = await stageRecords(plan, records, fileCount === undefined ? {} : { fileCount });
    onTestFinished(() => rm(stage.directory, { recursive: true, force: true }));
    const batch: Batch = {
      batchId: `${run}-${sequence}-${randomUUID()}`,
      sequence,
      predecessor: last?.batchId ?? null,
      stage,
      frontierAfter: frontierFrom(sequence * 1000),
      roundedValues: 0,
      requests: { ...zeroRequests, requests: 1 },
    };
    last = batch;
    return {
      run,
      mode,
      scope: 'whole',
      generation: claim.generation,
      plan,
      planDigest,
      firstStartedAt: startedAt,
      batch,
      watermark,
    };
  };
  const merge: TestRun['merge'] = (request) => destination.mergeBatch(request, noAbort);
  return {
    claim,
    mint,
    merge,
    mergeRecords: async (records, mintOptions) => merge(await mint(records, mintOptions)),
  };
}
