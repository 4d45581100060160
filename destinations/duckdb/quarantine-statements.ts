import type { Column } from '../../model/column.ts';
import type { StreamPlan } from '../../model/plan.ts';
import { castColumns, stagedColumnList } from '../../model/staged-columns.ts';
import { noKey, unconvertible, unusableKey } from '../../model/reject-reason.ts';
import { buildCast, columnTypeFor, columnTypes } from './column-types.ts';
import { buildReadStage, quoteText } from './dialect.ts';
import { systemTable } from './system-tables.ts';
import { tombstoneFields } from './tombstone-statements.ts';

/** True where a staged text is a value that its column cannot hold. `''` in a column that is not text means cleared. */
function buildIsNulled(column: Column, text: string): string {
  return `coalesce(${text} <> '' AND ${buildCast(column.type, text)} IS NULL, false)`;
}

const errorColumns =
  'stream, run, batch_id, record_id, column_name, reason, payload, source_type, column_type, observed_at, created_at';

function buildKeyReason(keyType: string, key: string): string {
  const unusable = quoteText(`${unusableKey}${keyType}`);
  return `CASE WHEN coalesce(${key}, '') = '' THEN ${quoteText(noKey)} ELSE ${unusable} END`;
}

/** Whether a whole record was kept, because it has no usable key. */
export function isKeyReason(reason: string): string {
  return `(${reason} = ${quoteText(noKey)} OR starts_with(${reason}, ${quoteText(unusableKey)}))`;
}

/** Keeps whole records that have no usable key. Needs `_sluice_raw`. Binds stream, run, batch. */
export function buildQuarantineRecords(plan: StreamPlan): string {
  const fields = stagedColumnList(plan).map(({ property }, n) => `${quoteText(property)}, r.c${n}`);
  const keyType = columnTypeFor(plan.key.type);
  return (
    `INSERT INTO ${systemTable(plan.table.schema, 'sync_errors')} (${errorColumns}) ` +
    `SELECT $stream, $run, $batch, r.c0, ${quoteText(plan.key.name)}, ` +
    `${buildKeyReason(keyType, 'r.c0')}, ` +
    `json_object(${fields.join(', ')}), ${quoteText(plan.key.type)}, ${quoteText(keyType)}, ` +
    `s.c${plan.columns.length + 2}, now() FROM _sluice_staged s JOIN _sluice_raw r ON r.rowid = s.rowid WHERE s.c0 IS NULL`
  );
}

/** Counts, per column, values of the remaining rows that did not convert. Needs `_sluice_raw`. */
export function buildCountNulled(plan: StreamPlan): string {
  const counts = castColumns(plan).map(
    ({ column, position }) => `count(*) FILTER (${buildIsNulled(column, `r.c${position}`)}) AS c${position}`,
  );
  return `SELECT ${counts.join(', ')} FROM _sluice_staged s JOIN _sluice_raw r ON r.rowid = s.rowid`;
}

/** Keeps one column's values that did not convert. Needs `_sluice_raw`. Binds stream, run, batch. */
export function buildQuarantineValues(plan: StreamPlan, column: Column, position: number): string {
  const type = columnTypeFor(column.type);
  return (
    `INSERT INTO ${systemTable(plan.table.schema, 'sync_errors')} (${errorColumns}) ` +
    `SELECT $stream, $run, $batch, r.c0, ${quoteText(column.name)}, ${quoteText(`${unconvertible}${type}`)}, ` +
    `r.c${position}, ${quoteText(column.type)}, ${quoteText(type)}, s.c${plan.columns.length + 2}, now() ` +
    'FROM _sluice_staged s JOIN _sluice_raw r ON r.rowid = s.rowid ' +
    `WHERE ${buildIsNulled(column, `r.c${position}`)}`
  );
}

/** Keeps tombstones that have no usable key. Binds stream, run, batch. */
export function buildQuarantineTombstones(plan: StreamPlan, paths: readonly string[]): string {
  const keyType = columnTypeFor(plan.key.type);
  return (
    `INSERT INTO ${systemTable(plan.table.schema, 'sync_errors')} (${errorColumns}) ` +
    `SELECT $stream, $run, $batch, c0, ${quoteText(plan.key.name)}, ${buildKeyReason(keyType, 'c0')}, ` +
    `json_object('id', c0, 'kind', c1, 'deleted_at', c2, 'merged_into', c3), ${quoteText(plan.key.type)}, ` +
    `${quoteText(keyType)}, ${buildCast('timestamp', 'c4')}, now() ` +
    `FROM ${buildReadStage(paths, tombstoneFields)} WHERE ${buildCast(plan.key.type, 'c0')} IS NULL`
  );
}

const unstagedFields = 5;

/** Counts the rows, and the values they are of: a record may have been read twice. */
export function buildCountUnstaged(paths: readonly string[]): string {
  return `SELECT count(*) AS loaded, count(DISTINCT (c0, c1)) AS unstaged FROM ${buildReadStage(paths, unstagedFields)}`;
}

/** Tells of values that were not even staged. Binds stream, run, batch. */
export function buildQuarantineUnstaged(plan: StreamPlan, paths: readonly string[]): string {
  const types = Object.entries(columnTypes).map(
    ([type, spelled]) => `WHEN ${quoteText(type)} THEN ${quoteText(spelled)}`,
  );
  return (
    `INSERT INTO ${systemTable(plan.table.schema, 'sync_errors')} (${errorColumns}) ` +
    `SELECT $stream, $run, $batch, c0, c1, max(c3), NULL, max(c2), CASE max(c2) ${types.join(' ')} END, ` +
    `max(${buildCast('timestamp', 'c4')}), now() FROM ${buildReadStage(paths, unstagedFields)} GROUP BY c0, c1`
  );
}

/** Keeps no payload of the ids that `erased`, a subquery, names. Binds stream. */
export function buildForgetPayloads(plan: StreamPlan, erased: string): string {
  return (
    `UPDATE ${systemTable(plan.table.schema, 'sync_errors')} SET payload = NULL WHERE stream = $stream ` +
    `AND payload IS NOT NULL AND ${buildCast(plan.key.type, 'record_id')} IN (${erased})`
  );
}
