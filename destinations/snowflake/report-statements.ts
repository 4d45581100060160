import type { ListingReportRequest } from '../../model/comparison.ts';
import { listingPlan, type StreamPlan } from '../../model/plan.ts';
import { stagedColumnList } from '../../model/staged-columns.ts';
import { buildCast, buildColumnCast, columnTypeFor } from './column-types.ts';
import { buildBound, isTrue } from './expressions.ts';
import { quoteIdentifier, quoteTable } from './identifiers.ts';
import type { Statement } from './session.ts';
import { buildCreateTemporary, type Staging, temporaryTable } from './staging-statements.ts';

/** The statements of a report, over temporary tables: compare what was loaded with the table, ask, drop. */

export interface ReportStaging {
  readonly listing: Staging;
  /** The fields of a `StagedTombstone`. */
  readonly archived: Staging;
  readonly sample: Staging;
  /** `id, is_alive, is_row, source_version, row_version`. */
  readonly compared: string;
}

export function reportStaging(plan: StreamPlan): ReportStaging {
  const named = (name: string) => temporaryTable(plan.table, name);
  return {
    listing: { table: named('listed'), fields: stagedColumnList(listingPlan(plan)).length },
    archived: { table: named('archived'), fields: 5 },
    sample: { table: named('sample'), fields: stagedColumnList(plan).length },
    compared: named('compared'),
  };
}

/** What is alive at the source: ids that were listed, unless they were seen in the bin afterwards. */
function buildAlive(plan: StreamPlan, { listing, archived }: ReportStaging): string {
  const id = buildCast(plan.key.type, 'g.c0');
  const instant = (position: number) => buildCast('timestamp', `g.c${position}`);
  return (
    'SELECT a.id, a.version FROM (SELECT r.* FROM (' +
    `SELECT ${id} AS id, ${instant(listing.fields - 2)} AS version, ${instant(listing.fields - 1)} AS observed_at, ` +
    `TRUE AS is_alive FROM ${listing.table} g UNION ALL ` +
    `SELECT ${id}, NULL, ${instant(archived.fields - 1)}, FALSE FROM ${archived.table} g) r WHERE r.id IS NOT NULL ` +
    'QUALIFY ROW_NUMBER() OVER (PARTITION BY r.id ORDER BY r.observed_at DESC, IFF(r.is_alive, 0, 1), r.version DESC NULLS LAST) = 1' +
    ') a WHERE a.is_alive'
  );
}

/** What was merged while the source was read says nothing about what was there before. */
const isMergedSince = isTrue(
  `t._state_observed_at > ${buildBound('timestamp')} OR t._observed_at > ${buildBound('timestamp')}`,
);

export function buildCreateCompared(plan: StreamPlan, { compared }: ReportStaging): Statement {
  const instant = columnTypeFor('timestamp');
  return buildCreateTemporary(compared, [
    `id ${columnTypeFor(plan.key.type)}`,
    'is_alive BOOLEAN',
    'is_row BOOLEAN',
    `source_version ${instant}`,
    `row_version ${instant}`,
  ]);
}

export function buildCompareAlive(
  plan: StreamPlan,
  staging: ReportStaging,
  { listedSince }: Pick<ListingReportRequest, 'listedSince'>,
): Statement {
  const key = `t.${quoteIdentifier(plan.key.name)}`;
  return {
    sql:
      `INSERT INTO ${staging.compared} (id, is_alive, is_row, source_version, row_version) ` +
      `SELECT COALESCE(${key}, a.id), a.id IS NOT NULL, ` +
      `(${key} IS NOT NULL AND NOT ${isTrue('t._deleted')}), a.version, t._version ` +
      `FROM ${quoteTable(plan.table)} t FULL JOIN (${buildAlive(plan, staging)}) a ON a.id = ${key} ` +
      `WHERE NOT ${isMergedSince} AND (a.id IS NOT NULL OR NOT ${isTrue('t._deleted')})`,
    binds: [listedSince, listedSince],
  };
}

export function buildCountAlive(plan: StreamPlan, staging: ReportStaging): Statement {
  return {
    sql:
      `SELECT a.source_records, t.live_rows, s.sampled FROM (SELECT COUNT(*) AS source_records FROM (${buildAlive(plan, staging)})) a ` +
      `CROSS JOIN (SELECT COUNT_IF(NOT ${isTrue('_deleted')}) AS live_rows FROM ${quoteTable(plan.table)}) t ` +
      `CROSS JOIN (SELECT COUNT(DISTINCT ${buildCast(plan.key.type, 'g.c0')}) AS sampled FROM ${staging.sample.table} g) s`,
  };
}

