import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { DuckDBInstance } from '@duckdb/node-api';
import snowflake, { type Connection, type RowStatement } from 'snowflake-sdk';
import { identifier, literal } from './duckdb-text.ts';

export interface SnowflakeTable {
  /** Of the emulated account. */
  readonly url: string;
  readonly database: string;
  readonly schema: string;
  readonly table: string;
  /** A DuckDB file, new or without the table. */
  readonly databasePath: string;
}

interface DriverInstant extends Date {
  getEpochSeconds(): number;
  getNanoSeconds(): number;
}

interface CopiedColumn {
  readonly name: string;
  readonly type: string;
  readonly read: (value: unknown) => string;
}

/**
 * Copies a table of an emulated account into a DuckDB file, names in lower case, so that `compareWithTruth` can be asked of
 * it. Shares no code with the connector.
 */
export async function copySnowflakeTable(request: SnowflakeTable): Promise<void> {
  const { url, database, schema, table, databasePath } = request;
  snowflake.configure({ logLevel: 'OFF', additionalLogToConsole: false });
  const connection = await logIn(url, database);
  const rowsPath = `${databasePath}.ndjson`;
  try {
    const source = [database, schema, table].map((name) => identifier(name.toUpperCase())).join('.');
    const statement = await select(connection, `SELECT * FROM ${source}`);
    const columns = copiedColumns(statement);
    await pipeline(
      statement.streamRows(),
      async function* (rows: AsyncIterable<Record<string, unknown>>) {
        for await (const row of rows) yield `${JSON.stringify(copiedRow(row, columns))}\n`;
      },
      createWriteStream(rowsPath),
    );
    await load({ schema, table, databasePath }, rowsPath, columns);
  } finally {
    await rm(rowsPath, { force: true });
    await new Promise<void>((resolve) => connection.destroy(() => resolve()));
  }
}

async function load(
  { schema, table, databasePath }: Pick<SnowflakeTable, 'schema' | 'table' | 'databasePath'>,
  rowsPath: string,
  columns: readonly CopiedColumn[],
): Promise<void> {
  const types = columns.map(({ name, type }) => `${literal(name)}: ${literal(type)}`).join(', ');
  const instance = await DuckDBInstance.create(databasePath);
  try {
    const target = await instance.connect();
    await target.run(`CREATE SCHEMA IF NOT EXISTS ${identifier(schema)}`);
    await target.run(
      `CREATE TABLE ${identifier(schema)}.${identifier(table)} AS
       SELECT * FROM read_json(${literal(rowsPath)}, format = 'newline_delimited', columns = {${types}})`,
    );
    target.closeSync();
  } finally {
    instance.closeSync();
  }
}

function copiedRow(row: Record<string, unknown>, columns: readonly CopiedColumn[]): Record<string, string | null> {
  return Object.fromEntries(
    columns.map(({ name, read }) => {
      const value = row[name.toUpperCase()];
      return [name, value === null || value === undefined ? null : read(value)];
    }),
  );
}

function copiedColumns(statement: RowStatement): CopiedColumn[] {
  return (statement.getColumns() ?? []).map((column) => {
    const name = column.getName().toLowerCase();
    if (column.isBoolean()) return { name, type: 'BOOLEAN', read: String };
    if (column.isDate()) return { name, type: 'DATE', read: (value) => (value as Date).toISOString().slice(0, 10) };
    if (column.isTimestamp())
      return { name, type: 'TIMESTAMPTZ', read: (value) => instantText(value as DriverInstant) };
    if (column.isNumber()) {
      return { name, type: column.getScale() === 0 ? 'HUGEINT' : `DECIMAL(38,${column.getScale()})`, read: String };
    }
    return { name, type: 'VARCHAR', read: String };
  });
}

function instantText(instant: DriverInstant): string {
  const micros = String(Math.trunc(instant.getNanoSeconds() / 1_000)).padStart(6, '0');
  return `${new Date(instant.getEpochSeconds() * 1_000).toISOString().slice(0, 19)}.${micros}Z`;
}

async function logIn(url: string, database: string): Promise<Connection> {
  const connection = snowflake.createConnection({
    accessUrl: url,
    account: 'EMULATED',
    username: 'VERIFIER',
    password: 'any',
    database,
    warehouse: 'COMPUTE_WH',
    representNullAsStringNull: false,
  });
  await new Promise<void>((resolve, reject) => {
    connection.connect((error) => (error === undefined || error === null ? resolve() : reject(error)));
  });
  return connection;
}

function select(connection: Connection, sqlText: string): Promise<RowStatement> {
  return new Promise((resolve, reject) => {
    connection.execute({
      sqlText,
      streamResult: true,
      fetchAsString: ['Number'],
      complete: (error, statement) =>
        error === undefined || error === null ? resolve(statement) : reject(error as Error),
    });
  });
}
