import type { AdoptRequest, Adoption, SurveyRequest, TableSurvey } from './adoption.ts';
import type { Batch, LedgerHead, RequestCounts } from './batch.ts';
import type { Column, ColumnType } from './column.ts';
import type { CompareOutcome, CompareRequest, ListingReport, ListingReportRequest } from './comparison.ts';
import type { CostReport, CostRequest } from './cost.ts';
import type { Counts } from './counts.ts';
import type { Finding } from './finding.ts';
import type { WorkTask } from './frontier.ts';
import type { Scope, StreamPlan, SyncMode } from './plan.ts';
import type { Positions } from './positions.ts';
import type { RemoteStages } from './remote-stages.ts';
import type { KeptReject, RejectedIds, RejectFilter, RejectGroup, RejectRow } from './reject.ts';
import type { OpenRunRequest, RunProgress, RunStatus } from './run.ts';
import type { StreamTable, TableName } from './stream-table.ts';

export interface ClaimRequest extends StreamTable {
  readonly run: string;
  readonly mode: SyncMode;
  /** ISO instant the run's first execution started, by Temporal's clock: a claim never passes to an older run. */
  readonly runStartedAt: string;
}

export interface ClaimResult {
  /** The stream's generation, raised by `reset`; batches of an older one are fenced. */
  readonly generation: number;
  /** This run, if an earlier attempt or a reset history already opened it. */
  readonly self: RunProgress | null;
  /** The newest other whole-stream run of the same mode, for the resume decision. */
  readonly previous: RunProgress | null;
  readonly state: StreamState;
}

/** What the destination knows of a stream, apart from its rows. */
export interface StreamState {
  /** 0 for a stream that was never claimed. */
  readonly generation: number;
  /** Null where the ledger has none for this generation. */
  readonly positions: Positions | null;
  /** The ledger has positions that are no instants. */
  readonly isUnreadable: boolean;
  /** Null where there is no table, or one that no run has opened: another tool's. */
  readonly liveRows: number | null;
  /** Whether a whole-stream backfill of this generation was begun, and how far the last one came. */
  readonly backfill: 'none' | 'unfinished' | 'done';
  /** When a reconciliation last ended as done; ISO. */
  readonly reconciledAt: string | null;
  /** What the last run that was done and had one noted of its access to the source. */
  readonly access: string | null;
  /** Of the plan of the last run that was done and read every record whole or compared it; null where there is none. */
  readonly comparedColumns: readonly Column[] | null;
}

export interface MergeRequest {
  readonly run: string;
  readonly mode: SyncMode;
  readonly scope: Scope;
  readonly generation: number;
  readonly plan: StreamPlan;
  readonly planDigest: string;
  readonly firstStartedAt: string;
  readonly batch: Batch;
  /** Set on the last batch of a run that earns positions: raises each to at least this. */
  readonly positions: Positions | null;
  /** Adds every id of the batch to the run's listing. */
  readonly keepsListing: boolean;
  /** Tombstones and removed associations that a later batch may contradict: kept as work for later, or the whole batch is to be read again. */
  readonly onDoubt: 'keepAsWork' | 'rewind';
  /** Values that do not convert: quarantined, or reported first, so that a changed type can be told from bad values. */
  readonly onNulled: 'quarantine' | 'report';
}

/** How an attempt tells the next one which transaction it leaves behind, should it die: one that holds locks at a server. */
export interface MergeTransactions {
  /** The id that the attempt before noted last; null for the first attempt, or where none was noted. */
  readonly before: string | null;
  /** Notes the id of this attempt's own transaction, before it commits. */
  note(id: string): void;
}

export type MergeOutcome =
  /** Data and ledger row are committed. `isRepeat`: an earlier attempt of this batch had committed them. */
  | { readonly kind: 'merged'; readonly counts: Counts; readonly isRepeat: boolean }
  /** Nothing was written: the ledger is ahead of this run's history, or the stage is gone. The run goes on from `head`. */
  | { readonly kind: 'rewind'; readonly reason: RewindReason; readonly head: LedgerHead }
  /** Nothing was written: `onNulled` is `report`, and values of these columns do not convert. */
  | { readonly kind: 'nulled'; readonly columns: readonly string[] };

/** `doubtful`: a batch committed meanwhile may have seen what this one says is gone. */
export type RewindReason = 'ledgerAhead' | 'stageLost' | 'doubtful';

