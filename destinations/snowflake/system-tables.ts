import { countColumns, requestColumns } from '../../model/ledger-columns.ts';
import { columnTypeFor } from './column-types.ts';
import { greatest } from './expressions.ts';
import { quoteTable } from './identifiers.ts';
import { comparesBytes } from './table-options.ts';

/** What the pipeline's schema holds beside the tables of streams; every stream has a fence of its own besides. */
export const systemTables = ['sync_batches', 'sync_runs', 'sync_errors', 'sync_generations'] as const;

const systemViews = ['sync_watermarks', 'sync_run_totals'] as const;

export type SystemTable = (typeof systemTables)[number];
type SystemView = (typeof systemViews)[number];

/** Names that no stream's table may take; fences and listings have many. */
export function isReserved(table: string): boolean {
  const name = table.toLowerCase();
  return [...systemTables, ...systemViews].some((own) => own === name) || /^sync_(fence|listing|work)_/.test(name);
}

export function systemTable(schema: string, table: SystemTable | SystemView): string {
  return quoteTable({ schema, table });
}

const text = columnTypeFor('text');
const number = columnTypeFor('integer');
const instant = columnTypeFor('timestamp');

/** What the ledger has of a batch beside its counts: a batch's cost at the warehouse. */
export const costColumns = ['staged_bytes', 'elapsed_ms'] as const;

const definitions: Readonly<Record<SystemTable, readonly string[]>> = {
  // Append-only: an INSERT locks nobody out.
  sync_batches: [
    `stream ${text} NOT NULL, generation ${number} NOT NULL, run ${text} NOT NULL, mode ${text} NOT NULL, scope ${text} NOT NULL`,
    `sequence ${number} NOT NULL, predecessor ${text}, batch_id ${text} NOT NULL, frontier_after ${text} NOT NULL`,
    `plan_digest ${text} NOT NULL, first_started_at ${instant} NOT NULL, watermark_fast ${instant}, watermark_settled ${instant}`,
    `committed_at ${instant} NOT NULL`,
    // Records whose associations the batch brought, and what its transaction cost.
    ...[...Object.values(countColumns), 'heads', ...Object.values(requestColumns), 'statements', ...costColumns].map(
      (name) => `${name} ${number}`,
    ),
    `query_ids ${text}`,
  ],
  sync_runs: [
    `stream ${text} NOT NULL, run ${text} NOT NULL, mode ${text} NOT NULL, scope ${text} NOT NULL, status ${text} NOT NULL`,
    `plan ${text} NOT NULL, plan_digest ${text} NOT NULL, start_frontier ${text} NOT NULL, first_started_at ${instant} NOT NULL`,
    `resumed_from ${text}, start_reason ${text} NOT NULL, started_at ${instant} NOT NULL, ended_at ${instant}, error ${text}`,
    `generation ${number} NOT NULL, access ${text}, idle_runs ${number}, keeps_listing BOOLEAN NOT NULL`,
  ],
  sync_errors: [
    `stream ${text} NOT NULL, run ${text} NOT NULL, batch_id ${text} NOT NULL, record_id ${text}, column_name ${text}`,
    `reason ${text} NOT NULL, payload ${text}, source_type ${text}, column_type ${text}, observed_at ${instant}`,
    `created_at ${instant} NOT NULL`,
  ],
  // A row for each generation that a stream had, so that views need not know the fences.
  sync_generations: [`stream ${text} NOT NULL, generation ${number} NOT NULL, began_at ${instant} NOT NULL`],
};

/** DDL, idempotent. */
export function buildSystemTable(schema: string, table: SystemTable): string {
  return `CREATE TABLE IF NOT EXISTS ${systemTable(schema, table)} (${definitions[table].join(', ')}) ${comparesBytes}`;
}

/** In the form that this release gives them; grants on them stay. */
export function buildSystemViews(schema: string): string[] {
  const create = (view: SystemView, query: string) =>
    `CREATE OR REPLACE VIEW ${systemTable(schema, view)} COPY GRANTS AS ${query}`;
  return [create('sync_watermarks', buildWatermarks(schema)), create('sync_run_totals', buildRunTotals(schema))];
}

/**
 * One row per stream, derived from the ledger and the runs: nothing to keep in step. `last_created_at` and
 * `last_modified_at` are when a batch last brought new and changed rows.
 */
function buildWatermarks(schema: string): string {
  const batches = systemTable(schema, 'sync_batches');
  const runs = systemTable(schema, 'sync_runs');
  return (
    'SELECT g.stream AS source_table, b.last_watermark, r.run AS last_run, r.status AS last_status, r.error AS last_error, ' +
    `COALESCE(l.rows_processed, 0) AS rows_processed, ${greatest('b.last_committed_at', 'd.last_done_at')} AS last_sync_at, ` +
    'b.last_created_at, b.last_modified_at ' +
    `FROM (SELECT stream, MAX(generation) AS generation FROM ${systemTable(schema, 'sync_generations')} GROUP BY stream) g ` +
    `LEFT JOIN (SELECT stream, run, status, error FROM ${runs} ` +
    'QUALIFY ROW_NUMBER() OVER (PARTITION BY stream ORDER BY started_at DESC, run) = 1) r ON r.stream = g.stream ' +
    `LEFT JOIN (SELECT stream, MAX(ended_at) AS last_done_at FROM ${runs} WHERE status = 'done' GROUP BY stream) d ON d.stream = g.stream ` +
    `LEFT JOIN (SELECT stream, run, SUM(read) AS rows_processed FROM ${batches} GROUP BY stream, run) l ON l.stream = g.stream AND l.run = r.run ` +
    'LEFT JOIN (SELECT stream, generation, MAX(watermark_settled) AS last_watermark, MAX(committed_at) AS last_committed_at, ' +
    'MAX(IFF(inserted > 0, committed_at, NULL)) AS last_created_at, MAX(IFF(updated > 0, committed_at, NULL)) AS last_modified_at ' +
    `FROM ${batches} GROUP BY stream, generation) b ON b.stream = g.stream AND b.generation = g.generation`
  );
}

/**
 * One row per run: what `sync_runs` says of it, and the sums over its batches. `seconds` is NULL while it runs; `unexplained`
 * is 0 where counts close.
 */
export function buildRunTotals(schema: string): string {
  const summed = [
    ...Object.values(countColumns),
    'heads',
    ...Object.values(requestColumns),
    'statements',
    ...costColumns,
  ];
  const sums = summed.map((name) => `SUM(${name}) AS ${name}`);
  return (
    'SELECT r.stream, r.run, r.mode, r.scope, r.status, r.started_at, r.ended_at, ' +
    'GREATEST(DATEDIFF(MILLISECOND, r.started_at, r.ended_at), 0) / 1000 AS seconds, COALESCE(b.batches, 0) AS batches, ' +
    `${summed.map((name) => `COALESCE(b.${name}, 0) AS ${name}`).join(', ')}, ` +
    'r.idle_runs, r.generation, r.start_reason, r.error, ' +
    'COALESCE(b.read - b.duplicate - b.rejected - b.inserted - b.updated - b.unchanged - b.superseded - b.doubtful, 0) AS unexplained ' +
    `FROM ${systemTable(schema, 'sync_runs')} r LEFT JOIN (` +
    `SELECT stream, run, COUNT(*) AS batches, ${sums.join(', ')} FROM ${systemTable(schema, 'sync_batches')} GROUP BY stream, run` +
    ') b ON b.stream = r.stream AND b.run = r.run'
  );
}
