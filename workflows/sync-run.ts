import {
  ApplicationFailure,
  CancellationScope,
  condition,
  isCancellation,
  log,
  patched,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import type { ExtractChunkResult } from '../activities/extract-chunk.ts';
import type { FinishRunResult } from '../activities/finish-run.ts';
import type { PlannedRun, PlanWait } from '../activities/planned-run.ts';
import { zeroRequests, type LedgerHead } from '../model/batch.ts';
import { rejects, zeroCounts } from '../model/counts.ts';
import type { SyncMode } from '../model/plan.ts';
import { placeOf, stepsOn, type StreamSteps } from './activity-options.ts';
import { ChunkPipeline, type ChunkSteps } from './chunk-pipeline.ts';
import { Interruptible } from './interruptible.ts';
import {
  progressQuery,
  type ContinuedRun,
  type SettledRun,
  type SyncResult,
  type VanishedProgress,
} from './messages.ts';
import { patches } from './patches.ts';
import { installPauseSwitch, type PauseSwitch } from './pause.ts';
import { chunkLabel, stageLabel } from './progress-text.ts';
import { runFailure } from './run-failure.ts';
import { reportCancelled, reportDone, reportFailed, type SyncRunResult } from './run-reports.ts';
import { SyncStatus } from './sync-status.ts';
import { waitTimeMs } from './wait-time.ts';

/**
 * An execution continues as new after this many batches, at about twelve events each, well before the server would ask
 * for it; histories stay quick to open and to replay.
 */
const maxBatchesPerExecution = 100;

/**
 * A pinned run whose workers have a newer version continues on it after so many batches. Not at once: where an operator keeps
 * the run on its old version, it would continue as new for ever.
 */
const batchesBeforeUpgrade = 10;

/** Work that turned out doubtful is read again in smaller parts, so that no other run commits meanwhile. */
const doubtfulShrink = 8;
const fewestPerChunk = 50;

/** What `sync_runs` keeps of a run whose findings waited for an approval that never came. */
const notApproved = 'nobody approved in time what it found: nothing was flagged';

export interface SyncRunStart {
  readonly mode: SyncMode;
  readonly stream: string;
  readonly continued: ContinuedRun | null;
}

/**
 * What every mode's run has in common: it is planned, reads its frontier chunk by chunk through the pipeline, can be paused
 * and asked how far it is, continues as new, and closes itself in the ledger however it ends.
 */
export class SyncRun {
  readonly pause: PauseSwitch;
  readonly status: SyncStatus;
  readonly #start: SyncRunStart;
  #place: { readonly taskQueue: string | null; readonly steps: StreamSteps } | null = null;
  readonly #planning = new Interruptible();
  #settled: SettledRun | null = null;
  #pipeline: ChunkPipeline | null = null;
  #chunkRecords = 0;

  constructor(start: SyncRunStart) {
    const { mode, stream, continued } = start;
    this.#start = start;
    this.pause = installPauseSwitch(continued?.paused ?? null, () => {
      this.#planning.interrupt();
      this.#pipeline?.interruptExtraction();
    });
    this.status = new SyncStatus({ mode, stream, pause: this.pause, planning: this.#planning });
    this.status.vanished = continued?.vanished ?? null;
    setHandler(progressQuery, () => this.status.progress(), { description: 'Where the run is, in numbers' });
  }

  get steps(): StreamSteps['steps'] {
    return this.#placeOrThrow.steps.steps;
  }

  get extraction(): StreamSteps['extraction'] {
    return this.#placeOrThrow.steps.extraction;
  }

  /** Names the run in every step; ISO by Temporal's clock. */
  get name(): { stream: string; run: string; runStartedAt: string } {
    const { firstExecutionRunId, startTime } = workflowInfo();
    return { stream: this.#start.stream, run: firstExecutionRunId, runStartedAt: startTime.toISOString() };
  }

  get settled(): SettledRun {
    if (this.#settled === null) throw new Error('the run is not planned yet');
    return this.#settled;
  }

  get head(): LedgerHead {
    return this.#pipelineOrThrow.head;
  }

  /** Holds still while paused, and waits durably where the source is not to be had for long. */
  async plan<Planned extends { readonly kind: string }>(
    step: () => Promise<Planned>,
  ): Promise<Exclude<Planned, PlanWait>> {
    for (;;) {
      await condition(() => this.pause.note === null);
      const planned = await this.#planning.run(step);
      if (planned === null) continue;
      if (!isWait(planned)) return planned as Exclude<Planned, PlanWait>;
      this.status.planWait = planned.wait;
      await sleep(Math.max(1_000, waitTimeMs(planned.wait.until)));
      this.status.planWait = null;
    }
  }

  /** Opens the pipeline for a run that was planned, or is continued. What is `offered` was read before, in sequence. */
  begin(planned: PlannedRun | ContinuedRun, offered: readonly ExtractChunkResult[] = []): void {
    const { run, head } = 'run' in planned ? planned : this.#settle(planned);
    this.#settled = run;
    this.#chunkRecords = run.chunkRecords;
    this.#pipeline = this.#openPipeline(run, head);
    for (const read of offered) this.#pipeline.offer(read);
    this.status.begin(run, this.#pipeline);
  }

  /** True when all of the frontier is merged; false when the run has to continue as new. */
  async readToTheEnd(): Promise<boolean> {
    for (;;) {
      if (await this.#pipelineOrThrow.run()) return true;
      if (this.pause.note === null) return false;
      this.status.enter('paused');
      await condition(() => this.pause.note === null);
      this.status.enter('running');
    }
  }

  /** Goes on with what another step has put into the ledger. */
  goOnFrom(head: LedgerHead): void {
    this.#chunkRecords = this.settled.chunkRecords;
    this.#pipelineOrThrow.goOnFrom(head);
  }

  /** What the next execution needs of this one. */
  get continuation(): ContinuedRun {
    return { run: this.settled, head: this.head, paused: this.pause.note, vanished: this.status.vanished };
  }

  /** Where in the ledger this run is, for steps that write a row of their own. */
  get position(): {
    stream: string;
    mode: SyncMode;
    run: string;
    generation: number;
    planDigest: string;
    firstStartedAt: string;
    sequence: number;
    predecessor: string | null;
  } {
    const { stream, mode, run, generation, planDigest, firstStartedAt } = this.settled;
    const { sequence, batchId } = this.head;
    const next = { sequence: sequence + 1, predecessor: batchId };
    return { stream, mode, run, generation, planDigest, firstStartedAt, ...next };
  }

  setVanished(vanished: VanishedProgress): void {
    this.status.vanished = vanished;
    this.status.showDetails();
  }

  /** The end of a run that found nothing to do: it was never recorded, and there is nothing to close. */
  nothingRead(startReason: string): SyncResult {
    const { stream, run } = this.name;
    return {
      mode: this.#start.mode,
      stream,
      run,
      scope: 'whole',
      startReason,
      batches: 0,
      totals: zeroCounts,
      requests: zeroRequests,
      rows: null,
      addedColumns: [],
    };
  }

  /** Closes a run that came to its end. The last merge may have done so already. */
  async finish(): Promise<FinishRunResult & { readonly result: SyncResult }> {
    const { stream, mode, run, scope, startReason, addedColumns, heldRun } = this.settled;
    const forgetsAccess = this.status.vanished?.approval === 'lapsed';
    const finished =
      this.status.finished ??
      (await this.steps.finishRun({
        stream,
        mode,
        run,
        status: 'done',
        error: forgetsAccess ? notApproved : null,
        forgetsAccess,
        ...(heldRun === undefined ? {} : { heldRun }),
      }));
    this.status.enter('done');
    const { head, rows } = finished;
    const { totals, requests, sequence: batches } = head;
    const result = { mode, stream, run, scope, startReason, batches, totals, requests, rows, addedColumns };
    return { ...finished, result };
  }

  /**
   * Runs a mode's story once it is known where its steps run, null where it goes on as new; a failure or a cancellation closes
   * the run and carries the reason outward. Handlers are installed by then: a signal may arrive with the start.
   */
  async guard<T extends SyncRunResult>(story: () => Promise<T | null>): Promise<T | null> {
    try {
      const { stream, continued } = this.#start;
      const taskQueue = continued === null ? await placeOf(stream) : continued.run.taskQueue;
      this.#place = { taskQueue, steps: stepsOn(taskQueue) };
      const result = await story();
      if (result !== null) reportDone(this.#start, result);
      return result;
    } catch (error) {
      await CancellationScope.nonCancellable(() => this.#closeEarly(error));
      if (isCancellation(error)) {
        reportCancelled(this.#start);
        throw error;
      }
      reportFailed(this.#start, error);
      throw runFailure(error);
    }
  }

  get #placeOrThrow(): { readonly taskQueue: string | null; readonly steps: StreamSteps } {
    if (this.#place === null) throw new Error('the run has no place yet');
    return this.#place;
  }

  get #pipelineOrThrow(): ChunkPipeline {
    if (this.#pipeline === null) throw new Error('the run has not begun yet');
    return this.#pipeline;
  }

  #settle(planned: PlannedRun): { run: SettledRun; head: LedgerHead } {
    const { kind: _, head, ...settings } = planned;
    if (planned.renamedColumns.length > 0) log.info('columns renamed', { renamedColumns: planned.renamedColumns });
    if (planned.addedColumns.length > 0) log.info('columns added', { addedColumns: planned.addedColumns });
    const { stream, run } = this.name;
    const { mode } = this.#start;
    const { taskQueue } = this.#placeOrThrow;
    return { run: { ...settings, mode, stream, run, taskQueue }, head };
  }

  #openPipeline(run: SettledRun, head: LedgerHead): ChunkPipeline {
    const { stream, mode, scope, generation, planDigest, firstStartedAt, positions, comparesAfter } = run;
    const owner = { stream, mode, run: run.run, generation };
    const isDueToContinue = (): boolean => {
      const { continueAsNewSuggested, targetWorkerDeploymentVersionChanged } = workflowInfo();
      const most = targetWorkerDeploymentVersionChanged ? batchesBeforeUpgrade : maxBatchesPerExecution;
      return continueAsNewSuggested || pipeline.head.sequence - head.sequence >= most;
    };

    const { batchesPerMerge = 1, heldRun } = run;
    const steps: ChunkSteps = {
      extract: (position) => {
        const summary = chunkLabel(run, position.sequence);
        const input = { ...owner, chunkRecords: this.#chunkRecords, ...position };
        return this.extraction.extractChunk.executeWithOptions({ summary }, [input]);
      },
      merge: async (batch) => {
        const summary = `${chunkLabel(run, batch.sequence)} · ${stageLabel(batch.stage)}`;
        const known = { scope, planDigest, firstStartedAt, positions, comparesAfter };
        const settled = heldRun === undefined ? known : { ...known, heldRun };
        const merged = await this.steps.mergeChunk.executeWithOptions({ summary }, [{ ...owner, ...settled, batch }]);
        this.status.finished = merged.finished;
        return merged;
      },
      mayExtract: () => this.pause.note === null && !isDueToContinue(),
      onMerged: (merged) => {
        this.#chunkRecords = Math.min(run.chunkRecords, this.#chunkRecords * 2);
        requireFewRejects(run, merged);
        this.status.showDetails();
      },
      onRewound: (reason) => {
        if (reason !== 'doubtful') return;
        this.#chunkRecords = Math.max(fewestPerChunk, Math.floor(this.#chunkRecords / doubtfulShrink));
      },
      onWait: (moment) => {
        if (patched(patches.phaseOfWaits)) this.status.enter(moment === 'begins' ? 'waiting' : 'running');
      },
    };
    const pipeline = new ChunkPipeline(head, steps, { batchesPerMerge });
    return pipeline;
  }

  /** A run that was never planned has nothing to close. */
  async #closeEarly(error: unknown): Promise<void> {
    if (this.#settled === null) return;
    const { stream, mode, run } = this.#settled;
    const isCancelled = isCancellation(error);
    const failure = isCancelled ? null : runFailure(error);
    this.status.enter(isCancelled ? 'cancelled' : 'failed');
    try {
      await this.#placeOrThrow.steps.closing.finishRun({
        stream,
        mode,
        run,
        status: isCancelled ? 'cancelled' : 'failed',
        error: failure === null ? null : `${failure.type}: ${failure.message}`,
      });
    } catch (closeError) {
      log.warn('the run could not be closed in sync_runs; the next run of the stream does it', { closeError });
    }
  }
}

function isWait(planned: { readonly kind: string }): planned is PlanWait {
  return planned.kind === 'wait';
}

/** A run that loses much on the way stops, and can be resumed once the limit or the columns are mended. */
function requireFewRejects({ stream, rejectLimit }: SettledRun, { totals }: LedgerHead): void {
  if (rejects(totals) <= rejectLimit) return;
  throw ApplicationFailure.create({
    type: 'DataRejected',
    message: `${stream}: ${rejects(totals)} records or values were rejected, more than limits.rejects (${rejectLimit}) allows; next: see \`sluice errors ${stream}\`, then raise the limit or change the columns and start again`,
    nonRetryable: true,
  });
}
