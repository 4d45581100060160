import type { AssociationEnd } from '../../model/association-ends.ts';
import type { StreamPlan } from '../../model/plan.ts';
import type { TableName } from '../../model/stream-table.ts';
import { buildCast, columnTypeFor } from './column-types.ts';
import { buildReadStage, quoteIdentifier, quoteTable } from './dialect.ts';
import { buildDoubtfulUntil } from './doubt.ts';
import { isErasing } from './tombstone-statements.ts';

/** Merging one table of associations: load, check, compare with what the table has of the same records, then write. */

/** Fields of a `StagedHead` and of a `StagedLink`. */
const headFields = 2;
const linkFields = 6;

/** Both ends have the type of the stream's key: an account's ids are of one kind. */
export function buildCreateAssociations(plan: StreamPlan, table: TableName): string {
  const id = columnTypeFor(plan.key.type);
  const instant = columnTypeFor('timestamp');
  return (
    `CREATE TABLE IF NOT EXISTS ${quoteTable(table)} (from_id ${id} NOT NULL, to_id ${id} NOT NULL, ` +
    'category VARCHAR NOT NULL, type_id VARCHAR NOT NULL, label VARCHAR, ' +
    `_observed_at ${instant}, _synced_at ${instant}, _deleted BOOLEAN, _deleted_at ${instant}, _batch_id VARCHAR)`
  );
}

export function buildLoadHeads(plan: StreamPlan, paths: readonly string[]): string {
  return (
    `CREATE OR REPLACE TEMP TABLE _sluice_heads AS SELECT ${buildCast(plan.key.type, 'c0')} AS from_id, ` +
    `${buildCast('timestamp', 'c1')} AS observed_at FROM ${buildReadStage(paths, headFields)}`
  );
}

export function buildLoadLinks(plan: StreamPlan, paths: readonly string[]): string {
  const { type } = plan.key;
  return (
    `CREATE OR REPLACE TEMP TABLE _sluice_links AS SELECT ${buildCast(type, 'c0')} AS from_id, ` +
    `${buildCast(type, 'c1')} AS to_id, c2 AS category, c3 AS type_id, c4 AS label, ` +
    `${buildCast('timestamp', 'c5')} AS observed_at FROM ${buildReadStage(paths, linkFields)}`
  );
}

export const noLinks =
  'CREATE OR REPLACE TEMP TABLE _sluice_links AS SELECT from_id, from_id AS to_id, NULL::VARCHAR AS category, ' +
  'NULL::VARCHAR AS type_id, NULL::VARCHAR AS label, observed_at FROM _sluice_heads LIMIT 0';

/** One row: what was loaded, and what of it is no association that could be kept. */
export const summariseAssociations =
  'SELECT (SELECT count(*) FROM _sluice_heads) AS heads, (SELECT count(*) FROM _sluice_links) AS links, ' +
  '(SELECT count(*) FROM _sluice_heads WHERE from_id IS NULL OR observed_at IS NULL) + ' +
  '(SELECT count(*) FROM _sluice_links WHERE to_id IS NULL OR category IS NULL OR type_id IS NULL ' +
  'OR observed_at IS NULL OR from_id IS NULL OR from_id NOT IN (SELECT from_id FROM _sluice_heads)) AS unusable';

/** A record read more than once has the associations of its last reading. */
export const reduceHeads =
  'CREATE OR REPLACE TEMP TABLE _sluice_read AS SELECT from_id, max(observed_at) AS observed_at FROM _sluice_heads GROUP BY from_id';

/** What was read of a record before it was seen deleted counts no more. */
export function buildDropDeadHeads(plan: StreamPlan): string {
  return (
    `DELETE FROM _sluice_read h USING ${quoteTable(plan.table)} t WHERE t.${quoteIdentifier(plan.key.name)} = h.from_id ` +
    'AND t._deleted AND t._state_observed_at >= h.observed_at'
  );
}

/**
 * Says what becomes of each association staged, and of each that the table has of the same records. Where another run may have
 * seen one since, its removal is doubtful. What the table never had is not inserted where the record at its other end, by one
 * of the tables `ends`, was seen dead after the association was. Binds stream and run.
 */
