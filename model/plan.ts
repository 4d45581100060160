import type { AssociationTable } from './association.ts';
import type { Column } from './column.ts';
import type { TableName } from './stream-table.ts';

/** Runs of one mode and stream follow one another; runs of different modes may overlap (rule 5 of docs/spec.md). */
export const syncModes = ['backfill', 'incremental', 'softDelete', 'reconcile', 'resync'] as const;

export type SyncMode = (typeof syncModes)[number];

/** How much of the stream a run reads. Only `whole` may touch the watermark and the resume point. */
export type Scope = 'whole' | 'limit' | 'ids' | 'range';

/** What becomes of a row whose record is gone from the source without a trace: a tombstone, or a bare id. */
export type OnVanished = 'flag' | 'erase';

/** What a run does when the source's properties are no longer those of the table. */
export const schemaContracts = ['evolve', 'freeze', 'discard'] as const;

export type SchemaContract = (typeof schemaContracts)[number];

/**
 * What a run reads and writes, fixed when it starts and stored with it, so that all its chunks agree.
 * Holds no secret.
 */
export interface StreamPlan {
  readonly stream: string;
  /** Name of the source in config, and the object or table read there. */
  readonly source: string;
  readonly object: string;
  readonly destination: string;
  readonly table: TableName;
  readonly key: Column;
  /** Property that carries a record's version; null where the source has none. */
  readonly versionProperty: string | null;
  readonly columns: readonly Column[];
  /**
   * Names of the columns that a listing of ids carries and compares: those that change without a new version, and those that
   * are newer than the rows. They cost a listing no further request.
   */
  readonly listedColumns: readonly string[];
  readonly contract: SchemaContract;
  readonly onVanished: OnVanished;
  /** Tables of associations that are read with this stream's records. */
  readonly associations: readonly AssociationTable[];
  /** Tables of other streams whose associations end at this stream's records. */
  readonly incomingAssociations: readonly AssociationTable[];
  /** Its run adopted the table: what is in the columns was written by another tool. */
  readonly isAdopted?: true;
}

/** The columns whose values a run of the plan has read, or compared, for every row; null for no run. */
export function comparedColumns(plan: Pick<StreamPlan, 'columns' | 'isAdopted'> | null): readonly Column[] | null {
  return plan?.isAdopted ? [] : (plan?.columns ?? null);
}

/** The plan by which a listing is staged: the listed columns and no others. */
export function listingPlan(plan: StreamPlan): StreamPlan {
  return { ...plan, columns: plan.columns.filter(({ name }) => plan.listedColumns.includes(name)) };
}

/** Columns of a staged row, in order: key, the source's own, then version and observed-at. */
export function stagedColumns(plan: Pick<StreamPlan, 'key' | 'columns'>): string[] {
  return [plan.key.name, ...plan.columns.map((column) => column.name), '_version', '_observed_at'];
}

/** Names the layout of a plan's staged rows: plans of one layout can read each other's stages. */
export function columnLayout({ columns }: Pick<StreamPlan, 'columns'>): string {
  return JSON.stringify(columns.map(({ name, property }) => [name, property]));
}
