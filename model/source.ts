import type { AssociationTable, StagedHead, StagedLink } from './association.ts';
import type { RequestCounts } from './batch.ts';
import type { ColumnType } from './column.ts';
import type { WaitReason } from './errors.ts';
import type { Finding } from './finding.ts';
import type { SourceFrontier } from './frontier.ts';
import type { StreamPlan } from './plan.ts';
import type { TimeWindow } from './positions.ts';
import type { StagedTombstone } from './tombstone.ts';
import type { Traffic } from './traffic.ts';

/** One property of the source's catalogue. */
export interface PropertyDescription {
  readonly name: string;
  readonly label: string;
  /** The source's own word for the type. */
  readonly sourceType: string;
  readonly type: ColumnType;
  readonly isCalculated: boolean;
}

export interface ObjectDescription {
  readonly object: string;
  readonly keyType: ColumnType;
  readonly versionProperty: string | null;
  readonly properties: readonly PropertyDescription[];
  readonly can: ObjectCapabilities;
  /** The source's clock when it described the object. */
  readonly sourceNow: string;
}

/** What can be asked of an object beyond listing it. Ask for these, never for a connector's name. */
export interface ObjectCapabilities {
  /** Finds records by when they were last modified. Without it an incremental run reads the whole object. */
  readonly searchChanges: boolean;
  /** Finds records by when they were created. */
  readonly searchCreated: boolean;
  readonly listArchived: boolean;
  readonly associate: boolean;
}

export interface ObjectSummary {
  readonly object: string;
  /** Null where it could not be counted; `reason` says why. */
  readonly recordCount: number | null;
  readonly reason: string | null;
}

export interface BackfillStart {
  readonly frontier: SourceFrontier;
  /** For progress only; from an index that may lag. */
  readonly estimatedRecords: number | null;
  /** The source's clock when planning began. */
  readonly sourceNow: string;
}

export type BackfillScope =
  | { readonly kind: 'whole' }
  | { readonly kind: 'limit'; readonly limit: number }
  | { readonly kind: 'ids'; readonly ids: readonly string[] }
  /** Created within the window; `searchCreated` objects only. */
  | { readonly kind: 'range'; readonly created: TimeWindow };

/** A record as staged: key, one text (or null) per plan column, version, observed-at; the order of `stagedColumns`. */
export type StagedRow = readonly (string | null)[];

/** Where an extract puts what it reads. Each returns when the stage can take more; calls may overlap. */
export interface StageSink {
  records(rows: readonly StagedRow[]): Promise<void>;
  tombstones(rows: readonly StagedTombstone[]): Promise<void>;
  /** Heads whose associations are all in `links`, of this call or earlier ones. */
  associations(
    table: AssociationTable,
    read: { readonly heads: readonly StagedHead[]; readonly links: readonly StagedLink[] },
  ): Promise<void>;
}

/**
 * What to do about an id of an `ids` frontier that the source does not give: pass over it, or look once more in the bin and
 * stage it as a tombstone.
 */
export type AbsentIds = 'pass' | 'tombstone';

export interface ExtractRequest {
  readonly plan: StreamPlan;
  readonly frontier: SourceFrontier;
  /** Stop once this many records are read or on their way; the overshoot is less than one page. */
  readonly chunkRecords: number;
  readonly sink: StageSink;
  readonly absentIds: AbsentIds;
  /** How its requests stand to others of the same account. */
  readonly traffic: Traffic;
  /**
   * Whether this version of a record is merged already: a search hit that is known need not be read. Asked for `windows`
   * only.
   */
  readonly isKnown: (id: string, version: string) => boolean;
  /** Windows with more hits than this are not read at all: a listing is cheaper. Null for no bound. */
  readonly maxHits: number | null;
  /** Aborted to stop early: no new request is sent, and what was written is handed back as a short chunk. */
  readonly signal: AbortSignal;
  readonly onProgress: (progress: ExtractProgress) => void;
  /** Null where nobody would go on from one. A source that cannot come to rest in the middle makes none. */
  readonly checkpoint: Checkpointing | null;
}

