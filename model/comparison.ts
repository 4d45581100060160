import type { LedgerHead, Stage, StagePart } from './batch.ts';
import type { StreamPlan, SyncMode } from './plan.ts';
import type { StreamTable } from './stream-table.ts';

/** What a comparison looks for. Each kind of id found becomes work. */
export interface CompareRequest {
  readonly run: string;
  readonly mode: SyncMode;
  readonly generation: number;
  readonly plan: StreamPlan;
  readonly sequence: number;
  readonly predecessor: string | null;
  readonly planDigest: string;
  readonly firstStartedAt: string;
  /**
   * `all`: live ids were listed, archived ones too; everything is compared. `vanished`: all records were merged and listed;
   * only what they leave over is looked for. `restored`: only archived ids were listed, and only tombstones are compared.
   */
  readonly looksFor: 'all' | 'vanished' | 'restored';
  /** Tombstones older than this are not asked about again: the source cannot bring them back. ISO. */
  readonly restorableSince: string;
}

/** Ids found, by why. An id counts once, under the first reason that applies. */
export interface Differences {
  /** Alive at the source, and not a live row. */
  readonly missing: number;
  /** Older here than there, or of another version that nobody observed. */
  readonly stale: number;
  /** The same version, and another value in a listed column. */
  readonly recalculated: number;
  /** Tombstones that a later batch may contradict, and tombstones that the source's bin no longer holds. */
  readonly doubtful: number;
  /** Rows that no list of the source has: live ones, and tombstones too where a stream's vanished rows are erased. */
  readonly vanished: number;
}

export interface CompareOutcome {
  readonly differences: Differences;
  /** Live rows when it was compared. */
  readonly liveRows: number;
  /** Ids the run has listed as alive. */
  readonly listed: number;
  /** Names the vanished ids: hex SHA-256 over them in order; null where there are none. */
  readonly digest: string | null;
  /** Its frontier is the work of `repair`. */
  readonly head: LedgerHead;
}

/** The columns of a listing are those of `listingPlan(plan)`. */
export interface ListingReportRequest extends StreamTable {
  readonly plan: StreamPlan;
  /** Every id alive at the source, with its version. */
  readonly listing: StagePart;
  readonly archived: StagePart;
  /** Whole records of a sample, staged as content; null for none. */
  readonly sample: Stage | null;
  /** When the listing began; rows observed later are left out. ISO. */
  readonly listedSince: string;
  /** Ids to name of each difference, at most. */
  readonly maxIds: number;
}

export interface DifferingIds {
  readonly count: number;
  readonly ids: readonly string[];
}

export interface ListingReport {
  readonly sourceRecords: number;
  readonly liveRows: number;
  /** Alive at the source, and not a live row. */
  readonly missing: DifferingIds;
  /** A live row, and not alive at the source. */
  readonly extra: DifferingIds;
  /** Alive on both sides, and older here than there. */
  readonly stale: DifferingIds;
  /** Of the sample: values differ although the version is the same. */
  readonly differing: DifferingIds;
  readonly sampled: number;
  /** Checksums over (id, version) of the live records, by bucket of ids; equal where nothing differs. */
  readonly buckets: readonly { readonly bucket: number; readonly source: string; readonly destination: string }[];
}
