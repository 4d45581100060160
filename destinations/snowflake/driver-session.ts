import { SyncError } from '../../model/errors.ts';
import { orAborted } from '../../model/or-aborted.ts';
import { endsTransaction } from './ddl.ts';
import type { DriverAnswer, DriverConnection } from './driver.ts';
import { isRefused, isSessionGone, toSyncError } from './driver-errors.ts';
import type { ErrorPlace } from './error-place.ts';
import { rowReader } from './rows.ts';
import { type Session, type SqlRow, type Statement, UnknownOutcome } from './session.ts';
import { changesRows, guardedBy, isGuarded, transactionGone } from './within-transaction.ts';

/** What a statement that was given up may still take to stop, before its session is left behind. */
const cancelMs = 5_000;
/** For what is asked and sent at the end of a transaction, beside the COMMIT. */
const endMs = 15_000;
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
  let elapsedMs = 0;
  let open: OpenTransaction | null = null;
  /** A statement may still run: nothing may be sent after it. */
  let isStuck = false;
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
      // A ROLLBACK beside a statement that still runs would leave the rest of it to stand by itself.
      const hasStopped = await settledWithin(
        cancelMs,
        sent.cancel().then(() => sent.answer),
      );
      if (!hasStopped) isStuck = true;
      stop?.throwIfAborted();
      throw new SyncError(
        'Unavailable',
        `Snowflake did not answer a statement within ${Math.round(limitMs / 1_000)} s`,
        {
          next: 'let it be tried again, or raise statementTimeoutMs',
        },
      );
    } finally {
      elapsedMs += performance.now() - started;
    }
  };

  const run = async <T>(asked: Statement, read: (answer: DriverAnswer) => Promise<T>): Promise<T> => {
    const statement = inOpenTransaction(asked, open);
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
    open = null;
    await attempt({ sql }, async () => undefined, { limitMs, stop: null });
  };

  /** One row, asked although the caller's signal may be aborted. */
  const ask = async (sql: string): Promise<SqlRow | undefined> => {
    const rows: SqlRow[] = [];
    const limits = { limitMs: endMs, stop: null };
    await attempt({ sql }, (answer) => eachRows(answer, never, async (some) => void rows.push(...some)), limits);
    return rows[0];
  };

  const rollback = async (): Promise<void> => {
    if (isStuck) {
      // The session is destroyed, which rolls back too, only later.
      open = null;
      return;
    }
    await end('ROLLBACK', endMs).catch(onBroken);
  };

  /** COMMIT succeeds without a transaction as well: how that one ended, its id tells. */
  const commit = async (): Promise<void> => {
    const id = open?.id ?? null;
    if (id === null) throw new Error('a transaction is to be identified before it is committed');
    const failed = (error: unknown): SyncError => {
      onBroken();
      return toSyncError(error, place);
    };
    await end('COMMIT', commitMs).catch((error: unknown) => {
      throw isRefused(error) ? failed(error) : new UnknownOutcome(failed(error));
    });
    const ended = await ask(`DESCRIBE TRANSACTION ${id}`).catch((error: unknown) => {
      throw new UnknownOutcome(failed(error));
    });
    if (ended?.['state'] !== 'committed') throw transactionGone();
  };

  /** Whether the open transaction is known to be over: then nothing that was read in it since holds. */
  const isGone = async (): Promise<boolean> => {
    const id = open?.id ?? null;
    if (id === null || isStuck || signal.aborted) return false;
    try {
      return (await ask('SELECT CURRENT_TRANSACTION() AS transaction_id'))?.['transaction_id'] !== id;
    } catch {
      onBroken();
      return false;
    }
  };

  return {
    get statements() {
      return statements;
    },
    get queryIds() {
      return queryIds;
    },
    get elapsedMs() {
      return Math.round(elapsedMs);
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
      if (open !== null) throw new Error('there is a transaction already');
      await run({ sql: 'BEGIN' }, async () => undefined);
      open = { id: null, isWritten: false };
      try {
        const { end: ending, value } = await work();
        await (ending === 'commit' ? commit() : rollback());
        return value;
      } catch (error) {
        if (open === null) throw error;
        const wasEnded = error instanceof SyncError && (await isGone());
        await rollback();
        throw wasEnded ? transactionGone() : error;
      }
    },
    identify(transactionId) {
      if (open === null) throw new Error('there is no transaction');
      if (transactionId === null) throw transactionGone();
      if (!/^\d+$/.test(transactionId)) throw new RangeError('not the id of a transaction');
      open.id = transactionId;
    },
  };
}

interface OpenTransaction {
  /** Null until the server has told it. */
  id: string | null;
  /** Whether rows were changed in it. */
  isWritten: boolean;
}

const never = new AbortController().signal;

/** The statement as it is sent. Raises what no caller may do. */
function inOpenTransaction(statement: Statement, open: OpenTransaction | null): Statement {
  const { sql } = statement;
  const word = sql.trimStart().split(/\s/, 1)[0];
  if (open === null) {
    if (isGuarded(sql)) throw new Error(`${word} belongs into a transaction`);
    return statement;
  }
  if (endsTransaction(sql)) throw new Error(`${word} would end the open transaction`);
  if (!changesRows(sql)) return statement;
  const isFirst = !open.isWritten;
  open.isWritten = true;
  if (open.id !== null && isGuarded(sql)) return { ...statement, sql: guardedBy(sql, open.id) };
  if (isFirst && !isGuarded(sql)) return statement;
  throw new Error(`${word} would be kept if somebody ended its transaction before it`);
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

/** Waits for an end, whichever, but no longer than that. False where it did not come. */
async function settledWithin(limitMs: number, end: Promise<unknown>): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), limitMs);
  const ended = end.then(
    () => true,
    () => true,
  );
  const isSettled = await Promise.race([ended, late]);
  clearTimeout(timer);
  return isSettled;
}
