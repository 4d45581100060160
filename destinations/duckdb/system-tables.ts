import { countColumns, requestColumns } from '../../model/ledger-columns.ts';
import { quoteIdentifier, quoteTable, quoteText } from './dialect.ts';

/** Names in the pipeline's schema that no stream's table may take. */
export const systemTables = [
  'sync_batches',
  'sync_runs',
  'sync_errors',
  'sync_fence',
  'sync_claims',
  'sync_watermarks',
  'sync_run_totals',
] as const;

export type SystemTable = (typeof systemTables)[number];

export function systemTable(schema: string, table: SystemTable): string {
  return quoteTable({ schema, table });
}

/**
 * Idempotent, and brings the tables of earlier releases up to this one. `sync_batches` is append-only; `sync_fence` holds a
 * row per stream that every merge writes first, so that two writers collide; `sync_claims` says which run may write, per
 * stream and mode.
 */
export function buildSystemTables(schema: string): string[] {
  const create = (table: SystemTable, columns: string) =>
    `CREATE TABLE IF NOT EXISTS ${systemTable(schema, table)} (${columns})`;
  return [
    `CREATE SCHEMA IF NOT EXISTS ${quoteIdentifier(schema)}`,
    create(
      'sync_batches',
      'stream VARCHAR NOT NULL, generation BIGINT NOT NULL, run VARCHAR NOT NULL, mode VARCHAR NOT NULL, scope VARCHAR NOT NULL, ' +
        'sequence BIGINT NOT NULL, predecessor VARCHAR, batch_id VARCHAR NOT NULL, frontier_after VARCHAR NOT NULL, ' +
        'plan_digest VARCHAR NOT NULL, first_started_at TIMESTAMPTZ NOT NULL, ' +
        'watermark_fast TIMESTAMPTZ, watermark_settled TIMESTAMPTZ, committed_at TIMESTAMPTZ NOT NULL',
    ),
    create(
      'sync_runs',
      'stream VARCHAR NOT NULL, run VARCHAR NOT NULL, mode VARCHAR NOT NULL, scope VARCHAR NOT NULL, status VARCHAR NOT NULL, ' +
        'plan VARCHAR NOT NULL, plan_digest VARCHAR NOT NULL, start_frontier VARCHAR NOT NULL, first_started_at TIMESTAMPTZ NOT NULL, ' +
        'resumed_from VARCHAR, start_reason VARCHAR NOT NULL, started_at TIMESTAMPTZ NOT NULL, ended_at TIMESTAMPTZ, error VARCHAR',
    ),
    create(
      'sync_errors',
      'stream VARCHAR NOT NULL, run VARCHAR NOT NULL, batch_id VARCHAR NOT NULL, record_id VARCHAR, column_name VARCHAR, ' +
        'reason VARCHAR NOT NULL, payload VARCHAR, source_type VARCHAR, column_type VARCHAR, observed_at TIMESTAMPTZ, ' +
        'created_at TIMESTAMPTZ NOT NULL',
    ),
    create('sync_fence', 'stream VARCHAR NOT NULL, generation BIGINT NOT NULL, taken_by VARCHAR, taken_at TIMESTAMPTZ'),
    create(
      'sync_claims',
      'stream VARCHAR NOT NULL, mode VARCHAR NOT NULL, run VARCHAR NOT NULL, run_started_at TIMESTAMPTZ NOT NULL',
    ),
    ...Object.entries(laterColumns).flatMap(([table, columns]) =>
      Object.entries(columns).map(
        ([name, type]) =>
          `ALTER TABLE ${systemTable(schema, table as SystemTable)} ADD COLUMN IF NOT EXISTS ${name} ${type}`,
      ),
    ),
    buildWatermarks(schema),
    `CREATE OR REPLACE VIEW ${systemTable(schema, 'sync_run_totals')} AS ${buildRunTotals(schema)}`,
  ];
}

/** Columns that a table of an earlier release may lack: NULL in its rows, since DuckDB adds no column that is NOT NULL. */
const laterColumns: Readonly<Partial<Record<SystemTable, Readonly<Record<string, string>>>>> = {
  sync_batches: {
    ...Object.fromEntries(
      [...Object.values(countColumns), ...Object.values(requestColumns)].map((name) => [name, 'BIGINT']),
    ),
    // Records whose associations the batch brought.
    heads: 'BIGINT',
    // Sent to the destination by the transaction that committed the batch.
    statements: 'BIGINT',
  },
  sync_runs: { generation: 'BIGINT', access: 'VARCHAR', idle_runs: 'BIGINT' },
  sync_fence: { reset_by: 'VARCHAR' },
};

