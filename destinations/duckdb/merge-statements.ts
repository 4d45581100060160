import type { Column } from '../../model/column.ts';
import type { StreamPlan } from '../../model/plan.ts';
import { buildCast, columnTypeFor } from './column-types.ts';
import { buildReadStage, quoteIdentifier, quoteTable, quoteText } from './dialect.ts';

/**
 * The statements of one merge, in order: load, summarise, (quarantine), (reduce duplicates), match, classify, merge.
 * Staged columns are called by position, c0 being the key.
 */

/** The plan's staged columns with their types, in `stagedColumns` order. */
export function stagedColumnList(plan: Pick<StreamPlan, 'key' | 'columns'>): Column[] {
  return [
    plan.key,
    ...plan.columns,
    { name: '_version', property: '_version', type: 'timestamp' },
    { name: '_observed_at', property: '_observed_at', type: 'timestamp' },
  ];
}

/** True where a staged text is a value that its column cannot hold. `''` in a column that is not text means cleared. */
function buildIsNulled(column: Column, text: string): string {
  return `coalesce(${text} <> '' AND ${buildCast(column.type, text)} IS NULL, false)`;
}

/**
 * Loads and casts in one pass; keeping the texts in a table of their own would write everything twice. Rows keep the
 * order of the files, so `rowid` is the staged order. `filled` counts a row's texts that ought to become a value,
 * `state_at` is the latest observation of its key.
 */
export function buildLoadStage(plan: StreamPlan, paths: readonly string[]): string {
  const staged = stagedColumnList(plan);
  const casts = staged.map((column, n) => `${buildCast(column.type, `c${n}`)} AS c${n}`);
  const filled = castColumns(plan).map(({ position }) => `coalesce(c${position} <> '', false)::INTEGER`);
  return (
    `CREATE TEMP TABLE _sluice_staged AS SELECT ${casts.join(', ')}, ` +
    `${buildCast('timestamp', `c${staged.length - 1}`)} AS state_at, ${filled.join(' + ')} AS filled ` +
    `FROM ${buildReadStage(paths, staged.length)}`
  );
}

/** Columns whose staged text may fail to convert; the key is judged apart, since there it rejects the record. */
export function castColumns(plan: StreamPlan): { column: Column; position: number }[] {
  return stagedColumnList(plan)
    .map((column, position) => ({ column, position }))
    .slice(1)
    .filter(({ column }) => column.type !== 'text');
}

/** One pass over what was loaded: everything that decides whether the rarer statements are needed. */
export function buildSummary(plan: StreamPlan): string {
  const converted = castColumns(plan).map(({ position }) => `count(c${position})`);
  return (
    'SELECT count(*) AS loaded, count(c0) AS keyed, count(DISTINCT c0) AS keys, ' +
    `count(*) - count(c${plan.columns.length + 2}) AS unobserved, ` +
    `(coalesce(sum(filled), 0) - (${converted.join(' + ')}))::BIGINT AS nulled FROM _sluice_staged`
  );
}

export function buildLoadRaw(plan: StreamPlan, paths: readonly string[]): string {
  return `CREATE TEMP TABLE _sluice_raw AS SELECT * FROM ${buildReadStage(paths, stagedColumnList(plan).length)}`;
}

const errorColumns =
  'stream, run, batch_id, record_id, column_name, reason, payload, source_type, column_type, observed_at, created_at';

/** Keeps whole records that have no usable key. Needs `_sluice_raw`. Binds stream, run, batch. */
export function buildQuarantineRecords(plan: StreamPlan): string {
  const fields = stagedColumnList(plan).map(({ property }, n) => `${quoteText(property)}, r.c${n}`);
  const keyType = columnTypeFor(plan.key.type);
  return (
    `INSERT INTO ${quoteTable({ schema: plan.table.schema, table: 'sync_errors' })} (${errorColumns}) ` +
    `SELECT $stream, $run, $batch, r.c0, ${quoteText(plan.key.name)}, ` +
    `CASE WHEN coalesce(r.c0, '') = '' THEN 'record has no key' ELSE ${quoteText(`key does not convert to ${keyType}`)} END, ` +
    `json_object(${fields.join(', ')}), ${quoteText(plan.key.type)}, ${quoteText(keyType)}, ` +
    `s.c${plan.columns.length + 2}, now() FROM _sluice_staged s JOIN _sluice_raw r ON r.rowid = s.rowid WHERE s.c0 IS NULL`
  );
}