/** For whose work something is done beside it: a destination may have compute for backfills alone. */
export interface OnBehalf {
  readonly mode?: SyncMode;
}

export interface CloseRunRequest extends StreamTable, OnBehalf {
  readonly run: string;
  readonly status: Exclude<RunStatus, 'running'>;
  /** Kind and text of the failure, without values. */
  readonly error: string | null;
  /** What vanished under the access that the run noted was never approved: later runs are not to be compared with it. */
  readonly forgetsAccess?: boolean;
}

export interface RunRow extends RequestCounts {
  readonly run: string;
  readonly mode: SyncMode;
  readonly scope: Scope;
  readonly status: RunStatus;
  readonly startReason: string;
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly batches: number;
  readonly totals: Counts;
  /** Sent to the destination by the transactions that committed the run's batches. */
  readonly statements: number;
  /** Runs since the last recorded one that found nothing. */
  readonly idleRuns: number;
  readonly error: string | null;
}

export interface OpenRunRecord {
  readonly run: string;
  readonly mode: SyncMode;
  /** ISO. */
  readonly startedAt: string;
}

export interface OpenedRun {
  readonly plan: StreamPlan;
  /** Columns the table did not have or had narrower, by name. */
  readonly addedColumns: readonly string[];
  readonly widenedColumns: readonly string[];
}

export interface WidenRequest {
  readonly run: string;
  readonly mode: SyncMode;
  readonly plan: StreamPlan;
  /** By name, with the type the source now has. */
  readonly columns: readonly { readonly name: string; readonly sourceType: ColumnType }[];
}

export interface BeginVanishedRequest extends StreamTable {
  readonly run: string;
  readonly mode: SyncMode;
  readonly generation: number;
  readonly sequence: number;
  readonly predecessor: string | null;
  /** As the person approved it; `StateCorrupt` where the work is another. */
  readonly digest: string;
}

export interface WorkRequest extends StreamTable {
  readonly run: string;
  readonly mode: SyncMode;
  /** Of the ids. */
  readonly keyType: ColumnType;
  readonly task: WorkTask;
  readonly after: string | null;
  readonly limit: number;
}

export interface ResetRequest extends StreamTable {
  /** Names this reset: a repeat raises nothing. */
  readonly request: string;
  /** Of the stream's table and of `associationTables`. */
  readonly tableRows: 'keep' | 'drop';
  /** Those that are read with the stream's records: nothing else would ever remove their rows. */
  readonly associationTables: readonly TableName[];
}

/** What config means to do with a destination. */
export interface DestinationUse {
  /** Target schemas, each once. */
  readonly schemas: readonly string[];
  /** From one merge of incremental runs of a stream to the next, at the least: one for each stream that has such runs by schedule. */
  readonly incrementalGapsMs: readonly number[];
}

/**
 * Where rows go. One instance per configured destination and process. Every method takes an AbortSignal, and an abort
 * interrupts the running statement. All raise `SyncError`.
 */
