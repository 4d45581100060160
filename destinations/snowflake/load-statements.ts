import type { StreamPlan } from '../../model/plan.ts';
import { castColumns, stagedColumnList } from '../../model/staged-columns.ts';
import { buildColumnCast } from './column-types.ts';
import type { Statement } from './session.ts';
import { type Staging, temporaryTable } from './staging-statements.ts';

/** Loading the records of a stage: texts as c0, c1, ..., c0 being the key, and what they are as v0, v1, ... */

/** The staged row's version and instant of observation, as typed columns. */
export function versionColumn({ columns }: Pick<StreamPlan, 'columns'>): string {
  return `v${columns.length + 1}`;
}

export function observedColumn({ columns }: Pick<StreamPlan, 'columns'>): string {
  return `v${columns.length + 2}`;
}

export function recordStaging(plan: StreamPlan): Staging {
  return { table: temporaryTable(plan.table, 'staged'), fields: stagedColumnList(plan).length };
}

/** Every staged row, its texts beside what they convert to: a value that does not is NULL. */
export function buildTyped(plan: StreamPlan): string {
  const casts = stagedColumnList(plan).map((column, n) => `${buildColumnCast(column, `g.c${n}`)} AS v${n}`);
  return `SELECT g.*, ${casts.join(', ')} FROM ${recordStaging(plan).table} g`;
}

export interface StagedRows {
  /** Whether a key was staged more than once. */
  readonly keys: 'unique' | 'repeated';
}

/**
 * The staged rows that have a key, one for each, with `state_at`, the latest observation of the key. Of several the greatest
 * by (version, NULL lowest; observed at; all texts) is left: a warehouse keeps no order of rows.
 */
export function buildStagedRows(plan: StreamPlan, { keys }: StagedRows): string {
  const [version, observedAt] = [versionColumn(plan), observedColumn(plan)];
  if (keys === 'unique')
    return `SELECT r.*, r.${observedAt} AS state_at FROM (${buildTyped(plan)}) r WHERE r.v0 IS NOT NULL`;
  const texts = stagedColumnList(plan).map((_, n) => `r.c${n} DESC NULLS LAST`);
  return (
    `SELECT r.*, MAX(r.${observedAt}) OVER (PARTITION BY r.v0) AS state_at FROM (${buildTyped(plan)}) r ` +
    'WHERE r.v0 IS NOT NULL QUALIFY ROW_NUMBER() OVER (PARTITION BY r.v0 ' +
    `ORDER BY r.${version} DESC NULLS LAST, r.${observedAt} DESC, ${texts.join(', ')}) = 1`
  );
}

/**
 * One pass over what was loaded: everything that decides which statements are needed. `n<position>` counts a column's values
 * that did not convert, of records that have a key.
 */
export function buildSummary(plan: StreamPlan): Statement {
  const nulled = castColumns(plan).map(
    ({ position }) => `COUNT_IF(r.v0 IS NOT NULL AND r.c${position} <> '' AND r.v${position} IS NULL) AS n${position}`,
  );
  return {
    sql:
      'SELECT COUNT(*) AS loaded, COUNT(r.v0) AS keyed, COUNT(DISTINCT r.v0) AS keys, MIN(r.v0) AS lowest, MAX(r.v0) AS highest, ' +
      `${[`COUNT_IF(r.${observedColumn(plan)} IS NULL) AS unobserved`, ...nulled].join(', ')} FROM (${buildTyped(plan)}) r`,
  };
}

/** The same counts over one row of each key, for a stage that holds keys more than once. */
export function buildCountNulled(plan: StreamPlan): Statement {
  const nulled = castColumns(plan).map(
    ({ position }) => `COUNT_IF(s.c${position} <> '' AND s.v${position} IS NULL) AS n${position}`,
  );
  return { sql: `SELECT ${nulled.join(', ')} FROM (${buildStagedRows(plan, { keys: 'repeated' })}) s` };
}
