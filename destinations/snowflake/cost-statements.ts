import { buildBound } from './expressions.ts';
import type { Statement } from './session.ts';
import { systemTable } from './system-tables.ts';

/** docs.snowflake.com, "QUERY_ATTRIBUTION_HISTORY view": known up to 8 h late, and not of statements under about 100 ms. */
export const attributionView = 'SNOWFLAKE.ACCOUNT_USAGE.QUERY_ATTRIBUTION_HISTORY';
export const attributionLagMs = 8 * 3_600_000;
/** "WAREHOUSE_METERING_HISTORY view": a row for each hour of each warehouse. */
export const meteringView = 'SNOWFLAKE.ACCOUNT_USAGE.WAREHOUSE_METERING_HISTORY';
/** Of the database roles that may see both views, the one that sees least besides. */
export const viewerRole = 'SNOWFLAKE.USAGE_VIEWER';

interface LedgerOf {
  readonly schema: string;
  /** `pipeline.stream`; at least one. */
  readonly streams: readonly string[];
  /** ISO. */
  readonly since: string;
}

const instant = buildBound('timestamp');

/** What the ledger has of each stream and mode. */
export function buildLedgerCost({ schema, streams, since }: LedgerOf): Statement {
  return {
    sql:
      'SELECT stream, mode, COUNT(DISTINCT run) AS runs, COUNT(*) AS batches, SUM(statements) AS statements, ' +
      'SUM(staged_bytes) AS staged_bytes, SUM(elapsed_ms) AS elapsed_ms ' +
      `FROM ${systemTable(schema, 'sync_batches')} WHERE committed_at >= ${instant} AND stream IN (${marks(streams)}) ` +
      'GROUP BY stream, mode',
    binds: [since, ...streams],
  };
}

/**
 * What the account has of the statements of the ledger's runs. By the tag rather than by the ledger's query ids, which are
 * those of transactions that committed; and by the run in it, since another ledger may have streams of the same name.
 */
export function buildBilledCost({ schema, streams, since }: LedgerOf): Statement {
  return {
    sql:
      'SELECT r.stream, r.mode, COUNT(*) AS statements, SUM(DATEDIFF(MILLISECOND, q.start_time, q.end_time)) AS execution_ms, ' +
      'SUM(COALESCE(q.credits_attributed_compute, 0) + COALESCE(q.credits_used_query_acceleration, 0)) AS credits ' +
      `FROM ${attributionView} q JOIN ${systemTable(schema, 'sync_runs')} r ` +
      "ON r.run = CAST(GET_PATH(TRY_PARSE_JSON(q.query_tag), 'run') AS VARCHAR) " +
      `WHERE q.start_time >= ${instant} AND STARTSWITH(q.query_tag, '{"app":"sluice"') AND r.stream IN (${marks(streams)}) ` +
      'GROUP BY r.stream, r.mode',
    binds: [since, ...streams],
  };
}

/** What warehouses, by their stored names, have used in all. Snowflake counts by the hour. */
export function buildWarehouseUse(warehouses: readonly string[], since: string): Statement {
  return {
    sql:
      'SELECT warehouse_name AS warehouse, SUM(credits_used_compute) AS credits, ' +
      'SUM(COALESCE(credits_attributed_compute_queries, 0)) AS statement_credits ' +
      `FROM ${meteringView} WHERE end_time > ${instant} AND warehouse_name IN (${marks(warehouses)}) ` +
      'GROUP BY warehouse_name ORDER BY warehouse_name',
    binds: [since, ...warehouses],
  };
}

function marks(values: readonly string[]): string {
  return values.map(() => '?').join(', ');
}
