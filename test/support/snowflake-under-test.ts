import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Connection } from 'snowflake-sdk';
import { afterAll, beforeAll } from 'vitest';
import { snowflakeConfig } from '../../destinations/snowflake/config.ts';
import { openConnections } from '../../destinations/snowflake/connection.ts';
import { openSnowflakeDestination } from '../../destinations/snowflake/destination.ts';
import { stageLocation } from '../../destinations/snowflake/stage-statements.ts';
import type { TableName } from '../../model/stream-table.ts';
import { findPython, oldestPython } from '../../simulators/snowflake/find-python.ts';
import type { EmulatorControl } from '../../simulators/snowflake/control.ts';
import { type SnowflakeEmulator, startSnowflakeEmulator } from '../../simulators/snowflake/start.ts';
import type { DestinationUnderTest, TableRow } from './destination-under-test.ts';
import { ask, logIn, logOut } from './snowflake-client.ts';
import { contactsPlan } from './staged-records.ts';
import { type StruckTransactions, strikeTransactions } from './struck-transactions.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** Tests are skipped by this name where there is no Python for the emulator; where CI is set they fail instead. */
export const needsPython = `needs Python ${oldestPython}`;
export const hasNoPython = (await findPython()) === null && process.env['CI'] === undefined;

export interface SnowflakeUnderTest extends DestinationUnderTest {
  readonly control: EmulatorControl;
  readonly database: string;
  readonly transactions: StruckTransactions;
}

/** One emulated account for the tests of a file, with a database of its own for each. */
export function useSnowflakeAccount(): () => Promise<SnowflakeUnderTest> {
  let emulator: SnowflakeEmulator | null = null;
  let databases = 0;
  beforeAll(async () => {
    emulator = await startSnowflakeEmulator();
  }, 300_000);
  afterAll(() => emulator?.stop());
  return () => openSnowflakeUnderTest(emulator!, `T${++databases}`);
}

/** Where tests put staged files. */
const stage = 'PUBLIC.STAGED';

async function openSnowflakeUnderTest(emulator: SnowflakeEmulator, database: string): Promise<SnowflakeUnderTest> {
  const looker = await logIn(emulator.url);
  await ask(looker, `CREATE DATABASE ${database}`);
  await ask(looker, `CREATE SCHEMA IF NOT EXISTS ${database}.PUBLIC`);
  await ask(looker, `USE DATABASE ${database}`);
  await ask(looker, `CREATE STAGE ${stage}`);
  const config = snowflakeConfig.parse({ ...emulator.destination, database, stage: `@${stage}` });
  const transactions = strikeTransactions();
  const destination = openSnowflakeDestination(config, openConnections(config, transactions.load));
  return {
    ...lookIntoSnowflake(looker, { location: stageLocation(config, ''), schemaOf: (schema) => schema }),
    control: emulator.control,
    database,
    transactions,
    destination,
    dispose: async () => {
      await destination.close();
      await logOut(looker);
    },
  };
}

/**
 * What tests expect of an account, and how they look and reach into it: with `location` for files, and schemas of plans under
 * the name that `schemaOf` gives.
 */
export function lookIntoSnowflake(
  looker: Connection,
  { location, schemaOf }: { readonly location: string; readonly schemaOf: (schema: string) => string },
): Omit<DestinationUnderTest, 'destination' | 'dispose'> {
  const planned = contactsPlan.table.schema;
  const tableNamed = (name: string) => storedTable({ schema: schemaOf(planned), table: ownTable(name) });
  return {
    doubtMarginMs: 2_000,
    knowsStagesBy: 'rowCount',
    history: { hasEarlierReleases: false, hasLooseInstants: false },
    tooLargeInteger: `1${'0'.repeat(38)}`,
    readRows: ({ schema, table }) =>
      readRows(looker, table === 'sync_fence' ? tableNamed(table) : storedTable({ schema: schemaOf(schema), table })),
    ask: (sql) => ask(looker, sql.replaceAll(new RegExp(`\\b${planned}\\.`, 'gi'), `${schemaOf(planned)}.`)),
    change: async (sql) => {
      for (const statement of sql.split(';').filter((text) => text.trim() !== '')) {
        await ask(
          looker,
          statement.replaceAll(/\{TABLE:(\w+)\}/g, (_, name: string) => tableNamed(name)),
        );
      }
    },
    removeStaged: async (path) => {
      await ask(looker, `REMOVE '${location}/${path}'`);
    },
    lengthenStaged: async (path) => {
      await using folder = await temporaryFolder();
      const local = join(folder.path, basename(path));
      await writeFile(local, gzipSync('7,x,,,,,,,\n'.repeat(9), { level: 1 }));
      await ask(looker, `PUT 'file://${local}' '${location}/${dirname(path)}/' AUTO_COMPRESS = FALSE OVERWRITE = TRUE`);
    },
  };
}

function stored(name: string): string {
  return name.replaceAll(/[a-z]/g, (letter) => letter.toUpperCase());
}

/** There is a fence for each stream; tests mean that of their one. */
function ownTable(name: string): string {
  if (name !== 'sync_fence') return name;
  const suffix = createHash('sha256')
    .update(JSON.stringify([contactsPlan.stream]))
    .digest('hex')
    .slice(0, 12);
  return `sync_fence_${suffix}`;
}

function storedTable({ schema, table }: TableName): string {
  return `"${stored(schema)}"."${stored(table)}"`;
}

interface DriverInstant extends Date {
  getEpochSeconds(): number;
  getNanoSeconds(): number;
}

async function readRows(looker: Connection, table: string): Promise<TableRow[]> {
  interface Found {
    readonly dates: ReadonlySet<string>;
    readonly variants: ReadonlySet<string>;
    readonly rows: readonly Record<string, unknown>[];
  }
  const { dates, variants, rows } = await new Promise<Found>((resolve, reject) => {
    looker.execute({
      sqlText: `SELECT * FROM ${table} ORDER BY 1`,
      fetchAsString: ['Number'],
      complete: (error, statement, found) => {
        if (error !== undefined && error !== null) return reject(error);
        const columns = statement.getColumns() ?? [];
        resolve({
          dates: new Set(columns.filter((column) => column.isDate()).map((column) => column.getName())),
          variants: new Set(columns.filter((column) => column.isVariant()).map((column) => column.getName())),
          rows: (found ?? []) as Record<string, unknown>[],
        });
      },
    });
  });
  return rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => {
        // The driver gives what is in it.
        const text = toText(variants.has(name) && value !== null ? JSON.stringify(value) : value);
        return [name.toLowerCase(), dates.has(name) && text !== null ? text.slice(0, 10) : text];
      }),
    ),
  );
}

function toText(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (!(value instanceof Date)) return String(value);
  const instant = value as DriverInstant;
  const micros = String(Math.trunc(instant.getNanoSeconds() / 1_000)).padStart(6, '0');
  return `${new Date(instant.getEpochSeconds() * 1_000).toISOString().slice(0, 19)}.${micros.replace(/000$/, '')}Z`;
}
