import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { onTestFinished } from 'vitest';
import { type Batch, zeroRequests } from '../../model/batch.ts';
import type { ClaimRequest, ClaimResult, Destination, MergeOutcome, MergeRequest } from '../../model/destination.ts';
import type { StreamPlan, SyncMode } from '../../model/plan.ts';
import type { OpenRunRequest } from '../../model/run.ts';
import { bringStage } from './bring-stage.ts';
import {
  contactsPlan,
  frontierFrom,
  stageChunk,
  type TestChunk,
  type TestRecord,
  wholeFrontier,
} from './staged-records.ts';

export interface TestRunOptions {
  readonly run: string;
  readonly startedAt: string;
  readonly plan?: StreamPlan;
  readonly mode?: SyncMode;
  readonly planDigest?: string;
  readonly keepsListing?: boolean;
  readonly access?: string | null;
}

export type MintOptions = { readonly fileCount?: number } & Partial<
  Pick<MergeRequest, 'positions' | 'onDoubt' | 'onNulled'>
>;

/** A run as the activities drive it: claims, opens, and merges batch after batch. */
export interface TestRun {
  readonly claim: ClaimResult;
  /** Mints the next batch, to be merged or not. */
  mint(content: readonly TestRecord[] | TestChunk, options?: MintOptions): Promise<MergeRequest>;
  merge(request: MergeRequest): Promise<MergeOutcome>;
  mergeRecords(content: readonly TestRecord[] | TestChunk, options?: MintOptions): Promise<MergeOutcome>;
}

const noAbort = new AbortController().signal;

export function claimRequest({ run, startedAt, plan = contactsPlan, mode = 'backfill' }: TestRunOptions): ClaimRequest {
  return { stream: plan.stream, table: plan.table, run, mode, runStartedAt: startedAt };
}

export function openRequest(options: TestRunOptions): OpenRunRequest {
  const { run, startedAt, plan = contactsPlan, mode = 'backfill', planDigest = 'digest' } = options;
  const { keepsListing = false, access = null } = options;
  return {
    run,
    plan,
    planDigest,
    mode,
    scope: 'whole',
    startFrontier: wholeFrontier,
    firstStartedAt: startedAt,
    resumedFrom: null,
    startReason: 'test',
    access,
    keepsListing,
    idleRuns: 0,
  };
}

export async function openTestRun(destination: Destination, options: TestRunOptions): Promise<TestRun> {
  const { run, startedAt, plan = contactsPlan, mode = 'backfill', planDigest = 'digest' } = options;
  const { keepsListing = false } = options;
  const claim = await destination.claimRun(claimRequest(options), noAbort);
  await destination.openRun(openRequest(options), noAbort);
  let last: Batch | null = null;

  const mint: TestRun['mint'] = async (content, mintOptions = {}) => {
    const { fileCount, positions = null, onDoubt = 'keepAsWork', onNulled = 'quarantine' } = mintOptions;
    const sequence: number = (last?.sequence ?? 0) + 1;
    const chunk: TestChunk = 'length' in content ? { records: content } : content;
    const staged = await stageChunk(plan, chunk, fileCount === undefined ? {} : { fileCount });
    onTestFinished(() => rm(staged.directory, { recursive: true, force: true }));
    const { schema } = plan.table;
    const stage = await bringStage(destination, staged, { schema, stream: plan.stream, mode, run });
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
      positions,
      keepsListing,
      onDoubt,
      onNulled,
    };
  };
  const merge: TestRun['merge'] = (request) => destination.mergeBatch(request, noAbort);
  return {
    claim,
    mint,
    merge,
    mergeRecords: async (content, mintOptions) => merge(await mint(content, mintOptions)),
  };
}
