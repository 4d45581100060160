import type { AssociationEnd } from '../../model/association-ends.ts';
import type { ColumnType } from '../../model/column.ts';
import type { StreamPlan } from '../../model/plan.ts';
import type { TableName } from '../../model/stream-table.ts';
import { buildCast, columnTypeFor } from './column-types.ts';
import { isTrue } from './expressions.ts';
import { quoteIdentifier, quoteTable } from './identifiers.ts';
import { buildInRange, type KeyRange } from './matching.ts';
import type { Statement } from './session.ts';
import { buildCreateTemporary, type Staging, temporaryTable } from './staging-statements.ts';
import { comparesBytes } from './table-options.ts';
import { fateTable, isErasing } from './tombstone-statements.ts';
import { withinTransaction } from './within-transaction.ts';

/** Merging one table of associations: load, check, compare with what the table has of the same records, then write. */

/** The temporary tables of one of a stage's association tables, which it names by its place among them. */
export interface LinkStaging {
  /** The fields of a `StagedHead`. */
  readonly heads: Staging;
  /** The fields of a `StagedLink`. */
  readonly links: Staging;
  /** `from_id, to_id, category, type_id, label, observed_at, read_at, fate`. */
  readonly fates: string;
}

export function linkStaging(plan: StreamPlan, place: number): LinkStaging {
  const named = (name: string) => temporaryTable(plan.table, `${name}_${place}`);
  return {
    heads: { table: named('heads'), fields: 2 },
    links: { table: named('links'), fields: 6 },
    fates: named('link_fate'),
  };
}

/** Both ends have the type of the stream's key: an account's ids are of one kind. DDL: never within a transaction. */
export function buildCreateAssociations({ key }: StreamPlan, table: TableName): Statement {
  const id = columnTypeFor(key.type);
  const instant = columnTypeFor('timestamp');
  return {
    sql:
      `CREATE TABLE IF NOT EXISTS ${quoteTable(table)} (from_id ${id} NOT NULL, to_id ${id} NOT NULL, ` +
      'category VARCHAR NOT NULL, type_id VARCHAR NOT NULL, label VARCHAR, ' +
      `_observed_at ${instant}, _synced_at ${instant}, _deleted BOOLEAN, _deleted_at ${instant}, _batch_id VARCHAR) ${comparesBytes}`,
  };
}

export function buildCreateLinkFates({ key }: StreamPlan, { fates }: LinkStaging): Statement {
  const [id, instant] = [columnTypeFor(key.type), columnTypeFor('timestamp')];
  return buildCreateTemporary(fates, [
    `from_id ${id}`,
    `to_id ${id}`,
    'category VARCHAR',
    'type_id VARCHAR',
    'label VARCHAR',
    `observed_at ${instant}`,
    `read_at ${instant}`,
    'fate VARCHAR',
  ]);
}

function buildTypedHeads({ key }: StreamPlan, { heads }: LinkStaging): string {
  return (
    `SELECT ${buildCast(key.type, 'g.c0')} AS from_id, ${buildCast('timestamp', 'g.c1')} AS observed_at ` +
    `FROM ${heads.table} g`
  );
}

function buildTypedLinks({ key }: StreamPlan, { links }: LinkStaging): string {
  return (
    `SELECT ${buildCast(key.type, 'g.c0')} AS from_id, ${buildCast(key.type, 'g.c1')} AS to_id, g.c2 AS category, ` +
    `g.c3 AS type_id, g.c4 AS label, ${buildCast('timestamp', 'g.c5')} AS observed_at FROM ${links.table} g`
  );
}

/** One row: what was loaded, and what of it is no association that could be kept. */
export function buildSummariseLinks(plan: StreamPlan, staging: LinkStaging): Statement {
  const heads = buildTypedHeads(plan, staging);
  return {
    sql:
      'SELECT h.heads, l.links, h.unusable AS unusable_heads, l.unusable AS unusable_links, h.lowest, h.highest FROM (' +
      'SELECT COUNT(*) AS heads, COUNT_IF(r.from_id IS NULL OR r.observed_at IS NULL) AS unusable, ' +
      `MIN(r.from_id) AS lowest, MAX(r.from_id) AS highest FROM (${heads}) r) h CROSS JOIN (` +
      'SELECT COUNT(*) AS links, COUNT_IF(r.to_id IS NULL OR r.category IS NULL OR r.type_id IS NULL OR r.observed_at IS NULL ' +
      `OR k.from_id IS NULL) AS unusable FROM (${buildTypedLinks(plan, staging)}) r ` +
      `LEFT JOIN (SELECT DISTINCT from_id FROM (${heads})) k ON k.from_id = r.from_id) l`,
  };
}

