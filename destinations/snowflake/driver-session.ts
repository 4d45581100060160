import { SyncError } from '../../model/errors.ts';
import { orAborted } from '../../model/or-aborted.ts';
import { endsTransaction } from './ddl.ts';
import type { DriverAnswer, DriverConnection } from './driver.ts';
import { isRefused, isSessionGone, toSyncError } from './driver-errors.ts';
import type { ErrorPlace } from './error-place.ts';
import { rowReader } from './rows.ts';
import { type Session, type SqlRow, type Statement, UnknownOutcome } from './session.ts';

/** What a statement that was given up may still take to stop, before its session is left behind. */
const cancelMs = 5_000;
const rollbackMs = 15_000;
/** COMMIT writes no rows: it answers soon, or nobody is there. */
const commitMs = 120_000;
/** Above the server's own limit, so that its error, which is clear, comes first. */
const answerMarginMs = 30_000;
const rowsPerTake = 1_000;
/** For the next rows of an answer that is there: they are fetched from its storage. */
const rowsMs = 120_000;

export interface DriverSessionOptions {
  readonly connection: DriverConnection;
  readonly place: ErrorPlace;
  readonly signal: AbortSignal;
  readonly queryTag: string;
  readonly statementTimeoutMs: number;
  /** Told when the connection can no longer be trusted. */
  readonly onBroken: () => void;
  /** Another session in place of one that the server has forgotten. */
  readonly reopen: () => Promise<DriverConnection>;
}

/** The driver retries a statement for minutes where nobody answers, so each is raced against a limit and the signal. */
export function createDriverSession(options: DriverSessionOptions): Session {
  const { place, signal, queryTag, onBroken, reopen } = options;
  const answerMs = options.statementTimeoutMs + answerMarginMs;
  let { connection } = options;
  let statements = 0;
  let executionMs = 0;
  let isInTransaction = false;
  const queryIds: string[] = [];

  /** One statement and what is read of its answer; rejects with the driver's error, a SyncError of ours or the abort's reason. */
  const attempt = async <T>(
    statement: Statement,
    read: (answer: DriverAnswer) => Promise<T>,
    { limitMs, stop }: { limitMs: number; stop: AbortSignal | null },
  ): Promise<T> => {
    stop?.throwIfAborted();
    const timeout = AbortSignal.timeout(limitMs);
    const limit = stop === null ? timeout : AbortSignal.any([stop, timeout]);
    const started = performance.now();
    statements++;
    const sent = connection.execute(statement, queryTag);
    try {
      const answer = await orAborted(sent.answer, limit);
      queryIds.push(answer.queryId);
      return await read(answer);
    } catch (error) {
      if (!limit.aborted) throw error;
      onBroken();
      // A statement that still runs would hold its locks beside the ROLLBACK that follows.
      await settledWithin(
        cancelMs,
        sent.cancel().then(() => sent.answer),
      );
      stop?.throwIfAborted();
      throw new SyncError(
        'Unavailable',
        `Snowflake did not answer a statement within ${Math.round(limitMs / 1_000)} s`,
        {
          next: 'let it be tried again, or raise statementTimeoutMs',
        },
      );
    } finally {
      executionMs += performance.now() - started;
    }
  };

  const run = async <T>(statement: Statement, read: (answer: DriverAnswer) => Promise<T>): Promise<T> => {
    if (isInTransaction && endsTransaction(statement.sql)) {
      throw new Error(`${statement.sql.split(/\s/, 1)[0]} would end the open transaction`);
    }
    const limits = { limitMs: answerMs, stop: signal };
    try {
      return await attempt(statement, read, limits);
    } catch (error) {
      signal.throwIfAborted();
      // Nothing was done in it yet, so nothing is lost with it: a session that was idle may be over.
      if (!isSessionGone(error) || statements > 1) throw toSyncError(error, place);
      connection = await reopen();
      return await attempt(statement, read, limits).catch((again: unknown) => {
        signal.throwIfAborted();
        throw toSyncError(again, place);
      });
    }
  };

  const end = async (sql: 'COMMIT' | 'ROLLBACK', limitMs: number): Promise<void> => {
    isInTransaction = false;
    await attempt({ sql }, async () => undefined, { limitMs, stop: null });
  };

  const rollback = async (): Promise<void> => {
    // A session in doubt is destroyed, which rolls back too, only later.
    await end('ROLLBACK', rollbackMs).catch(onBroken);
  };

  const commit = async (): Promise<void> => {
    try {
      await end('COMMIT', commitMs);
    } catch (error) {
      onBroken();
      const failure = toSyncError(error, place);
      throw isRefused(error) ? failure : new UnknownOutcome(failure);
    }
  };

  return {
    get statements() {
      return statements;
    },
    get queryIds() {
      return queryIds;
    },
    get executionMs() {
      return Math.round(executionMs);
    },
    execute: (statement) =>
      run(statement, async ({ queryId, changedRows }) => ({ queryId, changedRows: Math.max(0, changedRows) })),
    async query(statement) {
      const rows: SqlRow[] = [];
      await run(statement, (answer) => eachRows(answer, signal, async (some) => void rows.push(...some)));
      return rows;
    },
    async stream(statement, take) {
      const refusals: unknown[] = [];
      const taking = (rows: readonly SqlRow[]) =>
        take(rows).catch((error: unknown) => {
          refusals.push(error);
          throw error;
        });
      try {
        await run(statement, (answer) => eachRows(answer, signal, taking));
      } catch (error) {
        // What the taker throws is no failure of Snowflake's.
        throw refusals.length > 0 ? refusals[0] : error;
      }
    },
    async transaction(work) {
      if (isInTransaction) throw new Error('there is a transaction already');
      await run({ sql: 'BEGIN' }, async () => undefined);
      isInTransaction = true;
      try {
        const { end: ending, value } = await work();
        await (ending === 'commit' ? commit() : rollback());
        return value;
      } catch (error) {
        if (isInTransaction) await rollback();
        throw error;
      }
    },
  };
}

