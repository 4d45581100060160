import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { type SnowflakeConfig, snowflakeConfig } from '../../destinations/snowflake/config.ts';
import { openConnections } from '../../destinations/snowflake/connection.ts';
import { openSnowflakeDestination } from '../../destinations/snowflake/destination.ts';
import { UnknownOutcome } from '../../destinations/snowflake/session.ts';
import { withinTransaction } from '../../destinations/snowflake/within-transaction.ts';
import { SyncError } from '../../model/errors.ts';
import { driverError, type FakeDriver, fakeDriver, type Reply, rowsOf } from '../support/fake-snowflake-driver.ts';

const given = {
  kind: 'snowflake',
  account: 'myorg-myaccount',
  username: 'sluice',
  password: 'secret',
  database: 'analytics',
  warehouse: 'loading',
} as const;

function open(driver: FakeDriver, options: Partial<SnowflakeConfig> = {}) {
  const connections = openConnections(snowflakeConfig.parse({ ...given, ...options }), async () => driver);
  onTestFinished(() => connections.close());
  return connections;
}

const never = new AbortController().signal;
const refusal = driverError(
  '002003',
  '42S02',
  "SQL compilation error:\nTable 'A.B.C' does not exist or not authorized.",
);
/** Without the login and its settings. */
const work = (driver: FakeDriver): string[] => driver.sent.filter((sql) => !/^(login|ALTER SESSION)/.test(sql));

const id = '1432071497832';
/** The answer to whoever asks how the transaction ended. */
const ended = (state: string): Reply => ({
  columns: [{ name: 'state', type: 'text' }],
  rows: () => rowsOf([[state]]),
});
const told = (transactionId: string | null): Reply => ({
  columns: [{ name: 'TRANSACTION_ID', type: 'text' }],
  rows: () => rowsOf([[transactionId]]),
});
const describing = `DESCRIBE TRANSACTION ${id}`;

function commitNothing(driver: FakeDriver, signal = never): Promise<null> {
  return open(driver).use(signal, (session) =>
    session.transaction(async () => {
      session.identify(id);
      return { end: 'commit', value: null };
    }),
  );
}

