import {
  ApplicationFailure,
  CancellationScope,
  condition,
  continueAsNew,
  isCancellation,
  log,
  setCurrentDetails,
  setHandler,
  sleep,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { PlannedBackfill } from '../activities/plan-backfill.ts';
import { zeroRequests, type LedgerHead } from '../model/batch.ts';
import { rejects, zeroCounts } from '../model/counts.ts';
import type { WaitReason } from '../model/errors.ts';
import { parseStreamName } from '../model/stream-name.ts';
import { earnedWatermark } from '../model/watermark.ts';
import { backfillWorkflowId } from '../model/workflow-id.ts';
import { closing, extraction, steps } from './activity-options.ts';
import { ChunkPipeline } from './chunk-pipeline.ts';
import {
  backfillType,
  progressQuery,
  syncMode,
  syncPhase,
  syncPipeline,
  syncStream,
  type BackfillInput,
  type BackfillPhase,
  type BackfillProgress,
  type BackfillResult,
  type BackfillRun,
} from './messages.ts';
import { installPauseSwitch, type PauseSwitch } from './pause.ts';
import { chunkLabel, detailsText, recordsLabel } from './progress-text.ts';
import { runFailure } from './run-failure.ts';

/**
 * An execution continues as new after this many batches, at about eleven events each, well before the server would ask
 * for it; histories stay quick to open and to replay.
 */
const maxBatchesPerExecution = 100;

/** What the query reads: filled in as the run goes. */
interface BackfillState {
  phase: BackfillPhase;
  run: BackfillRun | null;
  pipeline: ChunkPipeline | null;
  planWait: WaitReason | null;
}

/**
 * Copies a stream, or the part of it that the input names, from source to destination: plan, then chunk after chunk,
 * each staged and merged with its ledger row in one transaction. Start it under the id `backfill/<pipeline>.<stream>`.
 */
export async function backfill(input: BackfillInput): Promise<BackfillResult> {
  const state: BackfillState = { phase: 'planning', run: null, pipeline: null, planWait: null };
  const pause = installPauseSwitch(input.continued?.paused ?? null, () => state.pipeline?.interruptExtraction());
  setHandler(progressQuery, () => progressOf(input, state, pause), { description: 'Where the run is, in numbers' });

  let next: BackfillInput;
  try {
    requireOwnId(input);
    const { run, head } = input.continued ?? (await plan(input, state));
    const pipeline = openPipeline({ run, head, state, pause });
    enterPhase(state, 'running');
    const isComplete = await readToTheEnd(pipeline, state, pause);
    if (isComplete) return await finish(run, state);
    next = { ...input, continued: { run, head: pipeline.head, paused: pause.note } };
  } catch (error) {
    await CancellationScope.nonCancellable(() => closeEarly(state, error));
    throw isCancellation(error) ? error : runFailure(error);
  }
  return continueAsNew<typeof backfill>(next);
}

/** An id is what keeps two backfills of a stream apart, so a run under another one may not go on. */
function requireOwnId({ stream }: BackfillInput): void {
  const expected = backfillWorkflowId(stream);
  if (workflowInfo().workflowId === expected) return;
  throw ApplicationFailure.create({
    type: 'ConfigInvalid',
    message: `a backfill of ${stream} has to run under the workflow id ${expected}; next: start it again under that id`,
    nonRetryable: true,
  });
}

/** Settles the run; waits durably where the source is not to be had for long. */
async function plan(input: BackfillInput, state: BackfillState): Promise<{ run: BackfillRun; head: LedgerHead }> {
  const { firstExecutionRunId, startTime } = workflowInfo();
  const { stream, limit, ids, chunkRecords, resume = 'auto' } = input;
  const request = {
    stream,
    limit,
    ids,
    chunkRecords,
    resume,
    run: firstExecutionRunId,
    runStartedAt: startTime.toISOString(),
  };
  for (;;) {
    const planned = await steps.planBackfill.executeWithOptions({ summary: stream }, [request]);
    if (planned.kind === 'planned') return settled(stream, firstExecutionRunId, planned);
    state.planWait = planned.wait;
    await sleep(msUntil(planned.wait));
    state.planWait = null;
  }
}

function settled(stream: string, run: string, planned: PlannedBackfill): { run: BackfillRun; head: LedgerHead } {
  const { head, renamedColumns, ...settings } = planned;
  if (renamedColumns.length > 0) log.info('columns renamed', { renamedColumns });
  return { run: { ...settings, stream, run }, head };
}

function openPipeline(parts: {
  run: BackfillRun;
  head: LedgerHead;
  state: BackfillState;
  pause: PauseSwitch;
}): ChunkPipeline {
  const { run, head, state, pause } = parts;
  const isDueToContinue = (): boolean =>
    workflowInfo().continueAsNewSuggested || pipeline.head.sequence - head.sequence >= maxBatchesPerExecution;
  const { stream } = run;
  const pipeline = new ChunkPipeline(head, {
    extract: (position) =>
      extraction.extractChunk.executeWithOptions({ summary: chunkLabel(run, position.sequence) }, [
        { stream, mode: backfillType, run: run.run, chunkRecords: run.chunkRecords, ...position },
      ]),
    merge: (batch) =>
      steps.mergeChunk.executeWithOptions(
        { summary: `${chunkLabel(run, batch.sequence)} · ${recordsLabel(batch.stage.rowCount)}` },
        [
          {
            stream,
            mode: backfillType,
            scope: run.scope,
            run: run.run,
            generation: run.generation,
            planDigest: run.planDigest,
            firstStartedAt: run.firstStartedAt,
            batch,
          },
        ],
      ),
    mayExtract: () => pause.note === null && !isDueToContinue(),
    onMerged: (merged) => {
      requireFewRejects(run, merged);
      showDetails(state);
    },
  });
  state.run = run;
  state.pipeline = pipeline;
  return pipeline;
}

/** True when all of the frontier is merged; false when the run has to continue as new. */
async function readToTheEnd(pipeline: ChunkPipeline, state: BackfillState, pause: PauseSwitch): Promise<boolean> {
  for (;;) {
    if (await pipeline.run()) return true;
    if (pause.note === null) return false;
    enterPhase(state, 'paused');
    await condition(() => pause.note === null);
    enterPhase(state, 'running');
  }
}

/** A run that loses much on the way stops, and can be resumed once the limit or the columns are mended. */
function requireFewRejects({ stream, rejectLimit }: BackfillRun, { totals }: LedgerHead): void {
  if (rejects(totals) <= rejectLimit) return;
  throw ApplicationFailure.create({
    type: 'DataRejected',
    message: `${stream}: ${rejects(totals)} records or values were rejected, more than limits.rejects (${rejectLimit}) allows; next: see \`sluice errors ${stream}\`, then raise the limit or change the columns and start again`,
    nonRetryable: true,
  });
}

async function finish(run: BackfillRun, state: BackfillState): Promise<BackfillResult> {
  const { stream, scope, startReason, firstStartedAt } = run;
  const { head, rows } = await steps.finishRun({
    stream,
    mode: backfillType,
    run: run.run,
    status: 'done',
    error: null,
  });
  enterPhase(state, 'done');
  return {
    stream,
    run: run.run,
    scope,
    startReason,
    batches: head.sequence,
    totals: head.totals,
    requests: head.requests,
    rows,
    watermark: earnedWatermark({ scope, firstStartedAt, frontier: head.frontier }),
  };
}

/** After a failure or a cancellation; a run that was never planned has nothing to close. */
async function closeEarly(state: BackfillState, error: unknown): Promise<void> {
  if (state.run === null) return;
  const { stream, run } = state.run;
  const isCancelled = isCancellation(error);
  const failure = isCancelled ? null : runFailure(error);
  enterPhase(state, isCancelled ? 'cancelled' : 'failed');
  try {
    await closing.finishRun({
      stream,
      mode: backfillType,
      run,
      status: isCancelled ? 'cancelled' : 'failed',
      error: failure === null ? null : `${failure.type}: ${failure.message}`,
    });
  } catch (closeError) {
    log.warn('the run could not be closed in sync_runs; the next run of the stream does it', { closeError });
  }
}

function enterPhase(state: BackfillState, phase: BackfillPhase): void {
  if (state.phase === phase) return;
  const isFirst = state.phase === 'planning';
  state.phase = phase;
  if (state.run?.canSetSearchAttributes) {
    const fixed = isFirst ? fixedAttributes(state.run.stream) : [];
    upsertSearchAttributes([...fixed, { key: syncPhase, value: phase }]);
  }
  showDetails(state);
}

function fixedAttributes(stream: string) {
  return [
    { key: syncPipeline, value: parseStreamName(stream).pipeline },
    { key: syncStream, value: stream },
    { key: syncMode, value: backfillType },
  ];
}

function showDetails({ run, phase, pipeline }: BackfillState): void {
  if (run !== null && pipeline !== null) setCurrentDetails(detailsText(run, phase, pipeline.head));
}

function progressOf({ stream }: BackfillInput, state: BackfillState, pause: PauseSwitch): BackfillProgress {
  const { run, pipeline } = state;
  const { firstExecutionRunId, startTime } = workflowInfo();
  const wait = pipeline?.wait ?? state.planWait;
  return {
    stream,
    run: firstExecutionRunId,
    phase: livePhase(state, { wait, pause }),
    scope: run?.scope ?? null,
    startReason: run?.startReason ?? null,
    startedAt: startTime.toISOString(),
    estimatedRecords: run?.estimatedRecords ?? null,
    chunkRecords: run?.chunkRecords ?? null,
    batches: pipeline?.head.sequence ?? 0,
    stagedBatches: pipeline?.staged.length ?? 0,
    stagedRecords: pipeline?.staged.reduce((sum, { stage }) => sum + stage.rowCount, 0) ?? 0,
    totals: pipeline?.head.totals ?? zeroCounts,
    requests: pipeline?.head.requests ?? zeroRequests,
    wait,
    paused: pause.note,
  };
}

function livePhase(
  { phase, pipeline }: BackfillState,
  { wait, pause }: { wait: WaitReason | null; pause: PauseSwitch },
): BackfillPhase {
  if (phase !== 'running' && phase !== 'planning') return phase;
  if (pause.note !== null) return pipeline === null || pipeline.isIdle ? 'paused' : 'pausing';
  return wait === null ? phase : 'waiting';
}

function msUntil({ until }: WaitReason): number {
  return until === null ? 60_000 : Math.max(1_000, Date.parse(until) - Date.now());
}