export function buildClassifyLinks(plan: StreamPlan, table: TableName, ends: readonly TableName[]): string {
  const key = ['from_id', 'to_id', 'category', 'type_id'];
  const endId = `TRY_CAST(d.${quoteIdentifier(plan.key.name)} AS ${columnTypeFor(plan.key.type)})`;
  const isOfDead = ends.map(
    (end) =>
      `EXISTS (FROM ${quoteTable(end)} d WHERE ${endId} = l.to_id AND d._deleted AND d._state_observed_at >= l.observed_at)`,
  );
  const staged =
    `SELECT l.*, ${['false', ...isOfDead].join(' OR ')} AS is_of_dead ` +
    'FROM _sluice_links l JOIN _sluice_read h ON h.from_id = l.from_id AND l.observed_at >= h.observed_at ' +
    `QUALIFY row_number() OVER (PARTITION BY ${key.map((name) => `l.${name}`).join(', ')} ORDER BY l.observed_at DESC, l.rowid DESC) = 1`;
  const present =
    'SELECT a.*, a.rowid AS target_row, h.observed_at AS read_at ' +
    `FROM ${quoteTable(table)} a JOIN _sluice_read h ON h.from_id = a.from_id`;
  return (
    'CREATE OR REPLACE TEMP TABLE _sluice_link_fate AS SELECT l.* REPLACE (coalesce(l.from_id, a.from_id) AS from_id), ' +
    'a.target_row, a.read_at, CASE ' +
    "WHEN a.target_row IS NULL THEN if(l.is_of_dead, 'keep', 'insert') " +
    'WHEN l.from_id IS NOT NULL THEN if(l.observed_at > a._observed_at AND (a._deleted OR a.label IS DISTINCT FROM l.label), ' +
    "'update', 'keep') " +
    "WHEN a._deleted IS TRUE OR (a._observed_at < a.read_at) IS NOT TRUE THEN 'keep' " +
    `WHEN a.read_at < ${buildDoubtfulUntil(plan, 'associations')} THEN 'doubtful' ELSE 'remove' END AS fate ` +
    `FROM (${staged}) l FULL JOIN (${present}) a ON ${key.map((name) => `a.${name} = l.${name}`).join(' AND ')}`
  );
}

export const countLinkFates =
  "SELECT count(*) FILTER (fate = 'insert') AS inserted, count(*) FILTER (fate = 'update') AS updated, " +
  "count(*) FILTER (fate = 'remove') AS removed, count(*) FILTER (fate = 'doubtful') AS doubtful FROM _sluice_link_fate";

/** Binds batch. */
export function buildInsertLinks(table: TableName): string {
  return (
    `INSERT INTO ${quoteTable(table)} (from_id, to_id, category, type_id, label, _observed_at, _synced_at, _deleted, _batch_id) ` +
    "SELECT from_id, to_id, category, type_id, label, observed_at, now(), false, $batch FROM _sluice_link_fate WHERE fate = 'insert'"
  );
}

/** Binds batch. */
export function buildUpdateLinks(table: TableName): string {
  return (
    `UPDATE ${quoteTable(table)} a SET label = f.label, _deleted = false, _deleted_at = NULL, _observed_at = f.observed_at, ` +
    "_synced_at = now(), _batch_id = $batch FROM _sluice_link_fate f WHERE f.fate = 'update' AND a.rowid = f.target_row"
  );
}

/** Binds batch. */
export function buildRemoveLinks(table: TableName): string {
  return (
    `UPDATE ${quoteTable(table)} a SET _deleted = true, _deleted_at = f.read_at, _observed_at = f.read_at, ` +
    "_synced_at = now(), _batch_id = $batch FROM _sluice_link_fate f WHERE f.fate = 'remove' AND a.rowid = f.target_row"
  );
}

/** Associations of records that have just become tombstones, unless they were seen later. Binds batch. */
export function buildUnlinkDeleted(plan: StreamPlan, table: TableName, end: AssociationEnd['end']): string {
  return (
    `UPDATE ${quoteTable(table)} a SET _deleted = true, _deleted_at = f.observed_at, _observed_at = f.observed_at, ` +
    "_synced_at = now(), _batch_id = $batch FROM _sluice_fate f WHERE f.fate IN ('insert', 'flip') " +
    `AND ${buildEndId(plan, end)} = f.id AND a._deleted IS NOT TRUE AND (a._observed_at >= f.observed_at) IS NOT TRUE`
  );
}

/** Associations of records that are erased. */
export function buildEraseAssociations(plan: StreamPlan, table: TableName, end: AssociationEnd['end']): string {
  return (
    `DELETE FROM ${quoteTable(table)} a USING _sluice_fate f ` +
    `WHERE ${isErasing('f')} AND ${buildEndId(plan, end)} = f.id`
  );
}

/** The other stream's table may type its ids otherwise. */
function buildEndId(plan: StreamPlan, end: AssociationEnd['end']): string {
  return `TRY_CAST(a.${end} AS ${columnTypeFor(plan.key.type)})`;
}
