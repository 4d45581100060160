import { setTimeout as sleep } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { InjectedSinks } from '@temporalio/worker';
import type { FinishRunResult } from '../../activities/finish-run.ts';
import type { Activities } from '../../activities/create-activities.ts';
import type { BegunIncrementalRun } from '../../activities/begin-incremental.ts';
import type { PlannedRun } from '../../activities/planned-run.ts';
import { emptyPart, zeroRequests, type Batch, type LedgerHead } from '../../model/batch.ts';
import type { Differences } from '../../model/comparison.ts';
import { addCounts, zeroCounts, type Counts } from '../../model/counts.ts';
import type { WaitReason } from '../../model/errors.ts';
import type { HoldState } from '../../model/held-changes.ts';
import type { InspectInput, InspectResult } from '../../model/inspection.ts';
import type { RunReport } from '../../model/run-report.ts';
import type { RunSinks } from '../../worker/monitoring.ts';
import { isFrontierEmpty, type Frontier, type WorkFrontier } from '../../model/frontier.ts';

/**
 * A source of `records` numbered records and a ledger, in memory, behind the real activities' interface. What it is told
 * to do wrong, it does once.
 */
export class FakeSteps {
  readonly records: number;
  chunkMs = 5;
  mergeMs = 5;
  batchesPerMerge = 1;
  rejectedPerBatch = 0;
  rejectLimit = 1_000;
  canSetSearchAttributes = true;
  planWait: WaitReason | null = null;
  readonly waitsAt = new Map<number, WaitReason>();
  readonly failsAt = new Map<string, string>();
  readonly losesStageOf = new Set<number>();
  /** Extractions, by sequence, whose worker dies: no heartbeat, no answer. */
  readonly diesAt = new Set<number>();
  planMs = 0;
  /** What a comparison finds. */
  differences: Differences = { missing: 0, stale: 0, recalculated: 0, doubtful: 0, vanished: 0 };
  liveRows = 1_000;
  approvalWaitMs = 60_000;
  /** What a reconciliation is told instead of a plan. */
  leftOut: string | null = null;
  /** What incremental runs find, one after another; the last goes on. */
  begins: BegunIncrementalRun[] = [];
  readonly standings: unknown[] = [];
  /** What incremental runs are told of changes that wait. */
  readonly waitings: (HoldState | undefined)[] = [];
  /** Called within the step by which an incremental run begins. */
  onBegin: () => Promise<void> = async () => {};
  reconcileCalls = 0;
  /** Merges, by sequence, that another run's commit put in doubt. */
  readonly doubtsAt = new Set<number>();
  readonly chunkSizes: number[] = [];
  taskQueue: string | null = null;
  /** What every inspection sees. */
  inspected: InspectResult | ((input: InspectInput) => InspectResult) | null = null;
  /** Batches that the ledger has and the workflow's history does not know of. */
  ledgerAheadBy = 0;

  readonly ledger: Batch[] = [];
  readonly merged = new Set<number>();
  readonly log: string[] = [];
  /** What the workflows told of their runs. */
  readonly reports: RunReport[] = [];
  closed: { status: string; error: string | null } | null = null;
  extracting = 0;
  merging = 0;
  mostStaged = 0;
  overlapped = false;
  extractStartedAt: number[] = [];
  #staged = 0;
  #minted = 0;

  constructor(records: number) {
    this.records = records;
  }

  get sinks(): InjectedSinks<RunSinks> {
    const fn = (_: unknown, report: RunReport) => void this.reports.push(report);
    return { runs: { report: { fn, callDuringReplay: false } } };
  }

