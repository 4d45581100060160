import { ApplicationFailure, CancellationScope, condition, isCancellation, log } from '@temporalio/workflow';
import type { ExtractChunkResult } from '../activities/extract-chunk.ts';
import type { MergeChunkResult } from '../activities/merge-chunk.ts';
import { addRequests, zeroRequests, type Batch, type LedgerHead, type RequestCounts } from '../model/batch.ts';
import { addCounts } from '../model/counts.ts';
import type { RewindReason } from '../model/destination.ts';
import type { FailureKind, WaitReason } from '../model/errors.ts';
import { isFrontierEmpty, type Frontier } from '../model/frontier.ts';
import { countJoinable, joinBatches } from '../model/join-batches.ts';
import { Interruptible } from './interruptible.ts';
import { waitTimeMs } from './wait-time.ts';

/** Merges' worth of batches that may be staged and unmerged while the next chunk is read. */
const mostMergesStaged = 2;

/** A disk that loses every stage must not make a run read the same chunk for ever. */
const maxRewindsInARow = 5;

/** A commit is in doubt for half a second; what is read at once after it would be as doubtful again. */
const doubtLastsMs = 1_000;

/** A shorter wait is over before anybody could look. */
const shownWaitMs = 2_000;

const rewindFailure: Readonly<Record<RewindReason, FailureKind>> = {
  stageLost: 'Unavailable',
  ledgerAhead: 'Fenced',
  doubtful: 'Conflict',
};

const rewindAdvice: Readonly<Record<RewindReason, string>> = {
  stageLost: 'check the stage folder’s disk, then start the run again',
  ledgerAhead: 'look for another writer of the ledger, then start the run again',
  doubtful: 'other runs of the stream commit all the time; start the run again when fewer do',
};

/** Where the next extraction begins. */
export interface ChunkPosition {
  readonly sequence: number;
  readonly predecessor: string | null;
  readonly frontier: Frontier;
}

export interface ChunkSteps {
  extract(position: ChunkPosition): Promise<ExtractChunkResult>;
  merge(batch: Batch): Promise<MergeChunkResult>;
  /** False while reading has to rest: paused, or about to continue as new. */
  mayExtract(): boolean;
  /** After each commit. What it throws stops the run. */
  onMerged(head: LedgerHead): void;
  /** After staged batches were dropped. */
  onRewound(reason: RewindReason): void;
  /** Around a wait that is long enough to be looked at. */
  onWait(moment: 'begins' | 'ends'): void;
}

/**
 * Reads chunk n+1 while chunk n merges; merges commit in sequence, several chunks at once where asked to. Where the ledger turns out to be elsewhere (this
 * history was reset, or a stage is lost), all that is staged is dropped and reading goes on from the ledger's head.
 */
export class ChunkPipeline {
  readonly #steps: ChunkSteps;
  readonly #batchesPerMerge: number;
  #head: LedgerHead;
  #staged: readonly Batch[] = [];
  #wait: WaitReason | null = null;
  #uncounted = zeroRequests;
  readonly #extraction = new Interruptible();
  #isMerging = false;
  /** Raised when staged batches are dropped: what an extraction of an older epoch brings is dropped too. */
  #epoch = 0;
  #rewindsInARow = 0;
  #failure: Error | null = null;
  #changes = 0;

  constructor(head: LedgerHead, steps: ChunkSteps, { batchesPerMerge }: { readonly batchesPerMerge: number }) {
    this.#head = head;
    this.#steps = steps;
    this.#batchesPerMerge = batchesPerMerge;
  }

  /** The last committed batch. */
  get head(): LedgerHead {
    return this.#head;
  }

  /** Minted and unmerged, in sequence. */
  get staged(): readonly Batch[] {
    return this.#staged;
  }

  /** In staged batches; tombstones count as records. */
  get stagedRecords(): number {
    return this.#staged.reduce((sum, { stage }) => sum + stage.records.rowCount + stage.tombstones.rowCount, 0);
  }

  /** Why reading rests although it may go on; null while it does. */
  get wait(): WaitReason | null {
    return this.#wait;
  }

  get isIdle(): boolean {
    return !this.#extraction.isRunning && !this.#isMerging && this.#staged.length === 0;
  }

  /** Takes over what was read before the pipeline began. */
  offer(result: ExtractChunkResult): void {
    this.#take(result.batch, result.requests);
    this.#wait = result.wait;
  }

  /** Goes on from a ledger row that another step has written; nothing may be staged. */
  goOnFrom(head: LedgerHead): void {
    this.#head = head;
  }

  /** Asks the running extraction to hand back what it has. */
  interruptExtraction(): void {
    this.#extraction.interrupt();
  }