/**
 * The records read, each once, as it was read last. What was read of a record before it was seen deleted counts no more.
 */
function buildReadHeads(plan: StreamPlan, staging: LinkStaging): string {
  return (
    'SELECT r.from_id, r.observed_at FROM (SELECT from_id, MAX(observed_at) AS observed_at ' +
    `FROM (${buildTypedHeads(plan, staging)}) GROUP BY from_id) r ` +
    `LEFT JOIN ${quoteTable(plan.table)} t ON t.${quoteIdentifier(plan.key.name)} = r.from_id ` +
    `WHERE NOT ${isTrue('t._deleted AND t._state_observed_at >= r.observed_at')}`
  );
}

/** A table that holds the records at the other end. */
export interface EndTable {
  readonly table: TableName;
  /** Null for a type that Sluice does not write. */
  readonly keyType: ColumnType | null;
}

export interface ClassifiedLinks {
  readonly table: TableName;
  readonly ends: readonly EndTable[];
  /** Between which records all that were read lie. */
  readonly range: KeyRange;
  /** An expression: until when other runs may have seen an association without a trace. */
  readonly doubtfulUntil: Statement;
}

const linkKey = ['from_id', 'to_id', 'category', 'type_id'] as const;

/**
 * Says what becomes of each association staged, and of each that the table has of the same records. Where another run may have
 * seen one since, its removal is doubtful. What the table never had is not inserted where the record at its other end, by one
 * of the tables `ends`, was seen dead after the association was.
 */
export function buildClassifyLinks(
  plan: StreamPlan,
  staging: LinkStaging,
  { table, ends, range, doubtfulUntil }: ClassifiedLinks,
): Statement {
  const joined = ends.map(
    (end, n) =>
      ` LEFT JOIN ${quoteTable(end.table)} d${n} ` +
      `ON ${buildEndId(`d${n}.${quoteIdentifier(plan.key.name)}`, { has: end.keyType, wanted: plan.key.type })} = l.to_id`,
  );
  const isOfDead = ends.map((_, n) => isTrue(`d${n}._deleted AND d${n}._state_observed_at >= l.observed_at`));
  const staged =
    `SELECT l.*, ${['FALSE', ...isOfDead].join(' OR ')} AS is_of_dead FROM (${buildTypedLinks(plan, staging)}) l ` +
    `JOIN heads h ON h.from_id = l.from_id AND l.observed_at >= h.observed_at${joined.join('')} ` +
    `QUALIFY ROW_NUMBER() OVER (PARTITION BY ${linkKey.map((name) => `l.${name}`).join(', ')} ` +
    'ORDER BY l.observed_at DESC, l.label DESC NULLS LAST) = 1';
  const present =
    `SELECT a.*, h.observed_at AS read_at FROM ${quoteTable(table)} a JOIN heads h ON h.from_id = a.from_id ` +
    `WHERE ${buildInRange('a.from_id', plan.key)}`;
  const key = linkKey.map((name) => `COALESCE(l.${name}, a.${name}) AS ${name}`);
  const fate =
    "CASE WHEN a.from_id IS NULL THEN IFF(l.is_of_dead, 'keep', 'insert') " +
    'WHEN l.from_id IS NOT NULL THEN ' +
    `IFF(${isTrue('l.observed_at > a._observed_at AND (a._deleted OR a.label IS DISTINCT FROM l.label)')}, 'update', 'keep') ` +
    `WHEN ${isTrue('a._deleted')} OR NOT ${isTrue('a._observed_at < a.read_at')} THEN 'keep' ` +
    "WHEN a.read_at < d.doubtful_until THEN 'doubtful' ELSE 'remove' END";
  return {
    sql:
      `INSERT INTO ${staging.fates} (${linkKey.join(', ')}, label, observed_at, read_at, fate) ` +
      `WITH heads AS (${buildReadHeads(plan, staging)}) ` +
      `SELECT ${key.join(', ')}, l.label, l.observed_at, a.read_at, ${fate} ` +
      `FROM (${staged}) l FULL JOIN (${present}) a ON ${linkKey.map((name) => `a.${name} = l.${name}`).join(' AND ')} ` +
      `CROSS JOIN (SELECT ${doubtfulUntil.sql} AS doubtful_until) d WHERE ${withinTransaction}`,
    binds: [range.lowest, range.highest, ...(doubtfulUntil.binds ?? [])],
  };
}

