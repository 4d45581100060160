import type { Destination, DestinationUse } from '../../model/destination.ts';
import type { TableName } from '../../model/stream-table.ts';

/** A row as text: decimals with nine digits, instants as ISO-8601 UTC with milliseconds. */
export type TableRow = Readonly<Record<string, string | null>>;

/** A destination and a way to look at and into its tables that shares nothing with it. */
export interface DestinationUnderTest {
  readonly destination: Destination;
  /** The rows of any table or view. */
  readRows(table: TableName): Promise<TableRow[]>;
  /** Asks as anybody would: one query, in the words of the docs. */
  ask(sql: string): Promise<readonly unknown[]>;
  /** Runs statements, with `{TABLE:name}` standing for that table of the plan's schema. */
  change(sql: string): Promise<void>;
  /** What may happen to its tables, apart from what every destination has to expect. */
  readonly history: {
    /** An earlier release may have made them. */
    readonly hasEarlierReleases: boolean;
    /** A column of instants can hold what is none: a text, or infinity. */
    readonly hasLooseInstants: boolean;
  };
  /** The least that no column of integers holds. */
  readonly tooLargeInteger: string;
  /** How much later than a commit something has to be seen, to be seen after it for certain. */
  readonly doubtMarginMs: number;
  /** Takes a file of a stage away from the merge, or puts rows into it that nobody wrote. */
  removeStaged(path: string): Promise<void>;
  lengthenStaged(path: string): Promise<void>;
  /** What tells it that a staged file is not the one that was closed. */
  readonly knowsStagesBy: 'checksum' | 'rowCount';
  dispose(): Promise<void>;
}

/** For a check of which no stream is part. */
export const noUse: DestinationUse = { schemas: [], incrementalGapsMs: [] };
