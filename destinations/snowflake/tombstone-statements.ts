import { systemColumns } from '../../model/column.ts';
import type { StreamPlan } from '../../model/plan.ts';
import { buildCast, columnTypeFor } from './column-types.ts';
import { buildIsErased } from './content-statements.ts';
import { greatest, isTrue } from './expressions.ts';
import { quoteIdentifier, quoteTable } from './identifiers.ts';
import { buildStagedRows, type StagedRows } from './load-statements.ts';
import { buildKeyMatch, type KeyRange } from './matching.ts';
import type { Statement } from './session.ts';
import { buildCreateTemporary, type Staging, temporaryTable } from './staging-statements.ts';
import { withinTransaction } from './within-transaction.ts';

/** Merging tombstones: summarise what was loaded, decide the fate of each id, then write each fate. */

export function tombstoneStaging(plan: StreamPlan): Staging {
  // The fields of a `StagedTombstone`.
  return { table: temporaryTable(plan.table, 'tombstones'), fields: 5 };
}

/** `id, kind, deleted_at, merged_into, observed_at, was_live, fate`; each id once, beside those erased with another. */
export function fateTable(plan: StreamPlan): string {
  return temporaryTable(plan.table, 'fate');
}

export function buildCreateFates(plan: StreamPlan): Statement {
  const [text, instant] = ['VARCHAR', columnTypeFor('timestamp')];
  return buildCreateTemporary(fateTable(plan), [
    `id ${columnTypeFor(plan.key.type)}`,
    `kind ${text}`,
    `deleted_at ${instant}`,
    `merged_into ${text}`,
    `observed_at ${instant}`,
    'was_live BOOLEAN',
    `fate ${text}`,
  ]);
}

function buildTypedTombstones(plan: StreamPlan): string {
  return (
    `SELECT ${buildCast(plan.key.type, 'g.c0')} AS id, g.c1 AS kind, ${buildCast('timestamp', 'g.c2')} AS deleted_at, ` +
    `g.c3 AS merged_into, ${buildCast('timestamp', 'g.c4')} AS observed_at, g.c2 AS deleted_text ` +
    `FROM ${tombstoneStaging(plan).table} g`
  );
}

export function buildSummariseTombstones(plan: StreamPlan): Statement {
  return {
    sql:
      'SELECT COUNT(*) AS loaded, COUNT(r.id) AS keyed, COUNT(DISTINCT r.id) AS keys, MIN(r.id) AS lowest, MAX(r.id) AS highest, ' +
      `COUNT_IF(NOT ${isTrue("r.kind IN ('archived', 'merged', 'vanished')")} OR r.observed_at IS NULL ` +
      'OR (r.deleted_text IS NOT NULL AND r.deleted_at IS NULL)) AS unreadable, COUNT(r.merged_into) AS merged ' +
      `FROM (${buildTypedTombstones(plan)}) r`,
  };
}

/** One per id, as it was seen last; where it was merged into, and when it was deleted, may be known from another one. */
function buildGone(plan: StreamPlan): string {
  return (
    'SELECT r.id, r.kind, r.observed_at, MAX(r.deleted_at) OVER (PARTITION BY r.id) AS deleted_at, ' +
    'FIRST_VALUE(r.merged_into) OVER (PARTITION BY r.id ORDER BY IFF(r.merged_into IS NULL, 1, 0), r.observed_at DESC, r.merged_into ' +
    'ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS merged_into ' +
    `FROM (${buildTypedTombstones(plan)}) r WHERE r.id IS NOT NULL ` +
    'QUALIFY ROW_NUMBER() OVER (PARTITION BY r.id ORDER BY r.observed_at DESC, r.kind) = 1'
  );
}

/**
 * What is said to be merged into a record that was merged away itself belongs to where that one went: a bin may still show the
 * earlier survivor.
 */
function buildFollowed(plan: StreamPlan): string {
  const key = `m.${quoteIdentifier(plan.key.name)}`;
  return (
    'SELECT r.id, r.kind, r.observed_at, r.deleted_at, COALESCE(m._merged_into, r.merged_into) AS merged_into ' +
    `FROM (${buildGone(plan)}) r LEFT JOIN ${quoteTable(plan.table)} m ON ${key} = ${buildCast(plan.key.type, 'r.merged_into')} ` +
    'AND m._deleted AND m._merged_into <> TO_VARCHAR(r.id)'
  );
}