export interface Destination {
  /** Names the database itself, not the way to it; part of the plan digest. */
  readonly identity: string;
  /** Whether a look into it costs money: then a run that finds nothing to write does not take one (rule 16 of docs/spec.md). */
  readonly isMetered: boolean;
  /** Queue of the one process that may open it; null where any process may. */
  readonly ownerQueue: string | null;
  /**
   * Makes this process the one that polls `ownerQueue`, until what it returns is disposed or the process ends. Null while
   * another process is the owner. Only for a destination that has such a queue.
   */
  own(): Promise<Disposable | null>;
  /** Where stages are uploaded to, so that any worker may merge them; null where the merge reads this machine's files. */
  readonly stages: RemoteStages | null;
  /** The longest value, in bytes of UTF-8, that it has room for; null for no bound. A longer one is not staged: see `UnstagedValue`. */
  readonly maxTextBytes: number | null;
  /** Whether runs would get through. Of a metered one it takes a login, and no compute. */
  check(use: DestinationUse, signal: AbortSignal): Promise<Finding[]>;
  /** Takes the stream's fence for this run; closes what earlier runs of the same mode left `running` as `lost`. Idempotent. */
  claimRun(request: ClaimRequest, signal: AbortSignal): Promise<ClaimResult>;
  /**
   * Creates the target table, or changes it as the plan's contract allows, and records the run with the plan as the table
   * now is: a column may be wider than was asked, and a comparison may list more of them. Raises `SchemaConflict` where the contract forbids the change. Idempotent
   * per run.
   */
  openRun(request: OpenRunRequest, signal: AbortSignal): Promise<OpenedRun>;
  readPlan(target: StreamTable & { run: string }, signal: AbortSignal): Promise<StreamPlan>;
  /** Without claiming or creating anything. */
  readState(target: StreamTable, signal: AbortSignal): Promise<StreamState>;
  /**
   * Looks whether the table, which another tool has filled, can be adopted, and changes nothing. Raises `ConfigInvalid` where
   * there is no such table, nothing to go on from, or the stream has run already; `SchemaConflict` where the columns cannot be
   * fitted; `StateCorrupt` where rows have no key of their own.
   */
  surveyTable(request: SurveyRequest, signal: AbortSignal): Promise<TableSurvey>;
  /**
   * After the run was opened: gives rows their versions and the ledger the positions they earn, in one transaction. Raises what a
   * survey raises. Repeating it changes nothing.
   */
  adoptTable(request: AdoptRequest, signal: AbortSignal): Promise<Adoption>;
  /** Makes columns wide enough for what the source now sends, in the table and in the run's plan, which it returns. Idempotent. */
  widenColumns(request: WidenRequest, signal: AbortSignal): Promise<StreamPlan>;
  /** Data and ledger row in one transaction; repeating it changes nothing. `transactions`: those of the same batch's attempts. */
  mergeBatch(request: MergeRequest, signal: AbortSignal, transactions?: MergeTransactions): Promise<MergeOutcome>;
  /**
   * Compares the run's listing with the table and keeps what has to be done as work, with a ledger row whose frontier is
   * that work. Repeating it returns the first outcome.
   */
  compareListing(request: CompareRequest, signal: AbortSignal): Promise<CompareOutcome>;
  /** Appends a ledger row that opens the work `vanished`, once a person has approved it. Repeating it changes nothing. */
  beginVanished(request: BeginVanishedRequest, signal: AbortSignal): Promise<LedgerHead>;
  /** The next ids of a task, ascending in the key's own order. */
  readWork(request: WorkRequest, signal: AbortSignal): Promise<readonly string[]>;
  /** Compares staged listings and samples with the table, and leaves no trace. */
  reportListing(request: ListingReportRequest, signal: AbortSignal): Promise<ListingReport>;
  /**
   * Begins a new generation: positions, resume points and running runs of the stream count no more. Idempotent per `request`.
   */
  resetStream(request: ResetRequest, signal: AbortSignal): Promise<{ readonly generation: number }>;
  /** Closes the run's `sync_runs` row. Idempotent; a later close counts, since a history that was reset may finish what had failed. */
  closeRun(request: CloseRunRequest, signal: AbortSignal): Promise<LedgerHead>;
  /** Marks those of the runs that are still `running` as `lost`, and returns them: what ended meanwhile keeps its end. Idempotent. */
  closeLostRuns(target: StreamTable & { runs: readonly string[] }, signal: AbortSignal): Promise<string[]>;
  /** Runs that are recorded as `running`, oldest first. */
  listOpenRuns(target: StreamTable, signal: AbortSignal): Promise<OpenRunRecord[]>;
  /** Null like `liveRows`. */
  countRows(target: StreamTable & OnBehalf, signal: AbortSignal): Promise<{ live: number; deleted: number } | null>;
  /** Newest first, without values, like the two after it. */
  listRejects(
    target: StreamTable & OnBehalf & RejectFilter & { limit: number },
    signal: AbortSignal,
  ): Promise<{ total: number; rows: RejectRow[] }>;
  /** By column and reason, the largest group first. */
  groupRejects(target: StreamTable & RejectFilter, signal: AbortSignal): Promise<RejectGroup[]>;
  /** The ids after `after`, for records to be read again. */
  listRejectedIds(
    target: StreamTable & RejectFilter & { after: string | null; limit: number },
    signal: AbortSignal,
  ): Promise<RejectedIds>;
  /** All that the filter finds, newest first, with values: `take` gets them bit by bit, of one state of the table. */
  readRejects(
    target: StreamTable & RejectFilter,
    take: (rejects: readonly KeptReject[]) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void>;
  listRuns(target: StreamTable & { limit: number }, signal: AbortSignal): Promise<RunRow[]>;
  /** What runs have cost, which takes compute to find out; null for a destination that costs nothing. */
  readonly readCost: ((request: CostRequest, signal: AbortSignal) => Promise<CostReport>) | null;
  close(): Promise<void>;
}
