import type { Column } from './column.ts';

export type SyncMode = 'backfill' | 'incremental' | 'softDelete' | 'reconcile';

/** How much of the stream a backfill reads. Only `whole` may touch the watermark and the resume point. */
export type Scope = 'whole' | 'limit' | 'ids';

export interface TableName {
  readonly schema: string;
  readonly table: string;
}

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
}

/** Columns of a staged row, in order: key, the source's own, then version and observed-at. */
export function stagedColumns(plan: Pick<StreamPlan, 'key' | 'columns'>): string[] {
  return [plan.key.name, ...plan.columns.map((column) => column.name), '_version', '_observed_at'];
}
