import type { TableName } from './plan.ts';
import type { StreamName } from './stream-name.ts';

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
  /** Rejected records and nulled values that a run may have before it stops. */
  readonly rejectLimit: number;
}
