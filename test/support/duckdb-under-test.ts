import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { openDuckDbDestination } from '../../destinations/duckdb/destination.ts';
import type { DestinationUnderTest, TableRow } from './destination-under-test.ts';

/** A DuckDB destination on a new file, looked at through a plain driver while the destination lets go of the file. */
export async function openDuckDbUnderTest(): Promise<DestinationUnderTest & { readonly path: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-duckdb-'));
  const path = join(folder, 'new folder', 'warehouse.duckdb');
  const destination = openDuckDbDestination({ kind: 'duckdb', path, memoryLimit: '1GB', threads: 2, readCopy: 'off' });

  const withFile = async <T>(work: (instance: DuckDBInstance) => Promise<T>): Promise<T> => {
    await destination.close();
    const instance = await DuckDBInstance.create(path);
    try {
      return await work(instance);
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
      withFile(async (instance) => {
        const connection = await instance.connect();
        await connection.run("SET TimeZone = 'UTC'");
        // COLUMNS(*) casts every column to text, and hex keeps a byte order mark that the driver's decoder would drop.
        const result = await connection.runAndReadAll(
          `SELECT hex(encode(CAST(COLUMNS(*) AS VARCHAR))) FROM "${schema}"."${table}"`,
        );
        const names = (await connection.runAndReadAll(`FROM "${schema}"."${table}" LIMIT 0`)).columnNames();
        connection.closeSync();
        return result.getRowsJson().map((row) => toTableRow(names, row as (string | null)[]));
      }),
    ask: (sql) =>
      withFile(async (instance) => {
        const connection = await instance.connect();
        const result = await connection.runAndReadAll(sql);
        connection.closeSync();
        return result.getRowsJson();
      }),
    change: (sql) =>
      withFile(async (instance) => {
        const connection = await instance.connect();
        await connection.run(sql.replaceAll(/\{TABLE:(\w+)\}/g, '"hubspot"."$1"'));
        connection.closeSync();
      }),
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
