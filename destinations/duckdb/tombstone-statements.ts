import { systemColumns } from '../../model/column.ts';
import type { StreamPlan } from '../../model/plan.ts';
import { buildCast } from './column-types.ts';
import { buildIsErased } from './content-statements.ts';
import { buildReadStage, quoteIdentifier, quoteTable } from './dialect.ts';
import { buildDoubtfulUntil } from './doubt.ts';
import { buildMatchedRows, type Matches } from './matching.ts';

/** Merging tombstones: load, reduce, (match), classify, then write each verdict. */

/** Fields of a `StagedTombstone`. */
export const tombstoneFields = 5;

export function buildLoadTombstones(plan: StreamPlan, paths: readonly string[]): string {
  const [deletedAt, observedAt] = [buildCast('timestamp', 'c2'), buildCast('timestamp', 'c4')];
  return (
    `CREATE TEMP TABLE _sluice_tombstones AS SELECT ${buildCast(plan.key.type, 'c0')} AS id, c1 AS kind, ` +
    `${deletedAt} AS deleted_at, c3 AS merged_into, ${observedAt} AS observed_at, ` +
    `(c1 IN ('archived', 'merged', 'vanished')) IS NOT TRUE OR ${observedAt} IS NULL OR ` +
    `(c2 IS NOT NULL AND ${deletedAt} IS NULL) AS is_unreadable FROM ${buildReadStage(paths, tombstoneFields)}`
  );
}

export const summariseTombstones =
  'SELECT count(*) AS loaded, count(id) AS keyed, count(DISTINCT id) AS keys, ' +
  'count(*) FILTER (is_unreadable) AS unreadable, count(merged_into) AS merged FROM _sluice_tombstones';

/** One per id, as it was seen last; where it was merged into, and when it was deleted, may be known from another one. */
export const reduceTombstones =
  'CREATE TEMP TABLE _sluice_gone AS SELECT id, first(kind ORDER BY observed_at DESC, kind) AS kind, ' +
  'max(deleted_at) AS deleted_at, max(observed_at) AS observed_at, ' +
  'first(merged_into ORDER BY observed_at DESC, merged_into) FILTER (merged_into IS NOT NULL) AS merged_into ' +
  'FROM _sluice_tombstones WHERE id IS NOT NULL GROUP BY id';

/**
 * What is said to be merged into a record that was merged away itself belongs to where that one went: a bin may still show the
 * earlier survivor.
 */
export function buildFollowMerges(plan: StreamPlan): string {
  const key = `t.${quoteIdentifier(plan.key.name)}`;
  return (
    `UPDATE _sluice_gone g SET merged_into = t._merged_into FROM ${quoteTable(plan.table)} t ` +
    `WHERE ${key} = ${buildCast(plan.key.type, 'g.merged_into')} AND t._deleted AND t._merged_into IS NOT NULL ` +
    'AND t._merged_into <> g.id::VARCHAR'
  );
}

/**
 * Says what becomes of each tombstone. A deletion goes by observation alone, against the table and against the records of
 * the same stage. What is a tombstone already is written only where more is known of it: where it was merged into (by now: a
 * survivor may be merged away in its turn), or that it was deleted anew, so that what was seen alive in between cannot bring
 * it back. Binds stream and run.
 */
export function buildClassifyTombstones(
  plan: StreamPlan,
  { matches, hasRecords }: { matches: Matches; hasRecords: boolean },
): string {
  const erases = plan.onVanished === 'erase' ? "g.kind = 'vanished'" : 'false';
  const isErased = buildIsErased('t');
  const knowsMore =
    '((g.merged_into IS NOT NULL AND (t._merged_into IS NULL OR ' +
    '(g.merged_into <> t._merged_into AND g.observed_at > t._state_observed_at))) OR g.deleted_at > t._deleted_at ' +
    'OR (g.deleted_at IS NOT NULL AND t._deleted_at IS NULL))';
  return (
    'CREATE TEMP TABLE _sluice_fate AS SELECT g.*, m.target_row, t._deleted IS NOT TRUE AS was_live, CASE ' +
    "WHEN m.target_row IS NULL THEN if(g.kind = 'vanished', 'unchanged', 'insert') " +
    `WHEN t._deleted AND ${isErased} THEN 'unchanged' ` +
    `WHEN t._deleted AND ${erases} AND t._merged_into IS NULL THEN 'erase' ` +
    `WHEN t._deleted THEN if(${knowsMore}, 'refine', 'unchanged') ` +
    `WHEN t._state_observed_at >= g.observed_at${hasRecords ? ' OR s.state_at >= g.observed_at' : ''} THEN 'superseded' ` +
    // What was merged away never comes back, whoever may have seen it alive before.
    `WHEN g.kind <> 'merged' AND g.observed_at < ${buildDoubtfulUntil(plan, 'records')} THEN 'doubtful' ` +
    `ELSE if(${erases}, 'erase', 'flip') END AS fate ` +
    'FROM _sluice_gone g LEFT JOIN _sluice_match m ON m.staged_row = g.rowid ' +
    (hasRecords ? 'LEFT JOIN _sluice_staged s ON s.c0 = g.id ' : '') +
    buildMatchedRows(plan, matches)
  );
}