describe('a transaction', () => {
  it('is committed once its work is done, and asked whether it was', async () => {
    const driver = fakeDriver((sql) => (sql === describing ? ended('committed') : { changedRows: 3 }));
    const value = await open(driver).use(never, (session) =>
      session.transaction(async () => {
        const { changedRows } = await session.execute({ sql: 'UPDATE t SET a = ?', binds: [1] });
        session.identify(id);
        await session.execute({ sql: `DELETE FROM t WHERE ${withinTransaction}` });
        return { end: 'commit', value: changedRows };
      }),
    );
    expect(value).toBe(3);
    const guarded = `DELETE FROM t WHERE CURRENT_TRANSACTION() = '${id}'`;
    expect(work(driver)).toEqual(['BEGIN', 'UPDATE t SET a = ?', guarded, 'COMMIT', describing]);
  });

  it('that somebody else ended is no success, although the COMMIT was', async () => {
    const driver = fakeDriver((sql) => (sql === describing ? ended('rolled back') : {}));
    const failed = open(driver).use(never, (session) =>
      session.transaction(async () => {
        session.identify(id);
        return { end: 'commit', value: null };
      }),
    );
    await expect(failed).rejects.toMatchObject({ kind: 'Conflict', next: expect.any(String) });
  });

  it.each([
    ['is gone', null, 'Conflict'],
    ['is gone, and another one open', '77', 'Conflict'],
    ['is still open', id, 'StateCorrupt'],
  ])('fails by what was found in it, if it %s', async (_, now, kind) => {
    const driver = fakeDriver((sql) => (sql.startsWith('SELECT') ? told(now) : {}));
    const failed = open(driver).use(never, (session) =>
      session.transaction(async () => {
        session.identify(id);
        throw new SyncError('StateCorrupt', 'other rows than there were');
      }),
    );
    await expect(failed).rejects.toMatchObject({ kind });
    expect(work(driver)).toEqual(['BEGIN', 'SELECT CURRENT_TRANSACTION() AS transaction_id', 'ROLLBACK', 'logout']);
  });

  it('that is over before it is known is begun anew', async () => {
    const failed = open(fakeDriver()).use(never, (session) =>
      session.transaction(async () => {
        session.identify(null);
        return { end: 'commit', value: null };
      }),
    );
    await expect(failed).rejects.toMatchObject({ kind: 'Conflict' });
  });

  it('changes no rows that would be kept if it were over', async () => {
    const driver = fakeDriver();
    const unguarded = open(driver).use(never, (session) =>
      session.transaction(async () => {
        await session.execute({ sql: 'UPDATE t SET a = 1' });
        session.identify(id);
        return { end: 'commit', value: await session.execute({ sql: 'MERGE INTO t' }) };
      }),
    );
    await expect(unguarded).rejects.toThrow('MERGE would be kept if somebody ended its transaction before it');
    const outside = open(driver).use(never, (session) =>
      session.execute({ sql: `DELETE FROM t WHERE ${withinTransaction}` }),
    );
    await expect(outside).rejects.toThrow('DELETE belongs into a transaction');
    expect(work(driver).filter((sql) => /MERGE|DELETE/.test(sql))).toEqual([]);
  });

  it('is rolled back where a statement fails, and its session is not used again', async () => {
    const driver = fakeDriver((sql) => (sql === 'MERGE' ? { error: refusal } : {}));
    const connections = open(driver);
    const failed = connections.use(never, (session) =>
      session.transaction(async () => ({ end: 'commit', value: await session.execute({ sql: 'MERGE' }) })),
    );
    await expect(failed).rejects.toMatchObject({ kind: 'SchemaConflict' });
    await expect(failed).rejects.toThrow('Table A.B.C does not exist in Snowflake');
    expect(work(driver)).toEqual(['BEGIN', 'MERGE', 'ROLLBACK', 'logout']);
    await connections.use(never, (session) => session.query({ sql: 'SELECT 1' }));
    expect(driver.logins).toHaveLength(2);
  });

  it.each(['CREATE TABLE t (a INT)', '  -- why\n alter table t add column a int', 'drop table t', 'COMMIT', 'begin'])(
    'sends no %j, which would commit it',
    async (sql) => {
      const driver = fakeDriver();
      const failed = open(driver).use(never, (session) =>
        session.transaction(async () => ({ end: 'commit', value: await session.execute({ sql }) })),
      );
      await expect(failed).rejects.toThrow('would end the open transaction');
      expect(work(driver)).toEqual(['BEGIN', 'ROLLBACK', 'logout']);
    },
  );

  it.each([
    ['nobody answered', driverError(401001)],
    ['the server stopped it', driverError('000604', '57014')],
    ['its session is gone', driverError('390111', '08001')],
  ])('has an unknown outcome where %s the COMMIT', async (_, error) => {
    const driver = fakeDriver((sql) => (sql === 'COMMIT' ? { error } : {}));
    await expect(commitNothing(driver)).rejects.toBeInstanceOf(UnknownOutcome);
    expect(work(driver)).toEqual(['BEGIN', 'COMMIT', 'logout']);
  });

  it.each([
    ['nobody answered', driverError(401001)],
    ['the server refused to tell', refusal],
  ])('has an unknown outcome where %s how it ended', async (_, error) => {
    const driver = fakeDriver((sql) => (sql === describing ? { error } : {}));
    await expect(commitNothing(driver)).rejects.toBeInstanceOf(UnknownOutcome);
    expect(work(driver)).toEqual(['BEGIN', 'COMMIT', describing, 'logout']);
  });

  it('is not committed where the server refused the COMMIT', async () => {
    const driver = fakeDriver((sql) => (sql === 'COMMIT' ? { error: refusal } : {}));
    await expect(commitNothing(driver)).rejects.not.toBeInstanceOf(UnknownOutcome);
  });
});