  get activities(): Activities {
    return {
      planBackfill: async () => {
        this.log.push('plan');
        await sleep(this.planMs, undefined, { signal: beating() });
        this.#failIfTold('plan');
        if (this.planWait !== null) {
          const wait = this.planWait;
          this.planWait = null;
          return { kind: 'wait', wait };
        }
        return this.planned({ comparesAfter: this.comparesAfter });
      },

      planListing: async () => {
        this.log.push('plan');
        if (this.leftOut !== null) return { kind: 'leftOut', reason: this.leftOut };
        return this.planned({ comparesAfter: true });
      },

      beginIncremental: async ({ standing, waiting }) => {
        this.log.push('begin');
        this.waitings.push(waiting);
        await this.onBegin();
        this.#failIfTold('begin');
        this.standings.push(standing);
        return this.begins.length > 1 ? this.begins.shift()! : this.begins[0]!;
      },

      compareListing: async () => {
        this.log.push('compare');
        this.#failIfTold('compare');
        const { vanished, ...repairs } = this.differences;
        const isNothing = Object.values(repairs).every((count) => count === 0);
        this.#commitWork({ kind: 'work', task: 'repair', after: null, done: isNothing });
        const digest = vanished > 0 ? 'a'.repeat(64) : null;
        return {
          differences: this.differences,
          liveRows: this.liveRows,
          listed: this.records,
          digest,
          head: this.#head(),
        };
      },

      beginVanished: async ({ digest }) => {
        this.log.push(`flag ${digest.slice(0, 3)}`);
        this.#commitWork({ kind: 'work', task: 'vanished', after: null, done: false });
        return this.#head();
      },

      resetStream: async () => ({ generation: 2 }),
      locateStream: async () => ({ taskQueue: this.taskQueue }),
      callReconcile: async () => {
        this.log.push('call reconcile');
        this.#failIfTold('call reconcile');
        this.reconcileCalls++;
        return { kind: 'called', liveRows: this.liveRows };
      },

      extractChunk: async (input) => {
        this.chunkSizes.push(input.chunkRecords);
        this.extractStartedAt.push(Date.now());
        this.log.push(`extract ${input.sequence}`);
        this.extracting++;
        try {
          if (input.frontier.kind === 'work') {
            this.#staged++;
            const batch = this.#mintWork(input, { ...input.frontier, after: '1', done: true });
            return { batch, requests: batch.requests, wait: null };
          }
          const from = fromOf(input.frontier);
          const { cancellationSignal } = Context.current();
          if (this.diesAt.delete(input.sequence)) await sleep(60_000, undefined, { signal: cancellationSignal });
          const beat = setInterval(() => Context.current().heartbeat(), 100);
          await sleep(this.chunkMs, undefined, { signal: cancellationSignal })
            .catch(() => undefined)
            .finally(() => clearInterval(beat));
          this.#failIfTold(`extract ${input.sequence}`);
          if (this.merging > 0) this.overlapped = true;
          const wait = this.waitsAt.get(input.sequence) ?? null;
          this.waitsAt.delete(input.sequence);
          const size = cancellationSignal.aborted || wait !== null ? 3 : input.chunkRecords;
          const to = Math.min(this.records, from + size);
          this.#staged++;
          this.mostStaged = Math.max(this.mostStaged, this.#staged);
          const batch = this.#mint(input, from, to);
          return { batch, requests: batch.requests, wait };
        } finally {
          this.extracting--;
        }
      },

      mergeChunk: async ({ batch, comparesAfter }) => {
        this.log.push(`merge ${batch.sequence}`);
        this.merging++;
        try {
          await sleep(this.mergeMs);
          this.#failIfTold(`merge ${batch.sequence}`);
          if (this.doubtsAt.delete(batch.sequence)) {
            return { kind: 'rewind', reason: 'doubtful', head: this.#head(), finished: null };
          }
          if (this.losesStageOf.delete(batch.sequence)) {
            return { kind: 'rewind', reason: 'stageLost', head: this.#head(), finished: null };
          }
          for (; this.ledgerAheadBy > 0; this.ledgerAheadBy--) this.#commitBehindTheBack();
          const last = this.ledger.at(-1);
          if ((last?.batchId ?? null) !== batch.predecessor) {
            return { kind: 'rewind', reason: 'ledgerAhead', head: this.#head(), finished: null };
          }
          this.#commit(batch);
          const isLast = isFrontierEmpty(batch.frontierAfter) && !comparesAfter;
          const finished = isLast ? this.#finish('done', null) : null;
          return { kind: 'merged', counts: this.#countsOf(batch), isRepeat: false, finished };
        } finally {
          this.merging--;
          this.#staged -= batch.joined?.length ?? 1;
        }
      },

      finishRun: async ({ status, error }) => this.#finish(status, error),

      closeLostRuns: async ({ runs }) => runs.map(({ run }) => run),

      sweepStages: async () => {},

      inspect: async (input) => {
        if (this.inspected === null) throw new Error('nothing to look at');
        return typeof this.inspected === 'function' ? this.inspected(input) : this.inspected;
      },
    };
  }

  /** Whether the backfill replaces. */
  comparesAfter = false;

  planned(options: { comparesAfter: boolean }): PlannedRun {
    return {
      kind: 'planned',
      scope: 'whole',
      generation: 1,
      planDigest: 'digest',
      firstStartedAt: '2026-01-01T00:05:00.000Z',
      resumedFrom: null,
      startReason: 'no earlier backfill of this stream',
      estimatedRecords: this.records,
      chunkRecords: 10,
      batchesPerMerge: this.batchesPerMerge,
      rejectLimit: this.rejectLimit,
      renamedColumns: [],
      addedColumns: [],
      canSetSearchAttributes: this.canSetSearchAttributes,
      positions: { fast: '2026-01-01T00:00:00.000Z', settled: '2026-01-01T00:00:00.000Z' },
      comparesAfter: options.comparesAfter,
      access: { before: 'portal 1', now: 'portal 1' },
      approvalWaitMs: this.approvalWaitMs,
      head: this.#head(),
    };
  }

  /** A first chunk of the whole, as an incremental run brings it. */
  firstBatch(): Batch {
    return this.#mint({ sequence: 1, predecessor: null }, 0, this.records);
  }

  #finish(status: string, error: string | null): FinishRunResult {
    this.log.push(`finish ${status}`);
    this.closed = { status, error };
    return { head: this.#head(), rows: { live: this.merged.size, deleted: 0 } };
  }

  #failIfTold(step: string): void {
    const type = this.failsAt.get(step);
    if (type === undefined) return;
    this.failsAt.delete(step);
    throw ApplicationFailure.create({ type, message: `${step} failed`, nonRetryable: true });
  }

  #mint(input: { sequence: number; predecessor: string | null }, from: number, to: number): Batch {
    return {
      batchId: `batch-${++this.#minted}`,
      sequence: input.sequence,
      predecessor: input.predecessor,
      stage: stageOf(`${from}-${to}`, to - from),
      frontierAfter: frontierFrom(to, this.records),
      roundedValues: 0,
      requests: { ...zeroRequests, requests: 1 },
    };
  }

  #mintWork(input: { sequence: number; predecessor: string | null }, frontierAfter: WorkFrontier): Batch {
    return { ...this.#mint(input, 0, 0), stage: stageOf('0-0', 0), frontierAfter };
  }

  #commitWork(frontier: WorkFrontier): void {
    const { sequence, batchId } = this.#head();
    this.ledger.push(this.#mintWork({ sequence: sequence + 1, predecessor: batchId }, frontier));
  }

  #commit(batch: Batch): void {
    for (const { path } of batch.stage.records.files) {
      const [from, to] = path.split('-').map(Number);
      for (let id = from!; id < to!; id++) this.merged.add(id);
    }
    this.ledger.push(batch);
  }

  #commitBehindTheBack(): void {
    const head = this.#head();
    const from = fromOf(head.frontier);
    const position = { sequence: head.sequence + 1, predecessor: head.batchId };
    this.#commit(this.#mint(position, from, Math.min(this.records, from + 10)));
  }

  #countsOf({ stage }: Batch): Counts {
    return {
      ...zeroCounts,
      read: stage.records.rowCount,
      rejected: this.rejectedPerBatch,
      inserted: stage.records.rowCount - this.rejectedPerBatch,
    };
  }

