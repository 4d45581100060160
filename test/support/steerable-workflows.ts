/**
 * Workflows that answer to the names, signals and queries of the real ones and do no work: each goes on until it is told to
 * finish.
 */
import { condition, defineSignal, proxyActivities, setHandler, workflowInfo } from '@temporalio/workflow';
import { zeroRequests } from '../../model/batch.ts';
import { noCounts } from '../../model/count-check.ts';
import { zeroCounts } from '../../model/counts.ts';
import type { InspectResults } from '../../model/inspection.ts';
import type { SyncMode } from '../../model/plan.ts';
import type { Positions } from '../../model/positions.ts';
import {
  pauseSignal,
  progressQuery,
  resumeSignal,
  type IncrementalResult,
  type PauseNote,
  type SyncResult,
} from '../../workflows/messages.ts';

export const finishSignal = defineSignal<[Positions?]>('finish');

/** Of a step's task queue that nobody polls. */
export const ownerQueue = 'duckdb-0123456789abcdef';

export interface SteerableInput {
  readonly stream: string;
  readonly waitsForOwner?: boolean;
}

export const backfill = (input: SteerableInput): Promise<SyncResult> => steerable('backfill', input);
export const softDelete = (input: SteerableInput): Promise<SyncResult> => steerable('softDelete', input);
export const reconcile = (input: SteerableInput): Promise<SyncResult> => steerable('reconcile', input);
export const resync = (input: SteerableInput): Promise<SyncResult> => steerable('resync', input);

/** There are no tables. */
export async function inspect(): Promise<InspectResults['rows']> {
  return { verb: 'rows', counts: {} };
}

export async function incremental(input: SteerableInput): Promise<IncrementalResult> {
  const positions = { value: null as Positions | null };
  const result = await steerable('incremental', input, positions);
  const { value } = positions;
  const next =
    value === null
      ? null
      : { generation: 1, ledgerPositions: value, positions: value, liveRows: 0, idleRuns: 1, counts: noCounts };
  return { ...result, outcome: 'idle', text: '', full: null, calledReconcile: false, next };
}

async function steerable(
  mode: SyncMode,
  { stream, waitsForOwner }: SteerableInput,
  positions: { value: Positions | null } = { value: null },
): Promise<SyncResult> {
  let paused: PauseNote | null = null;
  let isFinished = false;
  const run = workflowInfo().firstExecutionRunId;
  const startedAt = workflowInfo().startTime.toISOString();
  setHandler(pauseSignal, (args) => {
    paused ??= { at: startedAt, by: args?.by ?? null, note: args?.note ?? null };
  });
  setHandler(resumeSignal, () => {
    paused = null;
  });
  setHandler(finishSignal, (last) => {
    positions.value = last ?? null;
    isFinished = true;
  });
  setHandler(progressQuery, () => ({
    mode,
    stream,
    run,
    phase: paused === null ? 'running' : 'paused',
    step: 'reading',
    scope: 'whole',
    startReason: null,
    startedAt,
    estimatedRecords: null,
    chunkRecords: null,
    batches: 0,
    stagedBatches: 0,
    stagedRecords: 0,
    totals: zeroCounts,
    requests: zeroRequests,
    wait: null,
    paused,
    differences: null,
    approval: null,
  }));
  if (waitsForOwner) await steps.merge();
  await condition(() => isFinished);
  return {
    mode,
    stream,
    run,
    scope: 'whole',
    startReason: 'test',
    batches: 0,
    totals: zeroCounts,
    requests: zeroRequests,
    rows: null,
    addedColumns: [],
  };
}

const steps = proxyActivities<{ merge(): Promise<void> }>({ taskQueue: ownerQueue, startToCloseTimeout: '1 hour' });
