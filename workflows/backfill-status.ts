import { setCurrentDetails, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import type { FinishRunResult } from '../activities/finish-run.ts';
import { zeroRequests } from '../model/batch.ts';
import { zeroCounts } from '../model/counts.ts';
import type { WaitReason } from '../model/errors.ts';
import { parseStreamName } from '../model/stream-name.ts';
import type { ChunkPipeline } from './chunk-pipeline.ts';
import {
  backfillType,
  syncMode,
  syncPhase,
  syncPipeline,
  syncStream,
  type BackfillPhase,
  type BackfillProgress,
  type BackfillRun,
} from './messages.ts';
import type { Interruptible } from './interruptible.ts';
import type { PauseSwitch } from './pause.ts';
import { detailsText } from './progress-text.ts';

/** What a backfill tells of itself: to the query, as search attributes, and as current details in the UI. */
export class BackfillStatus {
  readonly #stream: string;
  readonly #pause: PauseSwitch;
  readonly #planning: Interruptible;
  #phase: BackfillPhase = 'planning';
  #run: BackfillRun | null = null;
  #pipeline: ChunkPipeline | null = null;
  planWait: WaitReason | null = null;
  /** What the last merge told of the closed run; null before it. */
  finished: FinishRunResult | null = null;

  constructor(stream: string, { pause, planning }: { pause: PauseSwitch; planning: Interruptible }) {
    this.#stream = stream;
    this.#pause = pause;
    this.#planning = planning;
  }

  /** Null until the run is planned. */
  get run(): BackfillRun | null {
    return this.#run;
  }

  begin(run: BackfillRun, pipeline: ChunkPipeline): void {
    this.#run = run;
    this.#pipeline = pipeline;
    if (run.canSetSearchAttributes) {
      upsertSearchAttributes([
        { key: syncPipeline, value: parseStreamName(run.stream).pipeline },
        { key: syncStream, value: run.stream },
        { key: syncMode, value: backfillType },
        { key: syncPhase, value: 'running' },
      ]);
    }
    this.#phase = 'running';
    this.showDetails();
  }

  enter(phase: BackfillPhase): void {
    this.#phase = phase;
    if (this.#run?.canSetSearchAttributes) upsertSearchAttributes([{ key: syncPhase, value: phase }]);
    this.showDetails();
  }

  showDetails(): void {
    if (this.#run === null || this.#pipeline === null) return;
    setCurrentDetails(detailsText(this.#run, this.#phase, this.#pipeline.head));
  }

  progress(): BackfillProgress {
    const run = this.#run;
    const pipeline = this.#pipeline;
    const { firstExecutionRunId, startTime } = workflowInfo();
    return {
      stream: this.#stream,
      run: firstExecutionRunId,
      phase: this.#livePhase(),
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
      wait: this.#wait(),
      paused: this.#pause.note,
    };
  }

  #wait(): WaitReason | null {
    return this.#pipeline?.wait ?? this.planWait;
  }

  #livePhase(): BackfillPhase {
    if (this.#phase !== 'running' && this.#phase !== 'planning') return this.#phase;
    if (this.#pause.note !== null) {
      const isBusy = this.#planning.isRunning || this.#pipeline?.isIdle === false;
      return isBusy ? 'pausing' : 'paused';
    }
    return this.#wait() === null ? this.#phase : 'waiting';
  }
}
