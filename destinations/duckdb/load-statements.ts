import type { StreamPlan } from '../../model/plan.ts';
import { castColumns, stagedColumnList } from '../../model/staged-columns.ts';
import { buildCast, buildColumnCast } from './column-types.ts';
import { buildReadStage } from './dialect.ts';

/** Loading the records of a stage. Staged columns are called by position, c0 being the key. */

/**
 * Loads and casts in one pass; keeping the texts in a table of their own would write everything twice. Rows keep the
 * order of the files, so `rowid` is the staged order. `filled` counts a row's texts that ought to become a value,
 * `state_at` is the latest observation of its key.
 */
export function buildLoadStage(plan: StreamPlan, paths: readonly string[]): string {
  const staged = stagedColumnList(plan);
  const casts = staged.map((column, n) => `${buildColumnCast(column, `c${n}`)} AS c${n}`);
  const filled = castColumns(plan).map(({ position }) => `coalesce(c${position} <> '', false)::INTEGER`);
  return (
    `CREATE TEMP TABLE _sluice_staged AS SELECT ${casts.join(', ')}, ` +
    `${buildCast('timestamp', `c${staged.length - 1}`)} AS state_at, ${filled.join(' + ')} AS filled ` +
    `FROM ${buildReadStage(paths, staged.length)}`
  );
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

/** The staged texts as they are, in the same order. */
export function buildLoadRaw(plan: StreamPlan, paths: readonly string[]): string {
  return `CREATE TEMP TABLE _sluice_raw AS SELECT * FROM ${buildReadStage(paths, stagedColumnList(plan).length)}`;
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
