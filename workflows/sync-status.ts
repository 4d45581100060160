import { setCurrentDetails, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import type { FinishRunResult } from '../activities/finish-run.ts';
import { zeroRequests } from '../model/batch.ts';
import { zeroCounts } from '../model/counts.ts';
import type { WaitReason } from '../model/errors.ts';
import type { SyncMode } from '../model/plan.ts';
import { parseStreamName } from '../model/stream-name.ts';
import type { ChunkPipeline } from './chunk-pipeline.ts';
import type { Interruptible } from './interruptible.ts';
import {
  syncMode,
  syncPhase,
  syncPipeline,
  syncStream,
  type SettledRun,
  type SyncPhase,
  type SyncProgress,
  type SyncStep,
  type VanishedProgress,
} from './messages.ts';
import type { PauseSwitch } from './pause.ts';
import { detailsText } from './progress-text.ts';

/** What a run tells of itself: to the query, as search attributes, and as current details in the UI. */
export class SyncStatus {
  readonly #mode: SyncMode;
  readonly #stream: string;
  readonly #pause: PauseSwitch;
  readonly #planning: Interruptible;
  #phase: SyncPhase = 'planning';
  #step: SyncStep = 'reading';
  #run: SettledRun | null = null;
  #pipeline: ChunkPipeline | null = null;
  planWait: WaitReason | null = null;
  vanished: VanishedProgress | null = null;
  /** What the last merge told of the closed run; null before it. */
  finished: FinishRunResult | null = null;

  constructor(parts: { mode: SyncMode; stream: string; pause: PauseSwitch; planning: Interruptible }) {
    this.#mode = parts.mode;
    this.#stream = parts.stream;
    this.#pause = parts.pause;
    this.#planning = parts.planning;
  }

  begin(run: SettledRun, pipeline: ChunkPipeline): void {
    this.#run = run;
    this.#pipeline = pipeline;
    if (run.canSetSearchAttributes) {
      upsertSearchAttributes([
        { key: syncPipeline, value: parseStreamName(run.stream).pipeline },
        { key: syncStream, value: run.stream },
        { key: syncMode, value: run.mode },
        { key: syncPhase, value: 'running' },
      ]);
    }
    this.#phase = 'running';
    this.showDetails();
  }

  enter(phase: SyncPhase): void {
    if (this.#phase === phase) return;
    this.#phase = phase;
    if (this.#run?.canSetSearchAttributes) upsertSearchAttributes([{ key: syncPhase, value: phase }]);
    this.showDetails();
  }

  at(step: SyncStep): void {
    this.#step = step;
    this.showDetails();
  }

  showDetails(): void {
    if (this.#run === null || this.#pipeline === null) return;
    setCurrentDetails(
      detailsText({
        run: this.#run,
        phase: this.#phase,
        step: this.#step,
        head: this.#pipeline.head,
        vanished: this.vanished,
      }),
    );
  }

  progress(): SyncProgress {
    const run = this.#run;
    const pipeline = this.#pipeline;
    const { firstExecutionRunId, startTime } = workflowInfo();
    return {
      mode: this.#mode,
      stream: this.#stream,
      run: firstExecutionRunId,
      phase: this.#livePhase(),
      step: this.#step,
      scope: run?.scope ?? null,
      startReason: run?.startReason ?? null,
      startedAt: startTime.toISOString(),
      estimatedRecords: run?.estimatedRecords ?? null,
      chunkRecords: run?.chunkRecords ?? null,
      batches: pipeline?.head.sequence ?? 0,
      stagedBatches: pipeline?.staged.length ?? 0,
      stagedRecords: pipeline?.stagedRecords ?? 0,
      totals: pipeline?.head.totals ?? zeroCounts,
      requests: pipeline?.head.requests ?? zeroRequests,
      wait: this.#wait(),
      paused: this.#pause.note,
      differences: this.vanished?.differences ?? null,
      approval: this.vanished?.pending ?? null,
    };
  }

  #wait(): WaitReason | null {
    return this.#pipeline?.wait ?? this.planWait;
  }

  #livePhase(): SyncPhase {
    if (!['running', 'planning', 'waiting'].includes(this.#phase)) return this.#phase;
    if (this.#pause.note !== null) {
      const isBusy = this.#planning.isRunning || this.#pipeline?.isIdle === false;
      return isBusy ? 'pausing' : 'paused';
    }
    return this.#wait() === null ? this.#phase : 'waiting';
  }
}
