import { SyncError } from '../../model/errors.ts';

/** A value bound to a `?`. 64-bit values are bound as text and cast there. */
export type Bind = string | number | boolean | null;

/** One statement with the values of its `?`, in order. */
export interface Statement {
  readonly sql: string;
  readonly binds?: readonly Bind[];
}

/**
 * By lower-cased column name. Numbers arrive as text, so that no 64-bit value passes through a double; instants as ISO-8601
 * UTC with three to six digits of a second; dates as `YYYY-MM-DD`.
 */
export type SqlRow = Readonly<Record<string, string | boolean | null>>;

export interface Executed {
  readonly queryId: string;
  /** Rows inserted, updated or deleted; 0 for other statements. */
  readonly changedRows: number;
}

/** How a transaction ends when its work did not throw. */
export type TransactionEnd<T> = { readonly end: 'commit' | 'rollback'; readonly value: T };

/** One Snowflake session, used by one caller at a time. An abort cancels the running statement and rejects with its reason. */
export interface Session {
  /** Statements sent so far, with BEGIN, COMMIT and PUT. */
  readonly statements: number;
  /** Of those that were answered. */
  readonly queryIds: readonly string[];
  /** Summed from sending each to its answer, by this process's clock. */
  readonly elapsedMs: number;
  execute(statement: Statement): Promise<Executed>;
  query(statement: Statement): Promise<SqlRow[]>;
  /** The same for answers that are too long to be held: rows as they come, and the next ones once `take` has resolved. */
  stream(statement: Statement, take: (rows: readonly SqlRow[]) => Promise<void>): Promise<void>;
  /**
   * From BEGIN to COMMIT, or ROLLBACK where `work` throws or asks for it. `execute` raises where DDL is sent in between, since
   * that would commit, and for a change of rows without `withinTransaction`, except for the first. Raises `Conflict` where
   * somebody else ended the transaction, and `UnknownOutcome` where it could not be told whether it was committed.
   */
  transaction<T>(work: () => Promise<TransactionEnd<T>>): Promise<T>;
  /** Within a transaction, once: its id, as the server tells it, which later statements carry. Raises `Conflict` for null. */
  identify(transactionId: string | null): void;
}

/** A count of a row, 0 where there is none. */
export function numberOf(row: SqlRow | undefined, column: string): number {
  return Number(row?.[column] ?? 0);
}

/** Nobody told what came of the COMMIT: the ledger has to be asked, in another session, whether the batch is in it. */
export class UnknownOutcome extends SyncError {
  constructor(cause: SyncError) {
    super('Unavailable', `it is not known whether Snowflake committed: ${cause.message}`, {
      next: 'let it be tried again: the ledger tells',
      cause,
    });
    this.name = 'UnknownOutcome';
  }
}
