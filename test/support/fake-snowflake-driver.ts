import type { Driver, DriverAnswer, DriverConnection } from '../../destinations/snowflake/driver.ts';
import type { Statement } from '../../destinations/snowflake/session.ts';

/** What the server says to one statement: an answer, an error, or nothing at all until it is cancelled. */
export type Reply = Partial<DriverAnswer> & { readonly error?: unknown; readonly hangs?: true | 'evenCancelled' };

export interface FakeDriver extends Driver {
  /** Of all connections, in order: what was sent, and `login`, `cancel` and `logout`. */
  readonly sent: string[];
  readonly tags: Set<string>;
  /** Options of each login. */
  readonly logins: object[];
}

/** A driver without a server: `reply` decides, by the statement and how often it was sent. */
export function fakeDriver(
  reply: (sql: string, connection: number) => Reply = () => ({}),
  login: (connection: number) => Promise<void> = async () => undefined,
): FakeDriver {
  const sent: string[] = [];
  const tags = new Set<string>();
  const logins: object[] = [];
  return {
    sent,
    tags,
    logins,
    connect(options): DriverConnection {
      const number = logins.push(options);
      return {
        async login() {
          sent.push('login');
          await login(number);
        },
        execute(statement: Statement, queryTag) {
          sent.push(statement.sql);
          tags.add(queryTag);
          const { error, hangs, ...answer } = reply(statement.sql, number);
          const { promise, resolve, reject } = Promise.withResolvers<DriverAnswer>();
          promise.catch(() => undefined);
          if (error !== undefined) reject(error);
          else if (hangs === undefined) {
            resolve({
              queryId: `query-${sent.length}`,
              changedRows: -1,
              columns: [],
              rows: () => rowsOf([]),
              ...answer,
            });
          }
          return {
            answer: promise,
            cancel: async () => {
              sent.push('cancel');
              if (hangs !== 'evenCancelled') reject(driverError('000604', '57014'));
            },
          };
        },
        async destroy() {
          sent.push('logout');
        },
      };
    },
  };
}

export async function* rowsOf(rows: readonly (readonly unknown[])[]): AsyncGenerator<readonly unknown[]> {
  yield* rows;
}

/** An error as the driver gives it. */
export function driverError(code: string | number, sqlState?: string, message = 'words of the server'): Error {
  return Object.assign(new Error(message), { code, ...(sqlState === undefined ? {} : { sqlState }) });
}