describe('an abort', () => {
  it('cancels the statement that runs, rolls back, and rejects with its reason', async () => {
    const stop = new AbortController();
    const driver = fakeDriver((sql) => (sql === 'MERGE' ? { hangs: true } : {}));
    const stopped = open(driver).use(stop.signal, (session) =>
      session.transaction(async () => {
        setImmediate(() => stop.abort(new Error('paused')));
        return { end: 'commit', value: await session.execute({ sql: 'MERGE' }) };
      }),
    );
    await expect(stopped).rejects.toThrow('paused');
    expect(work(driver)).toEqual(['BEGIN', 'MERGE', 'cancel', 'ROLLBACK', 'logout']);
  });

  it('sends no ROLLBACK beside a statement that will not stop: it leaves the session', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const stop = new AbortController();
    const driver = fakeDriver((sql) => (sql === 'MERGE' ? { hangs: 'evenCancelled' } : {}));
    const stopped = open(driver).use(stop.signal, (session) =>
      session.transaction(async () => ({ end: 'commit', value: await session.execute({ sql: 'MERGE' }) })),
    );
    const refused = expect(stopped).rejects.toThrow('paused');
    await vi.advanceTimersByTimeAsync(1);
    stop.abort(new Error('paused'));
    await vi.advanceTimersByTimeAsync(6_000);
    await refused;
    expect(work(driver)).toEqual(['BEGIN', 'MERGE', 'cancel', 'logout']);
  });

  it('does not interrupt a COMMIT', async () => {
    const stop = new AbortController();
    const driver = fakeDriver((sql) => {
      if (sql === 'COMMIT') stop.abort(new Error('paused'));
      return sql === describing ? ended('committed') : {};
    });
    await commitNothing(driver, stop.signal);
    expect(work(driver).at(-1)).toBe(describing);
  });
});