/** How an extract tells in the middle what it has staged for good. */
export interface Checkpointing {
  /** Whether one is worth the rest, with so many records staged by this extract. */
  isDue(records: number): boolean;
  /** Called at rest: `soFar.frontier` is what remains after exactly what is staged. Nothing is read until it resolves. */
  save(soFar: ExtractSoFar): Promise<void>;
}

export type ExtractSoFar = Pick<
  ExtractOutcome,
  'frontier' | 'records' | 'absentColumns' | 'roundedValues' | 'requests'
>;

export interface ExtractProgress {
  readonly records: number;
  /** Null while requests flow; else why none does. */
  readonly waiting: WaitReason | null;
  /** Share of the account's request limit in use over the last window, 0 to 1; null while the limit is unknown. */
  readonly limitShare: number | null;
}

export interface ExtractOutcome {
  readonly frontier: SourceFrontier;
  /** Records and tombstones staged. */
  readonly records: number;
  /** Search hits passed over because their version was known. */
  readonly knownRecords: number;
  /** Set where the windows held more than `maxHits`: nothing was read. */
  readonly tooManyHits: number | null;
  /** Columns of the plan, by name, whose property the source had no longer. */
  readonly absentColumns: readonly string[];
  readonly roundedValues: number;
  readonly requests: RequestCounts;
  /** A wait longer than a minute, which belongs to the workflow (rule 13 of docs/spec.md). */
  readonly wait: WaitReason | null;
}

/**
 * Where records come from. One instance per configured source and process. All methods raise `SyncError`. Questions of a few
 * requests are `bulk` traffic unless the caller says that somebody waits.
 */
export interface Source {
  /** Whether the credentials work and the objects may be read. Reports instead of raising. */
  check(objects: readonly string[], signal: AbortSignal): Promise<Finding[]>;
  /** One request. */
  readUsage(signal: AbortSignal): Promise<SourceUsage>;
  listObjects(signal: AbortSignal): Promise<ObjectSummary[]>;
  /** One entry of `listObjects`, at a fraction of its requests. */
  summarizeObject(object: string, signal: AbortSignal): Promise<ObjectSummary>;
  describeObject(object: string, signal: AbortSignal, traffic?: Traffic): Promise<ObjectDescription>;
  planBackfill(object: string, scope: BackfillScope, signal: AbortSignal): Promise<BackfillStart>;
  /**
   * How many records there are, by one cheap request; it may trail. Null where the source cannot count without reading.
   */
  countRecords(object: string, signal: AbortSignal, traffic?: Traffic): Promise<RecordCount | null>;
  /**
   * Ids of the records created last, at most `limit`, by few requests and from an index that may trail: a sample to look at,
   * never something to sync by. Null where the source cannot find them.
   */
  newestIds(object: string, limit: number, signal: AbortSignal): Promise<NewestIds | null>;
  /**
   * Names the account, and what of it the credentials may see: another text than before may explain why records vanished.
   * One request; holds no secret.
   */
  describeAccess(object: string, signal: AbortSignal, traffic?: Traffic): Promise<string>;
  extract(request: ExtractRequest): Promise<ExtractOutcome>;
  /** Share of the account's request limit in use now, 0 to 1; null while the limit is unknown. Sends nothing. */
  limitShare(): number | null;
  close(): Promise<void>;
}

/** What is left of the account's daily limit, and how far its clock is from this machine's. */
export interface SourceUsage {
  /** Null where the source has no such limit, or does not tell. */
  readonly daily: DailyUsage | null;
  /** ISO instants of one moment, to about a second: the source's clock, null where it told none, and this machine's. */
  readonly sourceNow: string | null;
  readonly machineNow: string;
}

export interface DailyUsage {
  /** Null where the source only says that nothing is left. */
  readonly limit: number | null;
  readonly left: number;
  /** ISO. */
  readonly resetsAt: string;
}

export interface RecordCount {
  readonly records: number;
  readonly requests: RequestCounts;
}

export interface NewestIds {
  readonly ids: readonly string[];
  readonly requests: RequestCounts;
}
