import type { Counts } from './counts.ts';
import type { Frontier } from './frontier.ts';

/** One closed, fsynced file of a stage. */
export interface StageFile {
  readonly path: string;
  readonly rowCount: number;
  readonly sizeBytes: number;
  /** Hex, of the file's bytes. */
  readonly sha256: string;
}

/** A chunk between extract and merge. Its columns are those of `stagedColumns(plan)`, in that order, without a header. */
export interface Stage {
  readonly directory: string;
  readonly files: readonly StageFile[];
  readonly rowCount: number;
}

/**
 * A staged chunk, minted when its stage closed. Only attempts of its one merge share `batchId`: extracting the same
 * frontier again gives another batch, since parallel reading is not repeatable.
 */
export interface Batch {
  readonly batchId: string;
  /** 1 for a run's first batch, then without gaps. */
  readonly sequence: number;
  readonly predecessor: string | null;
  readonly stage: Stage;
  readonly frontierAfter: Frontier;
  readonly roundedValues: number;
  readonly requests: RequestCounts;
}

export interface RequestCounts {
  readonly requests: number;
  readonly rateLimited: number;
  readonly retried: number;
  readonly receivedBytes: number;
}

export const zeroRequests: RequestCounts = { requests: 0, rateLimited: 0, retried: 0, receivedBytes: 0 };

export function addRequests(a: RequestCounts, b: RequestCounts): RequestCounts {
  return {
    requests: a.requests + b.requests,
    rateLimited: a.rateLimited + b.rateLimited,
    retried: a.retried + b.retried,
    receivedBytes: a.receivedBytes + b.receivedBytes,
  };
}

/** How far a run has come in the ledger: its last committed batch, or where it began when nothing is committed yet. */
export interface LedgerHead {
  readonly sequence: number;
  readonly batchId: string | null;
  readonly frontier: Frontier;
  /** Over all committed batches of the run. */
  readonly totals: Counts;
  readonly requests: RequestCounts;
}