  #head(): LedgerHead {
    const last = this.ledger.at(-1);
    return {
      sequence: last?.sequence ?? 0,
      batchId: last?.batchId ?? null,
      frontier: last?.frontierAfter ?? frontierFrom(0, this.records),
      totals: this.ledger.map((batch) => this.#countsOf(batch)).reduce(addCounts, zeroCounts),
      requests: { ...zeroRequests, requests: this.ledger.length },
    };
  }
}

function stageOf(directory: string, rowCount: number): Batch['stage'] {
  return {
    directory,
    kind: 'content',
    records: { files: [{ path: directory, rowCount, sizeBytes: rowCount, sha256: '' }], rowCount },
    tombstones: emptyPart,
    associations: [],
    absentColumns: [],
  };
}

/** The signal of an activity that lets its cancellation arrive. */
function beating(): AbortSignal {
  const context = Context.current();
  const beat = setInterval(() => context.heartbeat(), 100);
  context.cancellationSignal.addEventListener('abort', () => clearInterval(beat), { once: true });
  setTimeout(() => clearInterval(beat), 20_000).unref();
  return context.cancellationSignal;
}

function fromOf(frontier: Frontier): number {
  return frontier.kind === 'idRanges' ? Number(frontier.ranges[0]?.from) : Number.NaN;
}

function frontierFrom(from: number, records: number): Frontier {
  return { kind: 'idRanges', ranges: from >= records ? [] : [{ from: String(from), to: null }] };
}