export function buildCountLinkFates({ fates }: LinkStaging): Statement {
  const counted = ['insert', 'update', 'remove', 'doubtful'].map(
    (fate) => `COUNT_IF(f.fate = '${fate}') AS ${fate}_count`,
  );
  return { sql: `SELECT ${counted.join(', ')} FROM ${fates} f` };
}

/**
 * Its changed rows are those that were counted, unless another stream's merge changed one of them in between: then it leaves
 * that one as it is.
 */
export function buildMergeLinks(
  { key }: StreamPlan,
  { fates }: LinkStaging,
  { table, range, batchId }: { readonly table: TableName; readonly range: KeyRange; readonly batchId: string },
): Statement {
  const on = linkKey.map((name) => `a.${name} = f.${name}`).join(' AND ');
  return {
    sql:
      `MERGE INTO ${quoteTable(table)} a USING (SELECT * FROM ${fates} WHERE fate IN ('insert', 'update', 'remove') AND ${withinTransaction}) f ` +
      `ON ${on} AND ${buildInRange('a.from_id', key)} ` +
      "WHEN MATCHED AND f.fate = 'update' AND f.observed_at > a._observed_at THEN UPDATE SET " +
      `label = f.label, _deleted = FALSE, _deleted_at = NULL, _observed_at = f.observed_at, ${stamps} ` +
      `WHEN MATCHED AND f.fate = 'remove' AND NOT ${isTrue('a._deleted')} AND f.read_at > a._observed_at THEN UPDATE SET ` +
      `_deleted = TRUE, _deleted_at = f.read_at, _observed_at = f.read_at, ${stamps} ` +
      "WHEN NOT MATCHED AND f.fate = 'insert' THEN INSERT (from_id, to_id, category, type_id, label, _observed_at, _synced_at, " +
      '_deleted, _batch_id) VALUES (f.from_id, f.to_id, f.category, f.type_id, f.label, f.observed_at, CURRENT_TIMESTAMP(), FALSE, ?)',
    binds: [range.lowest, range.highest, batchId, batchId, batchId],
  };
}

const stamps = '_synced_at = CURRENT_TIMESTAMP(), _batch_id = ?';

/** An end of an association table with the type that the table gives it. */
export interface TypedEnd extends AssociationEnd {
  /** The other stream's table may type its ids otherwise. Null for a type that Sluice does not write. */
  readonly type: ColumnType | null;
}

/** Associations of records that have just become tombstones, unless they were seen later. */
export function buildUnlinkDeleted(plan: StreamPlan, { table, end, type }: TypedEnd, batchId: string): Statement {
  const id = buildEndId(`a.${end}`, { has: type, wanted: plan.key.type });
  return {
    sql:
      `MERGE INTO ${quoteTable(table)} a USING (SELECT f.id, f.observed_at FROM ${fateTable(plan)} f ` +
      `WHERE f.fate IN ('insert', 'flip') AND ${withinTransaction}) f ON ${id} = f.id ` +
      `WHEN MATCHED AND NOT ${isTrue('a._deleted')} AND NOT ${isTrue('a._observed_at >= f.observed_at')} THEN UPDATE SET ` +
      `_deleted = TRUE, _deleted_at = f.observed_at, _observed_at = f.observed_at, ${stamps}`,
    binds: [batchId],
  };
}

/** Associations of records that are erased. */
export function buildEraseAssociations(plan: StreamPlan, { table, end, type }: TypedEnd): Statement {
  return {
    sql:
      `DELETE FROM ${quoteTable(table)} WHERE ${buildEndId(end, { has: type, wanted: plan.key.type })} IN ` +
      `(SELECT f.id FROM ${fateTable(plan)} f WHERE ${isErasing('f')}) AND ${withinTransaction}`,
  };
}

/** An id of another stream's table in the type of this one's keys; NULL where it is none. */
function buildEndId(
  id: string,
  { has, wanted }: { readonly has: ColumnType | null; readonly wanted: ColumnType },
): string {
  return has === wanted ? id : buildCast(wanted, `TO_VARCHAR(${id})`);
}
