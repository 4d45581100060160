import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { instanceOptions } from '../../destinations/duckdb/database.ts';
import { openDuckDbDestination } from '../../destinations/duckdb/destination.ts';
import type { DestinationUnderTest, TableRow } from './destination-under-test.ts';

/** A DuckDB destination on a new file, looked at through a plain driver, and changed while the destination lets go of it. */
export async function openDuckDbUnderTest(): Promise<DestinationUnderTest & { readonly path: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-duckdb-'));
  const path = join(folder, 'new folder', 'warehouse.duckdb');
  const resources = { memoryLimit: '1GB', threads: 1 };
  const destination = openDuckDbDestination({ kind: 'duckdb', path, ...resources, readCopy: 'off' });

  /** Beside the destination, in the instance it has open: to open a file takes longer than most of what is looked at. */
  const look = async <T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> => {
    const instance = await DuckDBInstance.fromCache(path, instanceOptions(resources));
    try {
      const connection = await instance.connect();
      await connection.run("SET TimeZone = 'UTC'");
      try {
        return await work(connection);
      } finally {
        connection.closeSync();
      }
    } finally {
      instance.closeSync();
    }
  };

  return {
    path,
    destination,
    doubtMarginMs: 500,
    knowsStagesBy: 'checksum',
    history: { hasEarlierReleases: true, hasLooseInstants: true },
    tooLargeInteger: '9223372036854775808',
    readRows: ({ schema, table }) =>
      look(async (connection) => {
        // COLUMNS(*) casts every column to text, and hex keeps a byte order mark that the driver's decoder would drop.
        const result = await connection.runAndReadAll(
          `SELECT hex(encode(CAST(COLUMNS(*) AS VARCHAR))) FROM "${schema}"."${table}"`,
        );
        const names = (await connection.runAndReadAll(`FROM "${schema}"."${table}" LIMIT 0`)).columnNames();
        return result.getRowsJson().map((row) => toTableRow(names, row as (string | null)[]));
      }),
    ask: (sql) => look(async (connection) => (await connection.runAndReadAll(sql)).getRowsJson()),
    change: async (sql) => {
      await destination.close();
      const instance = await DuckDBInstance.create(path, { threads: '1' });
      const connection = await instance.connect();
      try {
        await connection.run(sql.replaceAll(/\{TABLE:(\w+)\}/g, '"hubspot"."$1"'));
      } finally {
        connection.closeSync();
        instance.closeSync();
      }
    },
    removeStaged: (path) => rm(path),
    lengthenStaged: (path) => appendFile(path, '7,x,,,,,,,\n'),
    dispose: async () => {
      await destination.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function toTableRow(names: readonly string[], values: readonly (string | null)[]): TableRow {
  return Object.fromEntries(names.map((name, n) => [name, toText(values[n]!)]));
}

function toText(hex: string | null): string | null {
  if (hex === null) return null;
  const text = Buffer.from(hex, 'hex').toString('utf8');
  const instant = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(\.\d+)?\+00$/.exec(text);
  return instant === null ? text : `${instant[1]}T${instant[2]}${(instant[3] ?? '.').padEnd(4, '0')}Z`;
}
