import type { Destination, DestinationUse } from '../../model/destination.ts';
import type { TableName } from '../../model/stream-table.ts';

/** A row as text: decimals with nine digits, instants as ISO-8601 UTC with milliseconds. */
export type TableRow = Readonly<Record<string, string | null>>;

/** A destination and a way to look at and into its tables that shares nothing with it. */
export interface DestinationUnderTest {
  readonly destination: Destination;
  /** The rows of any table or view. */
  readRows(table: TableName): Promise<TableRow[]>;
  /** Runs statements, with `{TABLE:name}` standing for that table of the plan's schema. */
  change(sql: string): Promise<void>;
  dispose(): Promise<void>;
}

/** For a check of which no stream is part. */
export const noUse: DestinationUse = { schemas: [], incrementalGapsMs: [] };
