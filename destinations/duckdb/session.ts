import type { DuckDBConnection, Json } from '@duckdb/node-api';
import { toSyncError } from './driver-errors.ts';

export type SqlValues = Readonly<Record<string, string | number | boolean | null>>;
/** BIGINT and DECIMAL arrive as strings, so that no 64-bit value passes through a double. */
export type SqlRow = Readonly<Record<string, Json>>;

/** How a transaction ends when its work did not throw. */
export type TransactionEnd<T> = { readonly end: 'commit' | 'rollback'; readonly value: T };

/** One connection, used by one caller at a time. An abort interrupts the running statement and rejects with its reason. */
export interface Session {
  /** Statements sent so far. */
  readonly statements: number;
  execute(sql: string, values?: SqlValues): Promise<void>;
  query(sql: string, values?: SqlValues): Promise<SqlRow[]>;
  /** The same for answers that are too long to be held: rows as they come, and the next ones once `take` has resolved. */
  stream(sql: string, values: SqlValues, take: (rows: readonly SqlRow[]) => Promise<void>): Promise<void>;
  /** Rolls back when `work` throws or asks for it. COMMIT itself is never interrupted: its outcome would be unknown. */
  transaction<T>(work: () => Promise<TransactionEnd<T>>): Promise<T>;
}

export interface SessionOptions {
  readonly connection: DuckDBConnection;
  readonly path: string;
  readonly signal: AbortSignal;
  /** Told when the connection can no longer be trusted. */
  readonly onBroken: () => void;
}

export function createSession({ connection, path, signal, onBroken }: SessionOptions): Session {
  let statements = 0;
  const run = async (sql: string, values?: SqlValues) => {
    statements++;
    return connection.run(sql, values as Record<string, string> | undefined);
  };

  const attempt = async <T>(work: () => Promise<T>): Promise<T> => {
    signal.throwIfAborted();
    // An interrupt that arrives before the statement starts is forgotten by the driver, hence repeated.
    let repeat: NodeJS.Timeout | undefined;
    const interrupt = () => {
      connection.interrupt();
      repeat = setInterval(() => connection.interrupt(), 20);
    };
    signal.addEventListener('abort', interrupt, { once: true });
    try {
      const result = await work();
      signal.throwIfAborted();
      return result;
    } catch (error) {
      signal.throwIfAborted();
      throw fail(error);
    } finally {
      signal.removeEventListener('abort', interrupt);
      clearInterval(repeat);
    }
  };

  const fail = (error: unknown) => {
    const failure = toSyncError(error, path);
    if (failure.isFatal) onBroken();
    return failure.error;
  };

  const session: Session = {
    get statements() {
      return statements;
    },
    async execute(sql, values) {
      await attempt(() => run(sql, values));
    },
    async query(sql, values) {
      return attempt(async () => (await run(sql, values)).getRowObjectsJson());
    },
    async stream(sql, values, take) {
      statements++;
      const result = await attempt(() => connection.stream(sql, values as Record<string, string>));
      const rows = result.yieldRowObjectJson();
      for (;;) {
        const next = await attempt(() => rows.next());
        if (next.done === true) return;
        await take(next.value);
      }
    },
    async transaction(work) {
      await session.execute('BEGIN TRANSACTION');
      try {
        const { end, value } = await work();
        await run(end === 'commit' ? 'COMMIT' : 'ROLLBACK').catch((error: unknown) => {
          throw fail(error);
        });
        return value;
      } catch (error) {
        // After a failed COMMIT no transaction is left; a connection in any other state is replaced, not reasoned about.
        await run('ROLLBACK').catch(onBroken);
        throw error;
      }
    },
  };
  return session;
}

/** A count of a row, 0 where there is none. */
export function numberOf(row: SqlRow | undefined, column: string): number {
  return Number(row?.[column] ?? 0);
}
