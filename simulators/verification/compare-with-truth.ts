import { compareTombstones, type TombstoneComparison } from './compare-tombstones.ts';
import { canonicalText, identifier, literal, type TableColumn } from './duckdb-text.ts';
import { TruthSession, type Difference, type SessionRequest } from './truth-session.ts';

export interface ComparisonRequest extends SessionRequest {
  readonly schema: string;
  readonly table: string;
  readonly object: string;
  /** Compare only these; all by default. */
  readonly ids?: readonly string[];
  /** Columns that the source no longer has, or that hold something other than its values. */
  readonly ignoredColumns?: readonly string[];
  /** Rows of these must hold nothing but the id and what Sluice adds. */
  readonly erasedIds?: readonly string[];
}

export interface Comparison extends TombstoneComparison {
  readonly sourceRecords: number;
  readonly liveRows: number;
  readonly comparedValues: number;
  /** Live at the source without a live row. */
  readonly missing: Difference;
  /** Live rows of records that are not live: flags that are missing among them. */
  readonly extra: Difference;
  /** More than one row, live or not. */
  readonly duplicated: Difference;
  /** Per column, records whose typed value differs. */
  readonly differing: readonly (Difference & { readonly column: string })[];
}

export function isEqual(comparison: Comparison): boolean {
  const { missing, extra, duplicated, tombstones, unerased, differing } = comparison;
  return missing.count + extra.count + duplicated.count + tombstones.count + unerased.count + differing.length === 0;
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
 * Compares every row of a DuckDB table with what the simulator says is true: live ones value for value, tombstones by
 * what they say became of their record. Shares no code with the connectors: the truth comes typed from the simulator's own
 * generator, and the comparison is SQL of its own. The file is opened read-only, so its owner has to have let go of it;
 * waits up to ten seconds for that.
 */
export async function compareWithTruth(request: ComparisonRequest): Promise<Comparison> {
  await using session = await TruthSession.open(request);
  const columns = await tableColumns(session, request);
  await loadBothSides(session, { ...request, columns });
  const { ids, erasedIds = [] } = request;
  return {
    ...(await compareRows(session, columns)),
    ...(await compareTombstones(session, { ...request, columns, only: among(ids), erasedIds })),
  };
}

async function tableColumns(
  session: TruthSession,
  { schema, table, ignoredColumns = [] }: ComparisonRequest,
): Promise<TableColumn[]> {
  const rows = await session.rows(
    `SELECT column_name, data_type FROM duckdb_columns()
     WHERE database_name = 'loaded' AND schema_name = ${literal(schema)} AND table_name = ${literal(table)}
     ORDER BY column_index`,
  );
  return rows
    .map(([name, type]) => ({ name: String(name), type: String(type) }))
    .filter(({ name }) => name !== 'id' && !systemColumns.has(name) && !ignoredColumns.includes(name));
}

async function loadBothSides(
  session: TruthSession,
  { object, schema, table, ids, columns }: ComparisonRequest & { columns: readonly TableColumn[] },
): Promise<void> {
  const names = columns.map(({ name }) => name);
  const properties = names.filter((name) => name !== '_version').map(encodeURIComponent);
  await session.loadTruth('source', {
    path: `truth/${object}?properties=${properties.join(',')}`,
    columns: ['id', ...names],
  });
  await session.run(`CREATE TEMP VIEW truth AS SELECT * FROM source WHERE ${among(ids)}`);
  const values = columns.map((column) => `${canonicalText(column)} AS ${identifier(column.name)}`).join(', ');
  const from = `loaded.${identifier(schema)}.${identifier(table)}`;
  await session.run(
    `CREATE TEMP TABLE live AS SELECT CAST(id AS VARCHAR) AS id, ${values} FROM ${from} WHERE NOT _deleted AND ${among(ids)}`,
  );
  await session.run(`CREATE TEMP TABLE every AS SELECT CAST(id AS VARCHAR) AS id FROM ${from} WHERE ${among(ids)}`);
}

/** SQL for being one of the ids, or any where there are none. */
function among(ids: readonly string[] | undefined): string {
  return ids === undefined ? 'true' : `CAST(id AS VARCHAR) IN (${ids.map(literal).join(', ') || 'NULL'})`;
}

async function compareRows(
  session: TruthSession,
  columns: readonly TableColumn[],
): Promise<Omit<Comparison, keyof TombstoneComparison>> {
  const counts = await session.rows('SELECT (SELECT count(*) FROM truth), (SELECT count(*) FROM live)');
  const [sourceRecords, liveRows] = counts[0]!.map(Number);
  const differs = (name: string): string => `live.${identifier(name)} IS DISTINCT FROM truth.${identifier(name)}`;
  const sums = columns.map(({ name }) => `, count(*) FILTER (WHERE ${differs(name)})`).join('');
  const compared = await session.rows(`SELECT count(*)${sums} FROM truth JOIN live USING (id)`);
  const [comparedRows, ...perColumn] = compared[0]!.map(Number);
  const differing = [];
  for (const [index, { name: column }] of columns.entries()) {
    if (perColumn[index] === 0) continue;
    const found = await session.difference(`SELECT id FROM truth JOIN live USING (id) WHERE ${differs(column)}`);
    differing.push({ column, ...found });
  }
  return {
    sourceRecords: sourceRecords!,
    liveRows: liveRows!,
    comparedValues: comparedRows! * columns.length,
    missing: await session.difference('SELECT id FROM truth ANTI JOIN live USING (id)'),
    extra: await session.difference('SELECT id FROM live ANTI JOIN truth USING (id)'),
    duplicated: await session.difference('SELECT id FROM every GROUP BY id HAVING count(*) > 1'),
    differing,
  };
}