/**
 * One row per stream, derived from the ledger and the runs: nothing to keep in step. `last_created_at` and
 * `last_modified_at` are when a batch last brought new and changed rows.
 */
function buildWatermarks(schema: string): string {
  return (
    `CREATE OR REPLACE VIEW ${systemTable(schema, 'sync_watermarks')} AS ` +
    'SELECT f.stream AS source_table, b.last_watermark, r.run AS last_run, r.status AS last_status, r.error AS last_error, ' +
    'coalesce(l.rows_processed, 0) AS rows_processed, greatest(b.last_committed_at, d.last_done_at) AS last_sync_at, ' +
    'b.last_created_at, b.last_modified_at ' +
    `FROM ${systemTable(schema, 'sync_fence')} f ` +
    `LEFT JOIN (SELECT stream, arg_max(struct_pack(run, status, error), started_at) AS newest FROM ${systemTable(schema, 'sync_runs')} GROUP BY stream) n ON n.stream = f.stream ` +
    'LEFT JOIN LATERAL (SELECT n.newest.run AS run, n.newest.status AS status, n.newest.error AS error) r ON true ' +
    `LEFT JOIN (SELECT stream, max(ended_at) AS last_done_at FROM ${systemTable(schema, 'sync_runs')} WHERE status = ${quoteText('done')} GROUP BY stream) d ON d.stream = f.stream ` +
    `LEFT JOIN (SELECT stream, run, sum(read)::BIGINT AS rows_processed FROM ${systemTable(schema, 'sync_batches')} GROUP BY stream, run) l ON l.stream = f.stream AND l.run = r.run ` +
    `LEFT JOIN (SELECT stream, generation, max(watermark_settled) AS last_watermark, max(committed_at) AS last_committed_at, ` +
    'max(committed_at) FILTER (inserted > 0) AS last_created_at, max(committed_at) FILTER (updated > 0) AS last_modified_at ' +
    `FROM ${systemTable(schema, 'sync_batches')} GROUP BY stream, generation) b ON b.stream = f.stream AND b.generation = f.generation`
  );
}

/**
 * One row per run: what `sync_runs` says of it, and the sums over its batches. `seconds` is NULL while it runs; `unexplained`
 * is 0 where counts close. `lacking` names columns that tables of an earlier release do not have yet.
 */
export function buildRunTotals(schema: string, lacking: ReadonlySet<string> = new Set()): string {
  const summed = [...Object.values(countColumns), 'heads', ...Object.values(requestColumns), 'statements'];
  const sums = summed.map((name) => `${lacking.has(name) ? '0' : `coalesce(sum(b.${name}), 0)`}::BIGINT AS ${name}`);
  const ofRun = (name: string) => `${lacking.has(name) ? 'NULL::BIGINT' : `r.${name}`} AS ${name}`;
  return (
    'SELECT *, read - duplicate - rejected - inserted - updated - unchanged - superseded - doubtful AS unexplained FROM (' +
    'SELECT r.stream, r.run, r.mode, r.scope, r.status, r.started_at, r.ended_at, ' +
    'if(r.ended_at IS NULL, NULL, greatest(epoch(r.ended_at) - epoch(r.started_at), 0)) AS seconds, count(b.batch_id) AS batches, ' +
    `${sums.join(', ')}, ${ofRun('idle_runs')}, ${ofRun('generation')}, r.start_reason, r.error ` +
    `FROM ${systemTable(schema, 'sync_runs')} r ` +
    `LEFT JOIN ${systemTable(schema, 'sync_batches')} b ON b.stream = r.stream AND b.run = r.run GROUP BY ALL)`
  );
}

/** Columns of the ledger and the runs that an earlier release may lack. */
export const addedColumns: Readonly<Record<'sync_batches' | 'sync_runs', readonly string[]>> = {
  sync_batches: Object.keys(laterColumns.sync_batches ?? {}),
  sync_runs: Object.keys(laterColumns.sync_runs ?? {}),
};