/** The sample as a merge would load it, each record once. */
function buildSample(plan: StreamPlan, { sample }: ReportStaging): string {
  const staged = stagedColumnList(plan);
  const casts = staged.map((column, n) => `${buildColumnCast(column, `g.c${n}`)} AS v${n}`);
  const [version, observedAt] = [staged.length - 2, staged.length - 1];
  return (
    `SELECT r.* FROM (SELECT ${casts.join(', ')} FROM ${sample.table} g) r WHERE r.v0 IS NOT NULL ` +
    `QUALIFY ROW_NUMBER() OVER (PARTITION BY r.v0 ORDER BY r.v${version} DESC NULLS LAST, r.v${observedAt} DESC) = 1`
  );
}

const comparedIs = {
  missing: 'is_alive AND NOT is_row',
  extra: 'is_row AND NOT is_alive',
  stale:
    'is_alive AND is_row AND (source_version > row_version OR (source_version IS NOT NULL AND row_version IS NULL))',
} as const;

export type Difference = keyof typeof comparedIs | 'differing';

/**
 * A row for each of the first `maxIds` ids of every difference, with how many there are. `differing`: values that are not those
 * of the sample although the version is the same, except in columns that have nothing to be compared with.
 */
export function buildNameDifferences(
  plan: StreamPlan,
  staging: ReportStaging,
  {
    listedSince,
    maxIds,
    absentColumns,
  }: Pick<ListingReportRequest, 'listedSince' | 'maxIds'> & {
    readonly absentColumns: readonly string[];
  },
): Statement {
  const key = `t.${quoteIdentifier(plan.key.name)}`;
  const differs = plan.columns.flatMap(({ name }, n) =>
    absentColumns.includes(name) ? [] : [`t.${quoteIdentifier(name)} IS DISTINCT FROM s.v${n + 1}`],
  );
  const found = [
    ...Object.entries(comparedIs).map(
      ([kind, condition]) => `SELECT '${kind}' AS kind, id FROM ${staging.compared} WHERE ${condition}`,
    ),
    `SELECT 'differing', ${key} FROM (${buildSample(plan, staging)}) s JOIN ${quoteTable(plan.table)} t ON ${key} = s.v0 ` +
      `WHERE NOT ${isTrue('t._deleted')} AND NOT ${isMergedSince} ` +
      `AND t._version IS NOT DISTINCT FROM s.v${plan.columns.length + 1} AND (${['FALSE', ...differs].join(' OR ')})`,
  ];
  return {
    sql:
      'SELECT n.kind, TO_VARCHAR(n.id) AS id_text, n.found FROM (SELECT u.kind, u.id, COUNT(*) OVER (PARTITION BY u.kind) AS found, ' +
      `ROW_NUMBER() OVER (PARTITION BY u.kind ORDER BY u.id) AS place FROM (${found.join(' UNION ALL ')}) u) n ` +
      `WHERE n.place <= ${Math.trunc(maxIds)} ORDER BY n.kind, n.place`,
    binds: [listedSince, listedSince],
  };
}

/**
 * One row for each first digit of an id's MD5. A sum of hashes is the same in whatever order, and, unlike their XOR, tells an
 * id that is there twice. The hash is fifteen digits of an MD5 whose letters stand for digits.
 */
export function buildChecksums({ compared }: ReportStaging): Statement {
  const checksum = (condition: string, version: string) => {
    const text = `TO_VARCHAR(id) || '|' || COALESCE(TO_VARCHAR(DATE_PART(EPOCH_MICROSECOND, ${version})), '')`;
    const digits = `TO_NUMBER(SUBSTR(TRANSLATE(MD5(${text}), 'abcdef', '012345'), 1, 15), 38, 0)`;
    return `TO_VARCHAR(COALESCE(SUM(IFF(${condition}, ${digits}, 0)), 0))`;
  };
  return {
    sql:
      `SELECT SUBSTR(MD5(TO_VARCHAR(id)), 1, 1) AS bucket, ${checksum('is_alive', 'source_version')} AS source, ` +
      `${checksum('is_row', 'row_version')} AS destination FROM ${compared} GROUP BY 1`,
  };
}

export function buildDropReport(staging: ReportStaging): Statement[] {
  const tables = [staging.listing.table, staging.archived.table, staging.sample.table, staging.compared];
  return tables.map((table) => ({ sql: `DROP TABLE IF EXISTS ${table}` }));
}