export const deleteKeyless = 'DELETE FROM _sluice_staged WHERE c0 IS NULL';

/** A key's state follows its latest observation, even one whose content loses. */
export const spreadStateObservation =
  'UPDATE _sluice_staged s SET state_at = d.state_at FROM ' +
  '(SELECT c0, max(state_at) AS state_at FROM _sluice_staged GROUP BY c0 HAVING count(*) > 1) d WHERE d.c0 = s.c0';

/** Leaves the greatest of each key by (version, NULL lowest; observed at; staged order). */
export function buildDeleteDuplicates(plan: StreamPlan): string {
  const [version, observedAt] = [`c${plan.columns.length + 1}`, `c${plan.columns.length + 2}`];
  return (
    'DELETE FROM _sluice_staged WHERE rowid IN (SELECT row_id FROM (SELECT rowid AS row_id, row_number() OVER ' +
    `(PARTITION BY c0 ORDER BY ${version} DESC NULLS LAST, ${observedAt} DESC, rowid DESC) AS place FROM _sluice_staged) ` +
    'WHERE place > 1)'
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
    `INSERT INTO ${quoteTable({ schema: plan.table.schema, table: 'sync_errors' })} (${errorColumns}) ` +
    `SELECT $stream, $run, $batch, r.c0, ${quoteText(column.name)}, ${quoteText(`does not convert to ${type}`)}, ` +
    `r.c${position}, ${quoteText(column.type)}, ${quoteText(type)}, s.c${plan.columns.length + 2}, now() ` +
    'FROM _sluice_staged s JOIN _sluice_raw r ON r.rowid = s.rowid ' +
    `WHERE ${buildIsNulled(column, `r.c${position}`)}`
  );
}

/**
 * Finds staged keys in the table by the key column alone, so that a merge costs the same whatever the table's size:
 * joining and comparing in one step read every column of every row (400 ms at 1,000,000 rows, this takes 9 ms).
 */
export function buildMatch(plan: StreamPlan): string {
  return (
    'CREATE TEMP TABLE _sluice_match AS SELECT s.rowid AS staged_row, t.rowid AS target_row ' +
    `FROM _sluice_staged s JOIN ${quoteTable(plan.table)} t ON t.${quoteIdentifier(plan.key.name)} = s.c0`
  );
}

export const summariseMatch =
  'SELECT count(*) AS matched, count(DISTINCT staged_row) AS staged, ' +
  'coalesce(min(target_row), 0) AS lowest, coalesce(max(target_row), 0) AS highest FROM _sluice_match';

/**
 * Says for each staged row what becomes of it. Rows written together lie together, so the bounds of `target_row` spare
 * most of the table. Content goes by (version, observed at), NULL version lowest; live or deleted by observation alone.
 */
