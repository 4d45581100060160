import type { AssociationTable } from './association.ts';
import type { HoldSettings } from './held-changes.ts';
import type { OnVanished, SchemaContract } from './plan.ts';
import type { WindowSettings } from './positions.ts';
import type { ScheduledMode } from './scheduled-mode.ts';
import type { StreamName } from './stream-name.ts';
import type { TableName } from './stream-table.ts';

/** One stream of the config, with every default filled in. */
export interface StreamSettings {
  readonly stream: StreamName;
  readonly pipeline: string;
  /** Name in the config's `sources`. */
  readonly source: string;
  /** What the stream is called at the source. */
  readonly object: string;
  /** Name in the config's `destinations`. */
  readonly destination: string;
  readonly table: TableName;
  /** Properties to read; null for all of the catalogue. */
  readonly columns: readonly string[] | null;
  readonly chunkRecords: number;
  /** Staged chunks that one merge takes, at most. */
  readonly batchesPerMerge: number;
  /** How long changes may wait staged; null where each run merges what it finds. */
  readonly hold: HoldSettings | null;
  readonly contract: SchemaContract;
  readonly onVanished: OnVanished;
  /** Properties whose columns hold HMAC-SHA-256 of the value instead of the value. */
  readonly hashedProperties: readonly string[];
  /** Texts at the source, whose columns hold the JSON value that is written there. */
  readonly jsonProperties: readonly string[];
  readonly associations: readonly AssociationTable[];
  /** Association tables of this pipeline's other streams that end at this stream's object. */
  readonly incomingAssociations: readonly AssociationTable[];
  readonly incremental: IncrementalSettings;
  readonly reconcile: ReconcileSettings;
  readonly schedules: ScheduleSettings;
  /** Without a run that ends well for this long the stream is stale; null where nobody minds. */
  readonly freshnessMs: number | null;
  /** Rejected records and nulled values that a run may have before it stops. */
  readonly rejectLimit: number;
}

export interface IncrementalSettings {
  /** False: each run reads the whole stream in its place. */
  readonly enabled: boolean;
  readonly windows: WindowSettings;
  /** What a run does on a stream that was never backfilled: say so, or backfill it. */
  readonly neverBackfilled: 'wait' | 'fullSync';
}

export interface ReconcileSettings {
  /** Whether columns that the source derives are compared as well: they change without a new version. */
  readonly refreshCalculated: boolean;
  /** A count that does not fit may call a reconciliation early, but not sooner than this after the last. */
  readonly earliestMs: number;
  /** Counts that fit may put a scheduled reconciliation off, until the last one is this old. */
  readonly latestMs: number;
  /** How long vanished rows wait for an approval, at most until the next scheduled run. */
  readonly approvalWaitMs: number;
}

/** When each mode runs. */
export interface ScheduleSettings {
  /** The longest usual time from one run to the next, in ms; null for never. */
  readonly incrementalMs: number | null;
  readonly softDeleteMs: number | null;
  readonly reconcileMs: number | null;
  /** Modes that run by a calendar; the others run every so often. */
  readonly calendars: Readonly<Partial<Record<ScheduledMode, ScheduleCalendar>>>;
  /** Of the calendars, as the IANA names it. */
  readonly timezone: string;
  /** Runs start later by up to this, as chance has it, and by at most half the time to the next. */
  readonly jitterMs: number;
}

export interface ScheduleCalendar {
  /** Five fields. */
  readonly cron: string;
  /** The shortest time from one run to the next. */
  readonly leastMs: number;
}
