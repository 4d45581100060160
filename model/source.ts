import type { RequestCounts } from './batch.ts';
import type { ColumnType } from './column.ts';
import type { WaitReason } from './errors.ts';
import type { Finding } from './finding.ts';
import type { Frontier } from './frontier.ts';
import type { StreamPlan } from './plan.ts';

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
}

export interface ObjectSummary {
  readonly object: string;
  /** Null where it could not be counted; `reason` says why. */
  readonly recordCount: number | null;
  readonly reason: string | null;
}

export interface BackfillStart {
  readonly frontier: Frontier;
  /** For progress only; from an index that may lag. */
  readonly estimatedRecords: number | null;
  /** The source's clock when planning began. */
  readonly sourceNow: string;
}

export type BackfillScope =
  | { readonly kind: 'whole' }
  | { readonly kind: 'limit'; readonly limit: number }
  | { readonly kind: 'ids'; readonly ids: readonly string[] };

/** A record as staged: key, one text (or null) per plan column, version, observed-at; the order of `stagedColumns`. */
export type StagedRow = readonly (string | null)[];

export interface ExtractRequest {
  readonly plan: StreamPlan;
  readonly frontier: Frontier;
  /** Stop once this many records are read or on their way; the overshoot is less than one page. */
  readonly chunkRecords: number;
  /** Rows of one page. Returns when the stage can take more. Calls may overlap. */
  readonly write: (rows: readonly StagedRow[]) => Promise<void>;
  /** Aborted to stop early: no new request is sent, and what was written is handed back as a short chunk. */
  readonly signal: AbortSignal;
  readonly onProgress: (progress: ExtractProgress) => void;
}

export interface ExtractProgress {
  readonly records: number;
  /** Null while requests flow; else why none does. */
  readonly waiting: WaitReason | null;
  /** Share of the account's request limit in use over the last window, 0 to 1; null while the limit is unknown. */
  readonly limitShare: number | null;
}

export interface ExtractOutcome {
  readonly frontier: Frontier;
  readonly records: number;
  readonly roundedValues: number;
  readonly requests: RequestCounts;
  /** A wait longer than a minute, which belongs to the workflow (rule 13 of docs/spec.md). */
  readonly wait: WaitReason | null;
}

/** Where records come from. One instance per configured source and process. All methods raise `SyncError`. */
export interface Source {
  /** Whether the credentials work and the objects may be read. Reports instead of raising. */
  check(objects: readonly string[], signal: AbortSignal): Promise<Finding[]>;
  listObjects(signal: AbortSignal): Promise<ObjectSummary[]>;
  /** One entry of `listObjects`, at a fraction of its requests. */
  summarizeObject(object: string, signal: AbortSignal): Promise<ObjectSummary>;
  describeObject(object: string, signal: AbortSignal): Promise<ObjectDescription>;
  planBackfill(object: string, scope: BackfillScope, signal: AbortSignal): Promise<BackfillStart>;
  extract(request: ExtractRequest): Promise<ExtractOutcome>;
  close(): Promise<void>;
}
