import type { StagePart } from '../../model/batch.ts';
import type { ListingReportRequest } from '../../model/comparison.ts';
import { listingPlan, type StreamPlan } from '../../model/plan.ts';
import { stagedColumnList } from '../../model/staged-columns.ts';
import { buildCast, buildColumnCast } from './column-types.ts';
import { buildReadStage, quoteIdentifier, quoteTable } from './dialect.ts';
import { stagePaths } from './stage-files.ts';

/** The statements of a report, over temporary tables: load what was staged, join it with the table, ask. */

const tombstoneColumns = 5;

/** What is alive at the source: ids that were listed, unless they were seen in the bin afterwards. */
export function buildLoadAlive({ plan, listing, archived }: ListingReportRequest): string {
  const staged = stagedColumnList(listingPlan(plan));
  const id = buildCast(plan.key.type, 'c0');
  const instant = (position: number) => buildCast('timestamp', `c${position}`);
  return (
    'CREATE TEMP TABLE _sluice_alive AS SELECT id, version FROM (' +
    `SELECT DISTINCT ON (id) * FROM (SELECT ${id} AS id, ${instant(staged.length - 2)} AS version, ` +
    `${instant(staged.length - 1)} AS observed_at, true AS is_alive FROM ${buildReadStage(stagePaths(listing), staged.length)} ` +
    `UNION ALL SELECT ${id}, NULL, ${instant(tombstoneColumns - 1)}, false ` +
    `FROM ${buildReadStage(stagePaths(archived), tombstoneColumns)}) ` +
    'WHERE id IS NOT NULL ORDER BY id, observed_at DESC, is_alive DESC, version DESC NULLS LAST) WHERE is_alive'
  );
}

/** Binds listedSince. */
export function buildCompareAlive(plan: StreamPlan): string {
  const key = `t.${quoteIdentifier(plan.key.name)}`;
  return (
    `CREATE TEMP TABLE _sluice_compared AS SELECT coalesce(${key}, a.id) AS id, a.id IS NOT NULL AS is_alive, ` +
    `(${key} IS NOT NULL AND t._deleted IS NOT TRUE) AS is_row, a.version AS source_version, t._version AS row_version ` +
    `FROM ${quoteTable(plan.table)} t FULL JOIN _sluice_alive a ON a.id = ${key} ` +
    `WHERE NOT ${isMergedSince} AND (a.id IS NOT NULL OR t._deleted IS NOT TRUE)`
  );
}

/** What was merged while the source was read says nothing about what was there before. */
const isMergedSince =
  'coalesce(t._state_observed_at > $listedSince::TIMESTAMPTZ OR t._observed_at > $listedSince::TIMESTAMPTZ, false)';

export const comparedIs = {
  missing: 'is_alive AND NOT is_row',
  extra: 'is_row AND NOT is_alive',
  stale:
    'is_alive AND is_row AND (source_version > row_version OR (source_version IS NOT NULL AND row_version IS NULL))',
} as const;

export function buildCountAlive(plan: StreamPlan): string {
  return (
    'SELECT (SELECT count(*) FROM _sluice_alive) AS source_records, ' +
    `(SELECT count(*) FROM ${quoteTable(plan.table)} WHERE _deleted IS NOT TRUE) AS live_rows, ` +
    '(SELECT count(*) FROM _sluice_sample) AS sampled'
  );
}

/** Loads a sample as a merge would, each record once. */
export function buildLoadSample(plan: StreamPlan, sample: StagePart): string {
  const staged = stagedColumnList(plan);
  const casts = staged.map((column, n) => `${buildColumnCast(column, `c${n}`)} AS c${n}`);
  const [version, observedAt] = [staged.length - 2, staged.length - 1];
  return (
    'CREATE TEMP TABLE _sluice_sample AS SELECT DISTINCT ON (c0) * FROM ' +
    `(SELECT ${casts.join(', ')} FROM ${buildReadStage(stagePaths(sample), staged.length)}) ` +
    `WHERE c0 IS NOT NULL ORDER BY c0, c${version} DESC NULLS LAST, c${observedAt} DESC`
  );
}

/** Rows whose values are not those of the sample although they have its version. Binds listedSince. */
export function buildDiffering(plan: StreamPlan, absentColumns: readonly string[]): string {
  const key = `t.${quoteIdentifier(plan.key.name)}`;
  const differs = plan.columns.flatMap(({ name }, n) =>
    absentColumns.includes(name) ? [] : [`t.${quoteIdentifier(name)} IS DISTINCT FROM s.c${n + 1}`],
  );
  return (
    `CREATE TEMP TABLE _sluice_differing AS SELECT ${key} AS id FROM _sluice_sample s ` +
    `JOIN ${quoteTable(plan.table)} t ON ${key} = s.c0 WHERE t._deleted IS NOT TRUE AND NOT ${isMergedSince} ` +
    `AND t._version IS NOT DISTINCT FROM s.c${plan.columns.length + 1} AND (${['false', ...differs].join(' OR ')})`
  );
}

/** How many ids, and the first of them. Binds maxIds. */
export function buildNameIds(from: string): string {
  return (
    `SELECT (SELECT count(*) FROM ${from}) AS found, ` +
    `ARRAY(SELECT id::VARCHAR FROM ${from} ORDER BY id LIMIT $maxIds) AS ids`
  );
}

const bucketCount = 16;

/** A sum of hashes is the same in whatever order, and, unlike their XOR, tells an id that is there twice. */
export const bucketChecksums = (() => {
  const checksum = (version: string) =>
    `coalesce(sum(md5_number_lower(concat_ws('|', id::VARCHAR, epoch_us(${version})::VARCHAR)))`;
  return (
    `SELECT b.bucket, ${checksum('source_version')} FILTER (is_alive), 0)::VARCHAR AS source, ` +
    `${checksum('row_version')} FILTER (is_row), 0)::VARCHAR AS destination ` +
    `FROM (SELECT range AS bucket FROM range(${bucketCount})) b ` +
    `LEFT JOIN _sluice_compared ON md5_number_lower(id::VARCHAR) % ${bucketCount} = b.bucket ` +
    'GROUP BY b.bucket ORDER BY b.bucket'
  );
})();
