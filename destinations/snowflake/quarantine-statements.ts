import { noKey, unusableKey, unconvertible } from '../../model/reject-reason.ts';
import type { Column } from '../../model/column.ts';
import type { StreamPlan } from '../../model/plan.ts';
import { stagedColumnList } from '../../model/staged-columns.ts';
import { buildCast, columnTypeFor, columnTypeNames } from './column-types.ts';
import { quoteText } from './identifiers.ts';
import { buildStagedRows, buildTyped, observedColumn, type StagedRows } from './load-statements.ts';
import type { Bind, Statement } from './session.ts';
import { systemTable } from './system-tables.ts';
import { type Staging, temporaryTable } from './staging-statements.ts';
import { withinTransaction } from './within-transaction.ts';

/** Where a reject comes from. */
export interface RejectOrigin {
  readonly stream: string;
  readonly run: string;
  readonly batchId: string;
}

const columns =
  'stream, run, batch_id, record_id, column_name, reason, payload, source_type, column_type, observed_at, created_at';

/** `rejects` has the columns from `record_id` to `observed_at`, in order. */
function buildKeep(plan: StreamPlan, origin: RejectOrigin, rejects: string): Statement {
  const binds: Bind[] = [origin.stream, origin.run, origin.batchId];
  return {
    sql:
      `INSERT INTO ${systemTable(plan.table.schema, 'sync_errors')} (${columns}) ` +
      `SELECT ?, ?, ?, q.record_id, q.column_name, q.reason, q.payload, q.source_type, q.column_type, q.observed_at, ` +
      `CURRENT_TIMESTAMP() FROM (${rejects}) q WHERE ${withinTransaction}`,
    binds,
  };
}

interface Reject {
  readonly recordId: string;
  readonly column: Column;
  readonly reason: string;
  readonly payload: string;
  readonly observedAt: string;
}

/** Each an expression, apart from the column. */
function selectReject({ recordId, column, reason, payload, observedAt }: Reject): string {
  return (
    `SELECT ${recordId} AS record_id, ${quoteText(column.name)} AS column_name, ${reason} AS reason, ${payload} AS payload, ` +
    `${quoteText(column.type)} AS source_type, ${quoteText(columnTypeFor(column.type))} AS column_type, ${observedAt} AS observed_at`
  );
}

function buildKeyReason({ type }: Column, key: string): string {
  const unusable = quoteText(`${unusableKey}${columnTypeFor(type)}`);
  return `IFF(COALESCE(${key}, '') = '', ${quoteText(noKey)}, ${unusable})`;
}

/** Whether a whole record was kept, because it has no usable key. */
export function isKeyReason(reason: string): string {
  return `(${reason} = ${quoteText(noKey)} OR STARTSWITH(${reason}, ${quoteText(unusableKey)}))`;
}

/** Keeps whole records that have no usable key, as JSON by property: each name once, since an object refuses another. */
export function buildQuarantineRecords(plan: StreamPlan, origin: RejectOrigin): Statement {
  const properties = stagedColumnList(plan).map(({ property }) => property);
  const fields = properties.flatMap((property, n) =>
    properties.indexOf(property) === n ? [`${quoteText(property)}, r.c${n}`] : [],
  );
  const reject = selectReject({
    recordId: 'r.c0',
    column: plan.key,
    reason: buildKeyReason(plan.key, 'r.c0'),
    payload: `TO_JSON(OBJECT_CONSTRUCT_KEEP_NULL(${fields.join(', ')}))`,
    observedAt: `r.${observedColumn(plan)}`,
  });
  return buildKeep(plan, origin, `${reject} FROM (${buildTyped(plan)}) r WHERE r.v0 IS NULL`);
}

/** Keeps the values that did not convert of the columns that have some, of rows that are merged. */
export function buildQuarantineValues(
  plan: StreamPlan,
  origin: RejectOrigin,
  { staged, nulled }: { staged: StagedRows; nulled: readonly { column: Column; position: number }[] },
): Statement {
  const rejects = nulled.map(
    ({ column, position }) =>
      `${selectReject({
        recordId: 's.c0',
        column,
        reason: quoteText(`${unconvertible}${columnTypeFor(column.type)}`),
        payload: `s.c${position}`,
        observedAt: `s.${observedColumn(plan)}`,
      })} FROM staged s WHERE s.c${position} <> '' AND s.v${position} IS NULL`,
  );
  // Named once: for each column again, the text of a wide table would be longer than Snowflake takes (1 MB).
  return buildKeep(plan, origin, `WITH staged AS (${buildStagedRows(plan, staged)}) ${rejects.join(' UNION ALL ')}`);
}

/** Keeps tombstones that have no usable key. `staging` has the fields of `StagedTombstone`. */
export function buildQuarantineTombstones(plan: StreamPlan, origin: RejectOrigin, { table }: Staging): Statement {
  const reject = selectReject({
    recordId: 'g.c0',
    column: plan.key,
    reason: buildKeyReason(plan.key, 'g.c0'),
    payload: "TO_JSON(OBJECT_CONSTRUCT_KEEP_NULL('id', g.c0, 'kind', g.c1, 'deleted_at', g.c2, 'merged_into', g.c3))",
    observedAt: buildCast('timestamp', 'g.c4'),
  });
  return buildKeep(plan, origin, `${reject} FROM ${table} g WHERE ${buildCast(plan.key.type, 'g.c0')} IS NULL`);
}

/** The fields of an `UnstagedValue`. */
export function unstagedStaging(plan: StreamPlan): Staging {
  return { table: temporaryTable(plan.table, 'unstaged'), fields: 5 };
}

export function buildCountUnstaged(plan: StreamPlan): Statement {
  return { sql: `SELECT COUNT(*) AS loaded FROM ${unstagedStaging(plan).table}` };
}

/** Tells of values that were not even staged, once of each, though its record may have been read twice. */
export function buildQuarantineUnstaged(plan: StreamPlan, origin: RejectOrigin): Statement {
  const types = columnTypeNames.map((type) => `WHEN ${quoteText(type)} THEN ${quoteText(columnTypeFor(type))}`);
  return buildKeep(
    plan,
    origin,
    'SELECT g.c0 AS record_id, g.c1 AS column_name, MAX(g.c3) AS reason, CAST(NULL AS VARCHAR) AS payload, ' +
      `MAX(g.c2) AS source_type, CASE MAX(g.c2) ${types.join(' ')} END AS column_type, ` +
      `MAX(${buildCast('timestamp', 'g.c4')}) AS observed_at FROM ${unstagedStaging(plan).table} g GROUP BY g.c0, g.c1`,
  );
}

/** Keeps no payload of the ids that `erased`, a subquery, names. */
export function buildForgetPayloads(plan: StreamPlan, erased: Statement): Statement {
  return {
    sql:
      `UPDATE ${systemTable(plan.table.schema, 'sync_errors')} SET payload = NULL WHERE stream = ? AND ${withinTransaction} ` +
      `AND payload IS NOT NULL AND ${buildCast(plan.key.type, 'record_id')} IN (${erased.sql})`,
    binds: [plan.stream, ...(erased.binds ?? [])],
  };
}