export const countFates =
  "SELECT count(*) FILTER (fate = 'insert') AS inserted, count(*) FILTER (fate = 'flip') AS flipped, " +
  "count(*) FILTER (fate = 'refine') AS refined, count(*) FILTER (fate = 'erase') AS erased, " +
  "count(*) FILTER (fate = 'erase' AND was_live) AS erased_live, count(*) FILTER (fate = 'unchanged') AS unchanged, " +
  "count(*) FILTER (fate = 'superseded') AS superseded, count(*) FILTER (fate = 'doubtful') AS doubtful FROM _sluice_fate";

const stamps = '_synced_at = now(), _batch_id = $batch';

/** Keeps a tombstone for an id that the table does not have: an older page may still bring its content. Binds batch. */
export function buildInsertTombstones(plan: StreamPlan): string {
  return (
    `INSERT INTO ${quoteTable(plan.table)} (${quoteIdentifier(plan.key.name)}, _deleted, _deleted_at, _merged_into, ` +
    '_state_observed_at, _synced_at, _batch_id) SELECT id, true, coalesce(deleted_at, observed_at), merged_into, ' +
    "observed_at, now(), $batch FROM _sluice_fate WHERE fate = 'insert'"
  );
}

/** Binds batch. */
export function buildFlip(plan: StreamPlan): string {
  return (
    `UPDATE ${quoteTable(plan.table)} t SET _deleted = true, _deleted_at = coalesce(f.deleted_at, f.observed_at), ` +
    `_merged_into = coalesce(f.merged_into, t._merged_into), _state_observed_at = f.observed_at, ${stamps} ` +
    "FROM _sluice_fate f WHERE f.fate = 'flip' AND t.rowid = f.target_row"
  );
}

/** Binds batch. */
export function buildRefine(plan: StreamPlan): string {
  return (
    `UPDATE ${quoteTable(plan.table)} t SET _deleted_at = greatest(f.deleted_at, t._deleted_at), ` +
    '_merged_into = if(f.observed_at > t._state_observed_at, coalesce(f.merged_into, t._merged_into), ' +
    'coalesce(t._merged_into, f.merged_into)), ' +
    `_state_observed_at = greatest(f.observed_at, t._state_observed_at), ${stamps} ` +
    "FROM _sluice_fate f WHERE f.fate = 'refine' AND t.rowid = f.target_row"
  );
}

/** Leaves the bare id. `columns` are all that the table has, by name: some may be no longer in the plan. Binds batch. */
export function buildErase(plan: StreamPlan, columns: readonly string[]): string {
  const kept = new Set([plan.key.name, ...systemColumns].map((name) => name.toLowerCase()));
  const cleared = [...columns.filter((name) => !kept.has(name.toLowerCase())), '_version'].map(
    (name) => `${quoteIdentifier(name)} = NULL`,
  );
  const observedAt = 'greatest(f.observed_at, t._state_observed_at)';
  return (
    `UPDATE ${quoteTable(plan.table)} t SET ${cleared.join(', ')}, _observed_at = ${observedAt}, ` +
    `_state_observed_at = ${observedAt}, _deleted = true, ` +
    `_deleted_at = coalesce(t._deleted_at, f.deleted_at, f.observed_at), ${stamps} ` +
    `FROM _sluice_fate f WHERE ${isErasing('f')} AND t.rowid = f.target_row`
  );
}

/**
 * Adds the rows that were merged into one that is erased, over any number of merges: they hold the same person's values.
 */
export function buildAddMergedFates(plan: StreamPlan): string {
  const key = `t.${quoteIdentifier(plan.key.name)}`;
  return (
    'INSERT INTO _sluice_fate (id, observed_at, target_row, was_live, fate) WITH RECURSIVE gone(id, observed_at) AS (' +
    "SELECT id::VARCHAR, observed_at FROM _sluice_fate WHERE fate = 'erase' " +
    `UNION SELECT ${key}::VARCHAR, g.observed_at FROM ${quoteTable(plan.table)} t JOIN gone g ON t._merged_into = g.id) ` +
    `SELECT ${key}, max(g.observed_at), t.rowid, false, 'eraseMerged' FROM ${quoteTable(plan.table)} t ` +
    `JOIN gone g ON t._merged_into = g.id WHERE t._deleted AND NOT ${buildIsErased('t')} GROUP BY ALL`
  );
}

export const countMergedFates = "SELECT count(*) AS erased FROM _sluice_fate WHERE fate = 'eraseMerged'";

/** Whether a row of `_sluice_fate` is to be erased. */
export function isErasing(row: string): string {
  return `${row}.fate IN ('erase', 'eraseMerged')`;
}

export const erasedIds = `SELECT f.id FROM _sluice_fate f WHERE ${isErasing('f')}`;