export interface ClassifiedTombstones {
  readonly range: KeyRange;
  /** Whether any says where its record was merged into. */
  readonly merges: 'none' | 'some';
  /** The records of the same stage, null where it has none. */
  readonly records: StagedRows | null;
  /** An expression: until when other runs may have contradicted an older observation without a trace. */
  readonly doubtfulUntil: Statement;
}

/**
 * Says what becomes of each tombstone. A deletion goes by observation alone, against the table and against the records of
 * the same stage. What is a tombstone already is written only where more is known of it: where it was merged into (by now: a
 * survivor may be merged away in its turn), or that it was deleted anew, so that what was seen alive in between cannot bring
 * it back.
 */
export function buildClassifyTombstones(
  plan: StreamPlan,
  { range, merges, records, doubtfulUntil }: ClassifiedTombstones,
): Statement {
  const on = buildKeyMatch(plan, { row: 't', staged: 'g.id', range });
  const erases = plan.onVanished === 'erase' ? "g.kind = 'vanished'" : 'FALSE';
  const knowsMore = isTrue(
    '(g.merged_into IS NOT NULL AND (t._merged_into IS NULL OR ' +
      '(g.merged_into <> t._merged_into AND g.observed_at > t._state_observed_at))) OR g.deleted_at > t._deleted_at ' +
      'OR (g.deleted_at IS NOT NULL AND t._deleted_at IS NULL)',
  );
  const fate =
    `CASE WHEN t.${quoteIdentifier(plan.key.name)} IS NULL THEN IFF(g.kind = 'vanished', 'unchanged', 'insert') ` +
    `WHEN t._deleted AND ${buildIsErased('t')} THEN 'unchanged' ` +
    `WHEN t._deleted AND ${erases} AND t._merged_into IS NULL THEN 'erase' ` +
    `WHEN t._deleted THEN IFF(${knowsMore}, 'refine', 'unchanged') ` +
    `WHEN t._state_observed_at >= g.observed_at${records === null ? '' : ' OR s.state_at >= g.observed_at'} THEN 'superseded' ` +
    // What was merged away never comes back, whoever may have seen it alive before.
    "WHEN g.kind <> 'merged' AND g.observed_at < d.doubtful_until THEN 'doubtful' " +
    `ELSE IFF(${erases}, 'erase', 'flip') END`;
  return {
    sql:
      `INSERT INTO ${fateTable(plan)} (id, kind, deleted_at, merged_into, observed_at, was_live, fate) ` +
      `SELECT g.id, g.kind, g.deleted_at, g.merged_into, g.observed_at, NOT ${isTrue('t._deleted')}, ${fate} ` +
      `FROM (${merges === 'none' ? buildGone(plan) : buildFollowed(plan)}) g ` +
      `CROSS JOIN (SELECT ${doubtfulUntil.sql} AS doubtful_until) d ` +
      `LEFT JOIN ${quoteTable(plan.table)} t ON ${on.sql}` +
      (records === null ? '' : ` LEFT JOIN (${buildStagedRows(plan, records)}) s ON s.v0 = g.id`) +
      ` WHERE ${withinTransaction}`,
    binds: [...(doubtfulUntil.binds ?? []), ...on.binds],
  };
}

export function buildCountFates(plan: StreamPlan): Statement {
  const counted = ['insert', 'flip', 'refine', 'erase', 'unchanged', 'superseded', 'doubtful'].map(
    (fate) => `COUNT_IF(f.fate = '${fate}') AS ${fate}_count`,
  );
  return {
    sql:
      `SELECT COUNT(*) AS found, ${counted.join(', ')}, COUNT_IF(f.fate = 'erase' AND f.was_live) AS erased_live ` +
      `FROM ${fateTable(plan)} f`,
  };
}

/**
 * Keeps a tombstone for an id that the table does not have, since an older page may still bring its content; flags rows that are
 * live, and fills in tombstones of which more is known.
 */
