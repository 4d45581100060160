import {
  ApplicationFailure,
  CancellationScope,
  condition,
  continueAsNew,
  isCancellation,
  log,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import type { PlannedBackfill } from '../activities/plan-backfill.ts';
import type { LedgerHead } from '../model/batch.ts';
import { rejects } from '../model/counts.ts';
import { earnedWatermark } from '../model/watermark.ts';
import { backfillWorkflowId } from '../model/workflow-id.ts';
import { closing, extraction, steps } from './activity-options.ts';
import { BackfillStatus } from './backfill-status.ts';
import { ChunkPipeline } from './chunk-pipeline.ts';
import { backfillType, progressQuery, type BackfillInput, type BackfillResult, type BackfillRun } from './messages.ts';
import { Interruptible } from './interruptible.ts';
import { invalidStart } from './invalid-start.ts';
import { installPauseSwitch, type PauseSwitch } from './pause.ts';
import { chunkLabel, recordsLabel } from './progress-text.ts';
import { runFailure } from './run-failure.ts';
import { waitTimeMs } from './wait-time.ts';

/**
 * An execution continues as new after this many batches, at about twelve events each, well before the server would ask
 * for it; histories stay quick to open and to replay.
 */
const maxBatchesPerExecution = 100;

/**
 * Copies a stream, or the part of it that the input names, from source to destination: plan, then chunk after chunk,
 * each staged and merged with its ledger row in one transaction. Start it under the id `backfill/<pipeline>.<stream>`.
 */
export async function backfill(input: BackfillInput): Promise<BackfillResult> {
  requireInput(input);
  let pipeline: ChunkPipeline | null = null;
  const planning = new Interruptible();
  const pause = installPauseSwitch(input.continued?.paused ?? null, () => {
    planning.interrupt();
    pipeline?.interruptExtraction();
  });
  const status = new BackfillStatus(input.stream, { pause, planning });
  setHandler(progressQuery, () => status.progress(), { description: 'Where the run is, in numbers' });

  let next: BackfillInput;
  try {
    requireOwnId(input);
    const { run, head } = input.continued ?? (await plan(input, { planning, status, pause }));
    pipeline = openPipeline({ run, head, status, pause });
    status.begin(run, pipeline);
    const isComplete = await readToTheEnd(pipeline, status, pause);
    if (isComplete) return await finish(input, run, status);
    next = { ...input, continued: { run, head: pipeline.head, paused: pause.note } };
  } catch (error) {
    await CancellationScope.nonCancellable(() => closeEarly(status, error));
    throw isCancellation(error) ? error : runFailure(error);
  }
  return continueAsNew<typeof backfill>(next);
}

const inputKeys: ReadonlySet<string> = new Set(['stream', 'limit', 'ids', 'chunkRecords', 'resume', 'continued']);

/** A key that is not known must not be passed over: what looked like a limit would start the whole stream. */
function requireInput(input: BackfillInput | undefined): void {
  if (typeof input?.stream !== 'string') {
    throw invalidStart('a backfill needs its stream', 'give the input {"stream": "<pipeline>.<stream>"}');
  }
  const unknown = Object.keys(input).filter((key) => !inputKeys.has(key));
  if (unknown.length > 0) {
    throw invalidStart(
      `a backfill takes no "${unknown[0]}"`,
      'give stream, and at will limit, ids, chunkRecords, resume',
    );
  }
}

/** An id is what keeps two backfills of a stream apart, so a run under another one may not go on. */
function requireOwnId({ stream }: BackfillInput): void {
  const expected = backfillWorkflowId(stream);
  if (workflowInfo().workflowId === expected) return;
  throw invalidStart(`a backfill of ${stream} runs under the workflow id ${expected}`, 'start it again under that id');
}

/** Settles the run; holds still while paused, and waits durably where the source is not to be had for long. */
async function plan(
  input: BackfillInput,
  { planning, status, pause }: { planning: Interruptible; status: BackfillStatus; pause: PauseSwitch },
): Promise<{ run: BackfillRun; head: LedgerHead }> {
  const { firstExecutionRunId: run, startTime } = workflowInfo();
  const { stream, limit, ids, chunkRecords, resume } = input;
  const request = { stream, limit, ids, chunkRecords, resume, run, runStartedAt: startTime.toISOString() };
  for (;;) {
    await condition(() => pause.note === null);
    const planned = await planning.run(() => steps.planBackfill.executeWithOptions({ summary: stream }, [request]));
    if (planned?.kind === 'planned') return settle(stream, run, planned);
    if (planned?.kind === 'wait') {
      status.planWait = planned.wait;
      await sleep(Math.max(1_000, waitTimeMs(planned.wait.until)));
      status.planWait = null;
    }
  }
}

function settle(stream: string, run: string, planned: PlannedBackfill): { run: BackfillRun; head: LedgerHead } {
  const { head, renamedColumns, ...settings } = planned;
  if (renamedColumns.length > 0) log.info('columns renamed', { renamedColumns });
  return { run: { ...settings, stream, run }, head };
}

function openPipeline(parts: {
  run: BackfillRun;
  head: LedgerHead;
  status: BackfillStatus;
  pause: PauseSwitch;
}): ChunkPipeline {
  const { run, head, status, pause } = parts;
  const { stream, scope, generation, planDigest, firstStartedAt, chunkRecords } = run;
  const owner = { stream, mode: backfillType, run: run.run } as const;
  const isDueToContinue = (): boolean =>
    workflowInfo().continueAsNewSuggested || pipeline.head.sequence - head.sequence >= maxBatchesPerExecution;

  const pipeline = new ChunkPipeline(head, {
    extract(position) {
      const summary = chunkLabel(run, position.sequence);
      return extraction.extractChunk.executeWithOptions({ summary }, [{ ...owner, chunkRecords, ...position }]);
    },
    async merge(batch) {
      const summary = `${chunkLabel(run, batch.sequence)} · ${recordsLabel(batch.stage.rowCount)}`;
      const settled = { scope, generation, planDigest, firstStartedAt };
      const merged = await steps.mergeChunk.executeWithOptions({ summary }, [{ ...owner, ...settled, batch }]);
      status.finished = merged.finished;
      return merged;
    },
    mayExtract: () => pause.note === null && !isDueToContinue(),
    onMerged(merged) {
      requireFewRejects(run, merged);
      status.showDetails();
    },
  });
  return pipeline;
}

/** True when all of the frontier is merged; false when the run has to continue as new. */
async function readToTheEnd(pipeline: ChunkPipeline, status: BackfillStatus, pause: PauseSwitch): Promise<boolean> {
  for (;;) {
    if (await pipeline.run()) return true;
    if (pause.note === null) return false;
    status.enter('paused');
    await condition(() => pause.note === null);
    status.enter('running');
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

async function finish(input: BackfillInput, run: BackfillRun, status: BackfillStatus): Promise<BackfillResult> {
  const { stream, scope, startReason, firstStartedAt } = run;
  // The last merge has closed the run, unless this history was reset to behind it.
  const closed = { stream, mode: backfillType, run: run.run, status: 'done', error: null } as const;
  const { head, rows } = status.finished ?? (await steps.finishRun(closed));
  status.enter('done');
  return {
    stream,
    run: run.run,
    scope,
    startReason,
    batches: head.sequence,
    totals: head.totals,
    requests: head.requests,
    rows,
    missingIds: Math.max(0, (input.ids === undefined ? 0 : new Set(input.ids).size) - head.totals.read),
    watermark: earnedWatermark({ scope, firstStartedAt, frontier: head.frontier }),
  };
}

/** After a failure or a cancellation; a run that was never planned has nothing to close. */
async function closeEarly(status: BackfillStatus, error: unknown): Promise<void> {
  if (status.run === null) return;
  const { stream, run } = status.run;
  const isCancelled = isCancellation(error);
  const failure = isCancelled ? null : runFailure(error);
  status.enter(isCancelled ? 'cancelled' : 'failed');
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