export function buildClassify(plan: StreamPlan, bounds: { lowest: string; highest: string }): string {
  const version = plan.columns.length + 1;
  const observedAt = `c${version + 1}`;
  const differs = [...plan.columns.map(({ name }) => name), '_version']
    .map((name, n) => `t.${quoteIdentifier(name)} IS DISTINCT FROM s.c${n + 1}`)
    .join(' OR ');
  const isNewer =
    `(s.c${version} > t._version OR (s.c${version} IS NOT NULL AND t._version IS NULL) OR ` +
    `(s.c${version} IS NOT DISTINCT FROM t._version AND (t._observed_at IS NULL OR s.${observedAt} > t._observed_at)))`;
  const revives = 't._deleted IS TRUE AND (t._state_observed_at IS NULL OR s.state_at > t._state_observed_at)';
  return (
    'CREATE TEMP TABLE _sluice_verdict AS SELECT s.rowid AS staged_row, m.target_row, ' +
    `m.target_row IS NULL AS is_new, coalesce(${revives}, false) AS revives, ` +
    `coalesce(m.target_row IS NOT NULL AND (${differs}) AND ${isNewer}, false) AS wins, ` +
    `m.target_row IS NOT NULL AND NOT (${differs}) AND t._deleted IS NOT TRUE AS is_same ` +
    'FROM _sluice_staged s LEFT JOIN _sluice_match m ON m.staged_row = s.rowid ' +
    `LEFT JOIN (SELECT *, rowid AS _sluice_row FROM ${quoteTable(plan.table)} ` +
    `WHERE rowid BETWEEN ${bounds.lowest} AND ${bounds.highest}) t ON t._sluice_row = m.target_row`
  );
}

export const countVerdicts =
  'SELECT count(*) FILTER (is_new) AS inserted, count(*) FILTER (wins OR revives) AS updated, ' +
  'count(*) FILTER (is_same) AS unchanged, count(*) FILTER (wins) AS won, count(*) FILTER (revives) AS revived, ' +
  'count(*) FILTER (NOT (is_new OR wins OR revives OR is_same)) AS superseded FROM _sluice_verdict';

/**
 * Writes the rows that are new. Binds batch. With the update below it takes 115 + 140 ms for 25,000 rows x 62 columns
 * each, where one MERGE INTO takes 200 + 240 ms; both statements are in the merge's one transaction anyway.
 */
export function buildInsert(plan: StreamPlan, { hasMatches }: { hasMatches: boolean }): string {
  const columns = [plan.key.name, ...contentColumns(plan), '_state_observed_at', '_synced_at', '_deleted', '_batch_id'];
  const staged = Array.from({ length: plan.columns.length + 3 }, (_, n) => `s.c${n}`);
  return (
    `INSERT INTO ${quoteTable(plan.table)} (${columns.map(quoteIdentifier).join(', ')}) ` +
    `SELECT ${staged.join(', ')}, s.state_at, now(), false, $batch FROM _sluice_staged s` +
    (hasMatches ? ' JOIN _sluice_verdict v ON v.staged_row = s.rowid WHERE v.is_new' : '')
  );
}

/** Writes content that wins. Binds batch. */
export function buildUpdateContent(plan: StreamPlan): string {
  const content = contentColumns(plan).map((name, n) => `${quoteIdentifier(name)} = s.c${n + 1}`);
  return (
    `UPDATE ${quoteTable(plan.table)} t SET ${content.join(', ')}, ${stateObserved}, ${stamps} ` +
    'FROM _sluice_staged s JOIN _sluice_verdict v ON v.staged_row = s.rowid WHERE v.wins AND t.rowid = v.target_row'
  );
}

/** Brings back rows that were seen alive after they were flagged deleted, whatever became of their content. Binds batch. */
export function buildRevive(plan: StreamPlan): string {
  return (
    `UPDATE ${quoteTable(plan.table)} t SET _deleted = false, _deleted_at = NULL, _merged_into = NULL, ${stateObserved}, ${stamps} ` +
    'FROM _sluice_staged s JOIN _sluice_verdict v ON v.staged_row = s.rowid WHERE v.revives AND t.rowid = v.target_row'
  );
}

const stateObserved = '_state_observed_at = greatest(t._state_observed_at, s.state_at)';
const stamps = '_synced_at = now(), _batch_id = $batch';

function contentColumns(plan: StreamPlan): string[] {
  return [...plan.columns.map(({ name }) => name), '_version', '_observed_at'];
}

export const dropStaging =
  'DROP TABLE IF EXISTS temp.main._sluice_staged; DROP TABLE IF EXISTS temp.main._sluice_raw; ' +
  'DROP TABLE IF EXISTS temp.main._sluice_match; DROP TABLE IF EXISTS temp.main._sluice_verdict';