export function buildMergeFates(plan: StreamPlan, range: KeyRange, batchId: string): Statement {
  const on = buildKeyMatch(plan, { row: 't', staged: 'f.id', range });
  return {
    sql:
      `MERGE INTO ${quoteTable(plan.table)} t USING (SELECT * FROM ${fateTable(plan)} WHERE fate IN ('insert', 'flip', 'refine') AND ${withinTransaction}) f ` +
      `ON ${on.sql} WHEN MATCHED AND f.fate = 'flip' THEN UPDATE SET _deleted = TRUE, ` +
      '_deleted_at = COALESCE(f.deleted_at, f.observed_at), _merged_into = COALESCE(f.merged_into, t._merged_into), ' +
      `_state_observed_at = f.observed_at, ${stamps} ` +
      `WHEN MATCHED AND f.fate = 'refine' THEN UPDATE SET _deleted_at = ${greatest('f.deleted_at', 't._deleted_at')}, ` +
      '_merged_into = IFF(f.observed_at > t._state_observed_at, COALESCE(f.merged_into, t._merged_into), ' +
      'COALESCE(t._merged_into, f.merged_into)), ' +
      `_state_observed_at = ${greatest('f.observed_at', 't._state_observed_at')}, ${stamps} ` +
      `WHEN NOT MATCHED AND f.fate = 'insert' THEN INSERT (${quoteIdentifier(plan.key.name)}, _deleted, _deleted_at, ` +
      '_merged_into, _state_observed_at, _synced_at, _batch_id) VALUES (f.id, TRUE, COALESCE(f.deleted_at, f.observed_at), ' +
      'f.merged_into, f.observed_at, CURRENT_TIMESTAMP(), ?)',
    binds: [...on.binds, batchId, batchId, batchId],
  };
}

const stamps = '_synced_at = CURRENT_TIMESTAMP(), _batch_id = ?';

/**
 * Adds the rows that were merged straight into one that is erased: they hold the same person's values. To be repeated until it
 * adds none, since those may have been merged into, too. Erased ones among them are only passed through.
 */
export function buildAddMergedFates(plan: StreamPlan): Statement {
  const key = `t.${quoteIdentifier(plan.key.name)}`;
  const fate = fateTable(plan);
  const reached = "('erase', 'eraseMerged', 'passed')";
  return {
    sql:
      `INSERT INTO ${fate} (id, observed_at, was_live, fate) ` +
      `SELECT ${key}, f.observed_at, FALSE, IFF(${isTrue('t._deleted')} AND NOT ${buildIsErased('t')}, 'eraseMerged', 'passed') ` +
      `FROM ${quoteTable(plan.table)} t JOIN ${fate} f ON t._merged_into = TO_VARCHAR(f.id) AND f.fate IN ${reached} ` +
      `LEFT JOIN ${fate} p ON p.id = ${key} AND p.fate IN ${reached} WHERE p.id IS NULL AND ${withinTransaction}`,
  };
}

export function buildCountMergedFates(plan: StreamPlan): Statement {
  return { sql: `SELECT COUNT_IF(f.fate = 'eraseMerged') AS erased FROM ${fateTable(plan)} f` };
}

/** Whether a row of the fates is to be erased. */
export function isErasing(row: string): string {
  return `${row}.fate IN ('erase', 'eraseMerged')`;
}

export function erasedIds(plan: StreamPlan): string {
  return `SELECT f.id FROM ${fateTable(plan)} f WHERE ${isErasing('f')}`;
}

/** Leaves the bare id. `columns` are all that the table has, by name: some may be no longer in the plan. */
export function buildErase(plan: StreamPlan, columns: readonly string[], batchId: string): Statement {
  const kept = new Set([plan.key.name, ...systemColumns].map((name) => name.toLowerCase()));
  const cleared = [...columns.filter((name) => !kept.has(name.toLowerCase())), '_version'].map(
    (name) => `${quoteIdentifier(name)} = NULL`,
  );
  const observedAt = greatest('f.observed_at', 't._state_observed_at');
  return {
    sql:
      `MERGE INTO ${quoteTable(plan.table)} t USING (SELECT f.id, f.observed_at, f.deleted_at FROM ${fateTable(plan)} f ` +
      `WHERE ${isErasing('f')} AND ${withinTransaction}) f ON t.${quoteIdentifier(plan.key.name)} = f.id ` +
      `WHEN MATCHED THEN UPDATE SET ${cleared.join(', ')}, _observed_at = ${observedAt}, ` +
      `_state_observed_at = ${observedAt}, _deleted = TRUE, ` +
      `_deleted_at = COALESCE(t._deleted_at, f.deleted_at, f.observed_at), ${stamps}`,
    binds: [batchId],
  };
}