async function eachRows(
  answer: DriverAnswer,
  signal: AbortSignal,
  take: (rows: readonly SqlRow[]) => Promise<void>,
): Promise<void> {
  const read = rowReader(answer.columns);
  const rows = answer.rows()[Symbol.asyncIterator]();
  try {
    for (;;) {
      const some = await nextRows(rows, read, signal);
      if (some.length > 0) await take(some);
      if (some.length < rowsPerTake) return;
    }
  } finally {
    // Lets go of what is still on its way; at the end of the rows this does nothing.
    void rows.return?.().catch(() => undefined);
  }
}

/** Fewer than asked for are the last. */
async function nextRows(
  rows: AsyncIterator<readonly unknown[]>,
  read: (values: readonly unknown[]) => SqlRow,
  signal: AbortSignal,
): Promise<SqlRow[]> {
  const collect = async (): Promise<SqlRow[]> => {
    const some: SqlRow[] = [];
    while (some.length < rowsPerTake) {
      const next = await rows.next();
      if (next.done === true) break;
      some.push(read(next.value));
    }
    return some;
  };
  const timeout = AbortSignal.timeout(rowsMs);
  try {
    return await orAborted(collect(), AbortSignal.any([signal, timeout]));
  } catch (error) {
    signal.throwIfAborted();
    if (!timeout.aborted) throw error;
    throw new SyncError('Unavailable', `the rows of an answer of Snowflake stopped coming for ${rowsMs / 1_000} s`, {
      next: 'let it be tried again',
    });
  }
}

/** Waits for an end, whichever, but no longer than that. */
async function settledWithin(limitMs: number, end: Promise<unknown>): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, limitMs);
  await Promise.race([end.catch(() => undefined), late]);
  clearTimeout(timer);
}