describe('a session', () => {
  it.each(['countRows', 'listRejects', 'closeRun'] as const)('is at the warehouse of a backfill: %s', async (asks) => {
    const driver = fakeDriver();
    const options = { warehouse: undefined, warehouses: { backfill: 'big', incremental: 'small' } };
    const destination = openSnowflakeDestination(
      snowflakeConfig.parse({ ...given, ...options }),
      open(driver, options),
    );
    const asked = { stream: 'crm.contacts', table: { schema: 'crm', table: 'contacts' }, mode: 'backfill' } as const;
    const run = { run: 'run-1', status: 'done', error: null } as const;
    // An account that answers nothing knows no run.
    await destination[asks]({ ...asked, ...run, limit: 1 }, never).catch(() => null);
    expect(driver.logins).toMatchObject([{ warehouse: 'BIG' }]);
  });

  it('is used again while it is idle, at one warehouse', async () => {
    const driver = fakeDriver();
    const connections = open(driver, { warehouse: undefined, warehouses: { backfill: 'big', incremental: 'small' } });
    const ask = (mode: 'backfill' | 'incremental') =>
      connections.use(never, (session) => session.query({ sql: mode }), { mode, stream: 'crm.contacts', run: 'r' });
    await ask('backfill');
    await ask('backfill');
    await ask('incremental');
    expect(driver.logins).toMatchObject([{ warehouse: 'BIG' }, { warehouse: 'SMALL' }]);
    expect(driver.tags).toContain(
      '{"app":"sluice","pipeline":"crm","stream":"contacts","mode":"incremental","run":"r"}',
    );
  });

  it('is logged out once it was idle for a minute', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const driver = fakeDriver();
    await open(driver).use(never, (session) => session.query({ sql: 'SELECT 1' }));
    await vi.advanceTimersByTimeAsync(59_000);
    expect(work(driver)).toEqual(['SELECT 1']);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(work(driver)).toEqual(['SELECT 1', 'logout']);
  });

  it('that is gone is replaced before its first statement, and not later', async () => {
    const gone = driverError('390111', '08001');
    const driver = fakeDriver((sql, connection) =>
      connection === 1 && sql.startsWith('second') ? { error: gone } : {},
    );
    const connections = open(driver);
    await connections.use(never, (session) => session.query({ sql: 'first' }));
    await connections.use(never, (session) => session.query({ sql: 'second' }));
    expect(work(driver)).toEqual(['first', 'second', 'logout', 'second']);

    const late = fakeDriver((sql) => (sql === 'second' ? { error: gone } : {}));
    const failed = open(late).use(never, async (session) => {
      await session.query({ sql: 'first' });
      await session.query({ sql: 'second' });
    });
    await expect(failed).rejects.toMatchObject({ kind: 'Unavailable' });
  });

  it('gives numbers as text, instants with what they have of a second, and names in lower case', async () => {
    const instant = (epoch: number, nanos: number) =>
      Object.assign(new Date(epoch * 1_000), { getEpochSeconds: () => epoch, getNanoSeconds: () => nanos });
    const columns = [
      { name: 'N', type: 'fixed' },
      { name: 'B', type: 'boolean' },
      { name: 'DAY', type: 'date' },
      { name: 'SEEN_AT', type: 'timestamp_tz' },
      { name: 'ÄB', type: 'text' },
    ];
    const driver = fakeDriver(() => ({
      columns,
      rows: () =>
        rowsOf([
          ['12345678901234567890', false, new Date('2026-02-03T00:00:00Z'), instant(1_700_000_000, 120_000_000), ''],
          [null, null, null, instant(-1, 999_999_999), null],
        ]),
    }));
    const rows = await open(driver).use(never, (session) => session.query({ sql: 'SELECT' }));
    expect(rows).toEqual([
      { n: '12345678901234567890', b: false, day: '2026-02-03', seen_at: '2023-11-14T22:13:20.120Z', äb: '' },
      { n: null, b: null, day: null, seen_at: '1969-12-31T23:59:59.999999Z', äb: null },
    ]);
  });

  it('hands on long answers bit by bit, the next once the last was taken', async () => {
    const all = Array.from({ length: 2_500 }, (_, index) => [String(index)]);
    const driver = fakeDriver(() => ({ columns: [{ name: 'ID', type: 'fixed' }], rows: () => rowsOf(all) }));
    const sizes: number[] = [];
    await open(driver).use(never, (session) =>
      session.stream({ sql: 'SELECT' }, async (rows) => void sizes.push(rows.length)),
    );
    expect(sizes).toEqual([1_000, 1_000, 500]);
  });
});

describe('a login', () => {
  it('sets what statements rely on, and names what is named', async () => {
    const driver = fakeDriver();
    await open(driver, { role: 'my-role' }).use(never, (session) => session.query({ sql: 'SELECT 1' }));
    expect(driver.logins).toMatchObject([
      {
        account: 'myorg-myaccount',
        accessUrl: 'https://myorg-myaccount.snowflakecomputing.com',
        database: 'ANALYTICS',
        warehouse: 'LOADING',
        role: '"MY-ROLE"',
        password: 'secret',
      },
    ]);
    expect(driver.sent[1]).toMatch(
      /^ALTER SESSION SET AUTOCOMMIT = TRUE, ROWS_PER_RESULTSET = 0, TIMEZONE = 'UTC', LOCK_TIMEOUT = 360, STATEMENT_TIMEOUT_IN_SECONDS = 1800, /,
    );
  });

  it('that nobody answers ends', async () => {
    const driver = fakeDriver(undefined, () => new Promise(() => undefined));
    const failed = open(driver, { loginTimeoutMs: 1_000 }).use(never, async () => undefined);
    await expect(failed).rejects.toThrow('Snowflake account myorg-myaccount did not answer a login within 1 s');
  });

  it('that is refused says why, without what proved the user', async () => {
    const error = driverError('390100', undefined, 'Incorrect username or password was specified: secret');
    const driver = fakeDriver(undefined, () => Promise.reject(error));
    const failed = open(driver).use(never, async () => undefined);
    await expect(failed).rejects.toMatchObject({ kind: 'AuthRejected' });
    await expect(failed).rejects.not.toThrow('secret');
  });
});