  /**
   * Runs until the frontier is empty (true), or until `mayExtract` is false and all that was read is merged (false).
   * Rejects with the first failure, once nothing runs any more and what was staged before an extraction failed is merged.
   */
  async run(): Promise<boolean> {
    try {
      for (;;) {
        if (this.#canMerge()) void this.#mergeNext();
        if (this.#canExtract()) void this.#extractNext();
        if (!this.isIdle) await this.#nextChange();
        else if (this.#failure !== null) throw this.#failure;
        else if (isFrontierEmpty(this.#head.frontier)) return true;
        else if (!this.#steps.mayExtract()) return false;
        else await this.#waitOut();
      }
    } catch (error) {
      await CancellationScope.nonCancellable(async () => {
        this.interruptExtraction();
        await condition(() => !this.#extraction.isRunning && !this.#isMerging);
      });
      throw error;
    }
  }

  #canMerge(): boolean {
    return !this.#isMerging && this.#mergeable() > 0;
  }

  /** How many staged batches the next merge takes; 0 while more of them are still to come. */
  #mergeable(): number {
    const count = countJoinable(this.#staged, this.#batchesPerMerge);
    if (count === this.#batchesPerMerge || count < this.#staged.length) return count;
    return this.#extraction.isRunning || this.#canExtract() ? 0 : count;
  }

  #canExtract(): boolean {
    return (
      !this.#extraction.isRunning &&
      this.#failure === null &&
      this.#wait === null &&
      this.#staged.length < mostMergesStaged * this.#batchesPerMerge &&
      this.#steps.mayExtract() &&
      !isFrontierEmpty(this.#position().frontier)
    );
  }

  #position(): ChunkPosition {
    const last = this.#staged.at(-1);
    return last === undefined
      ? { sequence: this.#head.sequence + 1, predecessor: this.#head.batchId, frontier: this.#head.frontier }
      : { sequence: last.sequence + 1, predecessor: last.batchId, frontier: last.frontierAfter };
  }

  async #extractNext(): Promise<void> {
    const epoch = this.#epoch;
    const position = this.#position();
    try {
      const result = await this.#extraction.run(() => this.#steps.extract(position));
      if (result === null || epoch !== this.#epoch) return;
      this.#take(result.batch, result.requests);
      this.#wait = result.wait;
    } catch (error) {
      if (!isCancellation(error)) this.#failure ??= error as Error;
    } finally {
      this.#changes++;
    }
  }

  /** Stages a batch; requests of extractions that brought none are counted with the next. */
  #take(batch: Batch | null, requests: RequestCounts): void {
    const all = addRequests(this.#uncounted, requests);
    this.#uncounted = batch === null ? all : zeroRequests;
    if (batch !== null) this.#staged = [...this.#staged, { ...batch, requests: all }];
  }

  async #mergeNext(): Promise<void> {
    const taken = this.#staged.slice(0, this.#mergeable()) as [Batch, ...Batch[]];
    const batch = joinBatches(taken, this.#head);
    this.#isMerging = true;
    try {
      const outcome = await this.#steps.merge(batch);
      if (outcome.kind === 'rewind') this.#rewind(outcome);
      else this.#commit(batch, { taken: taken.length, counts: outcome.counts });
    } catch (error) {
      if (!isCancellation(error)) this.#failure ??= error as Error;
      this.#dropStaged();
    } finally {
      this.#isMerging = false;
      this.#changes++;
    }
  }

  #commit(batch: Batch, { taken, counts }: { taken: number; counts: LedgerHead['totals'] }): void {
    this.#rewindsInARow = 0;
    this.#staged = this.#staged.slice(taken);
    this.#head = {
      sequence: batch.sequence,
      batchId: batch.batchId,
      frontier: batch.frontierAfter,
      totals: addCounts(this.#head.totals, counts),
      requests: addRequests(this.#head.requests, batch.requests),
    };
    this.#steps.onMerged(this.#head);
  }

  #rewind({ reason, head }: Extract<MergeChunkResult, { kind: 'rewind' }>): void {
    log.warn('staged batches dropped', { reason, goingOnFrom: head.sequence });
    if (++this.#rewindsInARow > maxRewindsInARow) {
      throw ApplicationFailure.create({
        type: rewindFailure[reason],
        message: `batch ${head.sequence + 1} was lost ${maxRewindsInARow} times in a row (${reason}); next: ${rewindAdvice[reason]}`,
        nonRetryable: true,
      });
    }
    this.#wait = reason === 'doubtful' ? untilDoubtIsOver() : null;
    this.#head = head;
    this.#dropStaged();
    this.#steps.onRewound(reason);
  }

  /** Drops what is staged, and what the running extraction will bring. */
  #dropStaged(): void {
    this.#epoch++;
    this.#staged = [];
    this.interruptExtraction();
  }

  async #nextChange(): Promise<void> {
    const seen = this.#changes;
    await condition(() => this.#changes !== seen || this.#canExtract());
  }

  /** Sleeps on a durable timer. A pause interrupts it; after the resume the rest is waited out. */
  async #waitOut(): Promise<void> {
    const waitMs = waitTimeMs(this.#wait?.until ?? null);
    if (waitMs >= shownWaitMs) this.#steps.onWait('begins');
    const isInterrupted = waitMs > 0 && (await condition(() => !this.#steps.mayExtract(), waitMs));
    if (waitMs >= shownWaitMs) this.#steps.onWait('ends');
    if (!isInterrupted) this.#wait = null;
  }
}

function untilDoubtIsOver(): WaitReason {
  const until = new Date(Date.now() + doubtLastsMs).toISOString();
  return { reason: 'another run of the stream has just committed', until };
}
