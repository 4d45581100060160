import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';

export interface ComparisonRequest {
  readonly databasePath: string;
  readonly schema: string;
  readonly table: string;
  /** Base URL of the simulator. */
  readonly simulatorUrl: string;
  readonly object: string;
  /** Compare only ids up to this one; all by default. */
  readonly ids?: readonly string[];
}

export interface Comparison {
  readonly sourceRecords: number;
  readonly liveRows: number;
  readonly comparedValues: number;
  /** Ids at the source without a live row, live rows without a record, ids with more than one row; the first ten of each. */
  readonly missing: Difference;
  readonly extra: Difference;
  readonly duplicated: Difference;
  /** Per column, records whose typed value differs. */
  readonly differing: readonly (Difference & { readonly column: string })[];
}

export interface Difference {
  readonly count: number;
  readonly ids: readonly string[];
}

export function isEqual(comparison: Comparison): boolean {
  const { missing, extra, duplicated, differing } = comparison;
  return missing.count + extra.count + duplicated.count + differing.length === 0;
}

const systemColumns = new Set([
  '_observed_at',
  '_state_observed_at',
  '_synced_at',
  '_deleted',
  '_deleted_at',
  '_merged_into',
  '_batch_id',
]);

/**
 * Compares every live row of a DuckDB table, value for value, with what the simulator says is true. Shares no code with
 * the connectors: the truth comes typed from the simulator's own generator, and the comparison is SQL of its own. The
 * file is opened read-only, so its owner has to have let go of it; waits up to ten seconds for that.
 */
export async function compareWithTruth(request: ComparisonRequest): Promise<Comparison> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-truth-'));
  const instance = await DuckDBInstance.create(':memory:', { threads: '2' });
  const connection = await instance.connect();
  try {
    await attach(connection, request.databasePath);
    const columns = await tableColumns(connection, request);
    const truthPath = join(folder, 'truth.ndjson');
    await downloadTruth(request, columns, truthPath);
    await loadBothSides(connection, { ...request, columns, truthPath });
    return await compare(connection, columns);
  } finally {
    connection.closeSync();
    instance.closeSync();
    await rm(folder, { recursive: true, force: true });
  }
}

async function attach(connection: DuckDBConnection, path: string): Promise<void> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    try {
      await connection.run(`ATTACH ${literal(path)} AS loaded (READ_ONLY)`);
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(200);
    }
  }
}

export interface TableColumn {
  readonly name: string;
  readonly type: string;
}

async function tableColumns(
  connection: DuckDBConnection,
  { schema, table }: ComparisonRequest,
): Promise<TableColumn[]> {
  const reader = await connection.runAndReadAll(
    `SELECT column_name, data_type FROM duckdb_columns()
     WHERE database_name = 'loaded' AND schema_name = ${literal(schema)} AND table_name = ${literal(table)}
     ORDER BY column_index`,
  );
  return reader
    .getRows()
    .map(([name, type]) => ({ name: String(name), type: String(type) }))
    .filter(({ name }) => name !== 'id' && !systemColumns.has(name));
}

async function downloadTruth(
  { simulatorUrl, object }: ComparisonRequest,
  columns: readonly TableColumn[],
  path: string,
): Promise<void> {
  const properties = columns.map(({ name }) => name).filter((name) => name !== '_version');
  const response = await fetch(`${simulatorUrl}/_sim/truth/${object}?properties=${properties.join(',')}`);
  if (!response.ok || response.body === null) throw new Error(`truth endpoint answered ${response.status}`);
  await pipeline(Readable.fromWeb(response.body), createWriteStream(path));
}

async function loadBothSides(
  connection: DuckDBConnection,
  {
    schema,
    table,
    ids,
    columns,
    truthPath,
  }: ComparisonRequest & { columns: readonly TableColumn[]; truthPath: string },
): Promise<void> {
  const textColumns = ['id', ...columns.map(({ name }) => name)]
    .map((name) => `${literal(name)}: 'VARCHAR'`)
    .join(', ');
  const only = ids === undefined ? '' : `AND CAST(id AS VARCHAR) IN (${ids.map(literal).join(', ')})`;
  await connection.run(`CREATE TEMP TABLE truth AS SELECT * FROM read_json(${literal(truthPath)},
    format = 'newline_delimited', columns = {${textColumns}}, maximum_object_size = 67108864) WHERE true ${only}`);
  const values = columns.map((column) => `${canonicalText(column)} AS ${identifier(column.name)}`).join(', ');
  await connection.run(
    `CREATE TEMP TABLE live AS SELECT CAST(id AS VARCHAR) AS id, ${values}
     FROM loaded.${identifier(schema)}.${identifier(table)} WHERE NOT _deleted ${only}`,
  );
}

async function compare(connection: DuckDBConnection, columns: readonly TableColumn[]): Promise<Comparison> {
  const difference = async (query: string): Promise<Difference> => {
    const reader = await connection.runAndReadAll(
      `WITH found AS (${query}) SELECT count(*), list(id ORDER BY id)[1:10] FROM found`,
    );
    const [count, ids] = reader.getRowsJson()[0]!;
    return { count: Number(count), ids: (ids as string[] | null) ?? [] };
  };
  const [sourceRecords, liveRows] = await counts(connection);
  const sums = columns
    .map(({ name }) => `count(*) FILTER (WHERE live.${identifier(name)} IS DISTINCT FROM truth.${identifier(name)})`)
    .join(', ');
  const reader = await connection.runAndReadAll(`SELECT count(*), ${sums} FROM truth JOIN live USING (id)`);
  const [compared, ...perColumn] = reader.getRowsJson()[0]!.map(Number);
  const differing = [];
  for (const [index, count] of perColumn.entries()) {
    if (count === 0) continue;
    const column = columns[index]!.name;
    const found = await difference(
      `SELECT id FROM truth JOIN live USING (id) WHERE live.${identifier(column)} IS DISTINCT FROM truth.${identifier(column)}`,
    );
    differing.push({ column, ...found });
  }
  return {
    sourceRecords,
    liveRows,
    comparedValues: compared! * columns.length,
    missing: await difference('SELECT id FROM truth ANTI JOIN live USING (id)'),
    extra: await difference('SELECT id FROM live ANTI JOIN truth USING (id)'),
    duplicated: await difference('SELECT id FROM live GROUP BY id HAVING count(*) > 1'),
    differing,
  };
}

async function counts(connection: DuckDBConnection): Promise<[number, number]> {
  const reader = await connection.runAndReadAll('SELECT (SELECT count(*) FROM truth), (SELECT count(*) FROM live)');
  const [records, rows] = reader.getRowsJson()[0]!;
  return [Number(records), Number(rows)];
}

/** SQL for a typed value as the truth endpoint writes it. */
export function canonicalText({ name, type }: TableColumn): string {
  const column = identifier(name);
  if (type.startsWith('DECIMAL')) return `rtrim(rtrim(CAST(${column} AS VARCHAR), '0'), '.')`;
  if (type === 'TIMESTAMP WITH TIME ZONE') return `strftime(${column} AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.%gZ')`;
  return `CAST(${column} AS VARCHAR)`;
}

function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
