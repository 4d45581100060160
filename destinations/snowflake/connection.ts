import type { ConnectionOptions } from 'snowflake-sdk';
import { SyncError } from '../../model/errors.ts';
import { orAborted } from '../../model/or-aborted.ts';
import type { SyncMode } from '../../model/plan.ts';
import { loginName, parseAccount } from './account.ts';
import type { SnowflakeConfig } from './config.ts';
import { readCredential } from './credential.ts';
import { type Driver, type DriverConnection, loadDriver } from './driver.ts';
import { toLoginError } from './driver-errors.ts';
import { createDriverSession } from './driver-session.ts';
import type { ErrorPlace } from './error-place.ts';
import { storedName, writtenName } from './identifiers.ts';
import { type Purpose, queryTag } from './query-tag.ts';
import type { Session } from './session.ts';

/** A session that nobody used for this long is logged out: it costs nothing there, but a client that vanished keeps it for hours. */
const idleMs = 60_000;
const maxIdle = 4;
/**
 * A statement waits this long for a lock that another run holds; then it is tried again from the start. Snowflake ends what nobody
 * uses and others wait for after 300 s.
 */
const lockTimeoutSeconds = 360;
/** For a log out when nobody may answer. */
const logoutMs = 10_000;

/** The driver's own attempts to log in, within loginTimeoutMs; a wrong host fails soon that way. */
const loginRetries = { sfRetryMaxLoginRetries: 2 };

export interface Connections {
  /**
   * Runs `work` with a session that is its alone, at the warehouse of the purpose's mode. Logs in where no session is idle.
   * After an error, or with a transaction left open, the session is not used again.
   */
  use<T>(signal: AbortSignal, work: (session: Session) => Promise<T>, purpose?: Purpose): Promise<T>;
  /** Logs all idle sessions out. */
  close(): Promise<void>;
}

interface IdleConnection {
  readonly connection: DriverConnection;
  readonly warehouse: string;
  readonly timer: NodeJS.Timeout;
}

/** Connects to nothing yet. */
export function openConnections(config: SnowflakeConfig, load: () => Promise<Driver> = loadDriver): Connections {
  let idle: readonly IdleConnection[] = [];
  const leaving = new Set<Promise<void>>();

  /** Logs out without anybody waiting for it: the server may not answer. */
  const leave = (connection: DriverConnection): void => {
    const left = destroyed(connection).finally(() => leaving.delete(left));
    leaving.add(left);
  };

  const takeIdle = (warehouse: string): DriverConnection | null => {
    const found = idle.findLast((one) => one.warehouse === warehouse);
    if (found === undefined) return null;
    clearTimeout(found.timer);
    idle = idle.filter((one) => one !== found);
    return found.connection;
  };

  const keepIdle = (connection: DriverConnection, warehouse: string): void => {
    if (idle.length >= maxIdle) {
      leave(connection);
      return;
    }
    const timer = setTimeout(() => {
      idle = idle.filter((one) => one.connection !== connection);
      leave(connection);
    }, idleMs).unref();
    idle = [...idle, { connection, warehouse, timer }];
  };

  const login = async (warehouse: string, signal: AbortSignal): Promise<DriverConnection> => {
    const credential = await readCredential(config);
    const place = placeOf(config, warehouse);
    const connection = (await load()).connect({
      ...loginOptions(config, warehouse),
      ...credential,
    });
    const timeout = AbortSignal.timeout(config.loginTimeoutMs);
    const begin = async (): Promise<void> => {
      await connection.login();
      await connection.execute({ sql: sessionSettings(config) }, queryTag({})).answer;
    };
    try {
      await orAborted(begin(), AbortSignal.any([signal, timeout]));
      return connection;
    } catch (error) {
      leave(connection);
      signal.throwIfAborted();
      if (!timeout.aborted) throw toLoginError(error, place);
      throw new SyncError(
        'Unavailable',
        `Snowflake account ${config.account} did not answer a login within ${config.loginTimeoutMs / 1_000} s`,
        { next: 'look at the network and the proxy of this machine, or raise loginTimeoutMs' },
      );
    }
  };

  return {
    async use(signal, work, purpose = {}) {
      signal.throwIfAborted();
      const warehouse = warehouseFor(config, purpose.mode);
      let connection = takeIdle(warehouse) ?? (await login(warehouse, signal));
      let isFit = true;
      try {
        return await work(
          createDriverSession({
            connection,
            place: placeOf(config, warehouse),
            signal,
            queryTag: queryTag(purpose),
            statementTimeoutMs: config.statementTimeoutMs,
            onBroken: () => (isFit = false),
            reopen: async () => {
              leave(connection);
              return (connection = await login(warehouse, signal));
            },
          }),
        );
      } catch (error) {
        isFit = false;
        throw error;
      } finally {
        if (isFit) keepIdle(connection, warehouse);
        else leave(connection);
      }
    },
    async close() {
      const all = idle;
      idle = [];
      for (const { connection, timer } of all) {
        clearTimeout(timer);
        leave(connection);
      }
      await Promise.all(leaving);
    },
  };
}

/** As it is stored; a stream's backfill may have one of its own. */
export function warehouseFor({ warehouse, warehouses }: SnowflakeConfig, mode: SyncMode | undefined): string {
  const isBackfill = mode === 'backfill' || mode === 'resync';
  return storedName(warehouse ?? (isBackfill ? warehouses!.backfill : warehouses!.incremental));
}

function placeOf({ account, username, role }: SnowflakeConfig, warehouse: string): ErrorPlace {
  return { account, username, role: role === undefined ? undefined : storedName(role), warehouse };
}

function loginOptions(config: SnowflakeConfig, warehouse: string): ConnectionOptions {
  const account = parseAccount(config.account)!;
  return {
    account: loginName(account),
    host: config.accessUrl === undefined ? account.host : new URL(config.accessUrl).hostname,
    accessUrl: config.accessUrl ?? `https://${account.host}`,
    username: config.username,
    database: writtenName(config.database),
    warehouse: writtenName(warehouse),
    ...(config.role === undefined ? {} : { role: writtenName(storedName(config.role)) }),
    ...loginRetries,
  };
}

/** What an account or a user may have set otherwise, and statements rely on. A login cannot carry them. */
function sessionSettings({ statementTimeoutMs }: SnowflakeConfig): string {
  const settings = {
    // Statements outside of BEGIN and COMMIT are to stand by themselves.
    AUTOCOMMIT: 'TRUE',
    // A limit would cut answers short without a word.
    ROWS_PER_RESULTSET: 0,
    TIMEZONE: "'UTC'",
    LOCK_TIMEOUT: lockTimeoutSeconds,
    STATEMENT_TIMEOUT_IN_SECONDS: Math.ceil(statementTimeoutMs / 1_000),
    ABORT_DETACHED_QUERY: 'TRUE',
    ERROR_ON_NONDETERMINISTIC_MERGE: 'TRUE',
    QUOTED_IDENTIFIERS_IGNORE_CASE: 'FALSE',
    DATE_INPUT_FORMAT: "'AUTO'",
    TIMESTAMP_INPUT_FORMAT: "'AUTO'",
  };
  const list = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  return `ALTER SESSION SET ${list.join(', ')}`;
}

/** Logged out, or left to end by itself where nobody answers. */
async function destroyed(connection: DriverConnection): Promise<void> {
  await orAborted(connection.destroy(), AbortSignal.timeout(logoutMs)).catch(() => undefined);
}
