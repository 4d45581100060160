import type { Connection, ConnectionOptions, RowStatement, SnowflakeError } from 'snowflake-sdk';
import type { Statement } from './session.ts';

/**
 * The driver as the rest of the destination sees it: promises for its callbacks, and nothing it writes to disk. It sends a
 * statement that fails on the way eight times, over a minute or so; a test pins that, since it is no option.
 */
export interface Driver {
  /** Nothing is sent before `login`. */
  connect(options: ConnectionOptions): DriverConnection;
}

export interface DriverConnection {
  login(): Promise<void>;
  /** Sends at once. `queryTag` is the statement's alone. */
  execute(statement: Statement, queryTag: string): DriverStatement;
  /** Logs out, which rolls an open transaction back. Never rejects. */
  destroy(): Promise<void>;
}

export interface DriverStatement {
  /** Rejects with the driver's own error. */
  readonly answer: Promise<DriverAnswer>;
  /** Asks the server to stop it; resolves once that is asked, and never rejects. */
  cancel(): Promise<void>;
}

export interface DriverAnswer {
  readonly queryId: string;
  /** -1 where the statement changes no rows. */
  readonly changedRows: number;
  /** By name in order, with the driver's type: `fixed`, `text`, `date`, `timestamp_tz`, ... */
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** In the columns' order, as they arrive. */
  rows(): AsyncIterable<readonly unknown[]>;
}

/** Rows that the driver holds parsed while the reader is busy. */
const bufferedRows = 500;

let loaded: Promise<Driver> | null = null;

/** Loads the driver, which takes a third of a second and 55 MB, when it is first needed. Its settings are the process's. */
export function loadDriver(): Promise<Driver> {
  return (loaded ??= load());
}

async function load(): Promise<Driver> {
  // Asked for while it is loaded: addresses of cloud machines, which elsewhere are waited for in vain, and native code whose
  // only use is to be reported. The third is sent at login.
  process.env['SNOWFLAKE_DISABLE_PLATFORM_DETECTION'] ??= 'true';
  process.env['SNOWFLAKE_DISABLE_MINICORE'] ??= 'true';
  process.env['SF_TELEMETRY_DISABLE_CONNECTION_SHAPE'] ??= 'true';
  const { default: sdk } = await import('snowflake-sdk');
  const quiet = (): void => undefined;
  // What it logs quotes values, and the errors among it are raised as well. Without a logger of ours it would write
  // `snowflake.log` into the current folder.
  sdk.configure({
    logLevel: 'OFF',
    keepAlive: true,
    customLogger: { error: quiet, warn: quiet, info: quiet, debug: quiet, trace: quiet },
  });
  return { connect: (options) => wrapConnection(sdk.createConnection({ ...fixedOptions, ...options })) };
}

const fixedOptions: ConnectionOptions = {
  application: 'Sluice',
  // 64-bit numbers do not fit a double.
  fetchAsString: ['Number'],
  representNullAsStringNull: false,
  rowMode: 'array',
  // Rows are read by us: otherwise the driver sends a statement again before it reports certain errors.
  streamResult: true,
  rowStreamHighWaterMark: bufferedRows,
  // Without it a session that is idle for four hours is gone, in the middle of a long listing.
  clientSessionKeepAlive: false,
};

function wrapConnection(connection: Connection): DriverConnection {
  return {
    login: () =>
      new Promise((resolve, reject) => {
        connection.connect((error: SnowflakeError | undefined) => (error ? reject(error) : resolve()));
      }),
    execute: (statement, queryTag) => executeStatement(connection, statement, queryTag),
    destroy: () =>
      new Promise((resolve) => {
        connection.destroy(() => resolve());
      }),
  };
}

function executeStatement(connection: Connection, { sql, binds }: Statement, queryTag: string): DriverStatement {
  const { promise: answer, resolve, reject } = Promise.withResolvers<DriverAnswer>();
  // Whoever stopped waiting for it is not to be told of it by the process.
  answer.catch(() => undefined);
  const sent = connection.execute({
    sqlText: sql,
    ...(binds === undefined ? {} : { binds: [...binds] }),
    parameters: { QUERY_TAG: queryTag },
    complete: (error: SnowflakeError | undefined, statement: RowStatement) => {
      if (error) reject(error);
      else resolve(answerOf(statement));
    },
  });
  return {
    answer,
    cancel: () =>
      new Promise((done) => {
        sent.cancel(() => done());
      }),
  };
}

function answerOf(statement: RowStatement): DriverAnswer {
  return {
    queryId: statement.getQueryId(),
    changedRows: statement.getNumUpdatedRows() ?? -1,
    columns: (statement.getColumns() ?? []).map((column) => ({ name: column.getName(), type: column.getType() })),
    rows: () => statement.streamRows() as AsyncIterable<readonly unknown[]>,
  };
}
