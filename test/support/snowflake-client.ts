import snowflake, { type Binds, type Connection, type ConnectionOptions } from 'snowflake-sdk';

snowflake.configure({ logLevel: 'OFF', additionalLogToConsole: false });

export type SnowflakeRow = Readonly<Record<string, string | null>>;

/** An account's own error, by its code. */
export interface SnowflakeFailure extends Error {
  readonly code: string;
  readonly sqlState: string;
}

/** A session of its own, by password unless the options say otherwise. */
export async function logIn(url: string, options: Partial<ConnectionOptions> = {}): Promise<Connection> {
  const connection = snowflake.createConnection({
    accessUrl: url,
    account: 'EMULATED',
    username: 'LOADER',
    password: 'any',
    database: 'SLUICE',
    schema: 'PUBLIC',
    warehouse: 'COMPUTE_WH',
    representNullAsStringNull: false,
    ...options,
  });
  await new Promise<void>((resolve, reject) => {
    connection.connect((error) => (error === undefined || error === null ? resolve() : reject(error)));
  });
  return connection;
}

/** Rows of one statement, every number as text. */
export function ask(
  connection: Connection,
  sqlText: string,
  options: { readonly binds?: Binds; readonly parameters?: Record<string, string | number> } = {},
): Promise<readonly SnowflakeRow[]> {
  return new Promise((resolve, reject) => {
    connection.execute({
      sqlText,
      fetchAsString: ['Number', 'Date'],
      ...options,
      complete: (error, _, rows) => {
        if (error === undefined || error === null) resolve((rows ?? []) as SnowflakeRow[]);
        else reject(error);
      },
    });
  });
}

/** The account's refusal of what must be refused. */
export async function refusalOf(work: Promise<unknown>): Promise<SnowflakeFailure> {
  const failure = await work.then(
    () => null,
    (error: unknown) => error as SnowflakeFailure,
  );
  if (failure === null) throw new Error('it was not refused');
  return failure;
}

export function logOut(connection: Connection): Promise<void> {
  return new Promise((resolve) => connection.destroy(() => resolve()));
}
