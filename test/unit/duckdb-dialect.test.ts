import { describe, expect, it } from 'vitest';
import { buildCast, columnTypeFor } from '../../destinations/duckdb/column-types.ts';
import {
  buildAddColumn,
  buildCreateTable,
  buildReadStage,
  quoteIdentifier,
  quoteText,
} from '../../destinations/duckdb/dialect.ts';
import {
  buildEraseAssociations,
  buildInsertLinks,
  buildUnlinkDeleted,
} from '../../destinations/duckdb/association-statements.ts';
import {
  buildClassify,
  buildErasedMatches,
  buildInsert,
  buildRevive,
  buildUpdateContent,
} from '../../destinations/duckdb/content-statements.ts';
import { buildDeleteDuplicates, buildLoadStage, buildSummary } from '../../destinations/duckdb/load-statements.ts';
import { buildMatch } from '../../destinations/duckdb/matching.ts';
import {
  buildForgetPayloads,
  buildQuarantineRecords,
  buildQuarantineValues,
} from '../../destinations/duckdb/quarantine-statements.ts';
import {
  buildErase,
  buildFlip,
  buildInsertTombstones,
  buildRefine,
} from '../../destinations/duckdb/tombstone-statements.ts';
import type { StreamPlan } from '../../model/plan.ts';
import { tableColumns } from '../../model/table-columns.ts';
import { column, contactsPlan } from '../support/staged-records.ts';

const hostile = 'we"ird; DROP';
const plan: StreamPlan = {
  ...contactsPlan,
  table: { schema: hostile, table: "o'table" },
  key: column('id', 'text'),
  columns: [{ name: hostile, property: "it's; DROP", type: 'text' }, column('visits', 'integer')],
};
const table = `"we""ird; DROP"."o'table"`;
const instantForm =
  '[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,6}0*)?([Zz]|[+-][0-9]{2}(:?[0-9]{2})?)';
const instantCast = (text: string) =>
  `CASE WHEN regexp_full_match(${text}, '${instantForm}') THEN TRY_CAST(upper(${text}) AS TIMESTAMP WITH TIME ZONE) END`;
const integerCast = (text: string) =>
  `CASE WHEN regexp_full_match(${text}, '[+-]?[0-9]+') THEN TRY_CAST(${text} AS BIGINT) END`;

describe('the DuckDB dialect', () => {
  it('quotes identifiers and texts', () => {
    expect(quoteIdentifier(hostile)).toBe('"we""ird; DROP"');
    expect(quoteText("it's")).toBe("'it''s'");
  });

  it('creates and widens a table', () => {
    expect(buildCreateTable(plan.table, tableColumns(plan, columnTypeFor))).toBe(
      `CREATE TABLE IF NOT EXISTS ${table} ("id" VARCHAR NOT NULL, "we""ird; DROP" VARCHAR, "visits" BIGINT, ` +
        '"_version" TIMESTAMP WITH TIME ZONE, "_observed_at" TIMESTAMP WITH TIME ZONE, ' +
        '"_state_observed_at" TIMESTAMP WITH TIME ZONE, "_synced_at" TIMESTAMP WITH TIME ZONE, "_deleted" BOOLEAN, ' +
        '"_deleted_at" TIMESTAMP WITH TIME ZONE, "_merged_into" VARCHAR, "_batch_id" VARCHAR)',
    );
    expect(buildAddColumn(plan.table, { name: hostile, type: 'DATE' })).toBe(
      `ALTER TABLE ${table} ADD COLUMN "we""ird; DROP" DATE`,
    );
  });

  it('has a type for every logical type', () => {
    expect((['text', 'integer', 'decimal', 'boolean', 'date', 'timestamp'] as const).map(columnTypeFor)).toEqual([
      'VARCHAR',
      'BIGINT',
      'DECIMAL(38,9)',
      'BOOLEAN',
      'DATE',
      'TIMESTAMP WITH TIME ZONE',
    ]);
  });

  it('casts text only where its form is the type’s own', () => {
    expect(buildCast('text', 'c1')).toBe('c1');
    expect(buildCast('integer', 'c1')).toBe(integerCast('c1'));
    expect(buildCast('boolean', 'c1')).toBe(
      "CASE WHEN regexp_full_match(c1, '(?i:true|false)') THEN TRY_CAST(c1 AS BOOLEAN) END",
    );
    expect(buildCast('date', 'c1')).toBe(
      "CASE WHEN regexp_full_match(c1, '[0-9]{4}-[0-9]{2}-[0-9]{2}') THEN TRY_CAST(c1 AS DATE) END",
    );
    expect(buildCast('decimal', 'c1')).toBe(
      "CASE WHEN regexp_full_match(c1, '[+-]?[0-9]{1,9}(\\.[0-9]{0,9}0*)?') THEN TRY_CAST(c1 AS DECIMAL(18,9))::DECIMAL(38,9) " +
        "WHEN regexp_full_match(c1, '[+-]?[0-9]{10,18}') THEN TRY_CAST(c1 AS BIGINT)::DECIMAL(38,9) " +
        "WHEN regexp_full_match(c1, '[+-]?[0-9]{1,29}(\\.[0-9]{0,9}0*)?') THEN TRY_CAST(c1 AS DECIMAL(38,9)) END",
    );
  });

  it('reads staged files as text by position, paths taken literally', () => {
    expect(buildReadStage(["/data/it's [1]/a*.csv"], 2)).toBe(
      "read_csv(['/data/it''s [[]1]/a[*].csv'], auto_detect = false, header = false, delim = ',', quote = '\"', " +
        "escape = '\"', new_line = '\\n', nullstr = '', allow_quoted_nulls = false, max_line_size = 33554432, " +
        "buffer_size = 33554432, columns = {'c0': 'VARCHAR', 'c1': 'VARCHAR'})",
    );
  });
});

describe('the statements of a merge into DuckDB', () => {
  const read = buildReadStage(['/s/0.csv'], 5);
  const content = { ...plan, absentColumns: [] };
  const isErased =
    '(t._deleted IS TRUE AND t._version IS NULL AND t._observed_at IS NOT NULL AND ' +
    't._observed_at IS NOT DISTINCT FROM t._state_observed_at)';

  it('loads and summarises', () => {
    expect(buildLoadStage(plan, ['/s/0.csv'])).toBe(
      `CREATE TEMP TABLE _sluice_staged AS SELECT c0 AS c0, c1 AS c1, ${integerCast('c2')} AS c2, ` +
        `${instantCast('c3')} AS c3, ${instantCast('c4')} AS c4, ${instantCast('c4')} AS state_at, ` +
        "coalesce(c2 <> '', false)::INTEGER + coalesce(c3 <> '', false)::INTEGER + coalesce(c4 <> '', false)::INTEGER AS filled " +
        `FROM ${read}`,
    );
    expect(buildSummary(plan)).toBe(
      'SELECT count(*) AS loaded, count(c0) AS keyed, count(DISTINCT c0) AS keys, count(*) - count(c4) AS unobserved, ' +
        '(coalesce(sum(filled), 0) - (count(c2) + count(c3) + count(c4)))::BIGINT AS nulled FROM _sluice_staged',
    );
  });

  it('quarantines by name, quoted as text', () => {
    expect(buildQuarantineRecords(plan)).toBe(
      'INSERT INTO "we""ird; DROP"."sync_errors" (stream, run, batch_id, record_id, column_name, reason, payload, ' +
        'source_type, column_type, observed_at, created_at) SELECT $stream, $run, $batch, r.c0, ' +
        "'id', CASE WHEN coalesce(r.c0, '') = '' THEN 'record has no key' ELSE 'key does not convert to VARCHAR' END, " +
        "json_object('id', r.c0, 'it''s; DROP', r.c1, 'visits', r.c2, '_version', r.c3, '_observed_at', r.c4), " +
        "'text', 'VARCHAR', s.c4, now() FROM _sluice_staged s JOIN _sluice_raw r ON r.rowid = s.rowid WHERE s.c0 IS NULL",
    );
    expect(buildQuarantineValues(plan, plan.columns[1]!, 2)).toBe(
      'INSERT INTO "we""ird; DROP"."sync_errors" (stream, run, batch_id, record_id, column_name, reason, payload, ' +
        "source_type, column_type, observed_at, created_at) SELECT $stream, $run, $batch, r.c0, 'visits', " +
        "'does not convert to BIGINT', r.c2, 'integer', 'BIGINT', s.c4, now() " +
        'FROM _sluice_staged s JOIN _sluice_raw r ON r.rowid = s.rowid ' +
        `WHERE coalesce(r.c2 <> '' AND ${integerCast('r.c2')} IS NULL, false)`,
    );
  });

  it('reduces duplicates by version, observation, staged order', () => {
    expect(buildDeleteDuplicates(plan)).toBe(
      'DELETE FROM _sluice_staged WHERE rowid IN (SELECT row_id FROM (SELECT rowid AS row_id, row_number() OVER ' +
        '(PARTITION BY c0 ORDER BY c3 DESC NULLS LAST, c4 DESC, rowid DESC) AS place FROM _sluice_staged) WHERE place > 1)',
    );
  });

  it('matches by key and classifies within the rows matched', () => {
    expect(buildMatch(plan, { table: '_sluice_staged', key: 'c0' })).toBe(
      'CREATE OR REPLACE TEMP TABLE _sluice_match AS SELECT s.rowid AS staged_row, t.rowid AS target_row ' +
        `FROM _sluice_staged s JOIN ${table} t ON t."id" = s.c0`,
    );
    const differs =
      't."we""ird; DROP" IS DISTINCT FROM s.c1 OR t."visits" IS DISTINCT FROM s.c2 OR t."_version" IS DISTINCT FROM s.c3';
    expect(buildClassify(content, { matched: 1, lowest: '10', highest: '20' })).toBe(
      'CREATE TEMP TABLE _sluice_verdict AS SELECT s.rowid AS staged_row, m.target_row, m.target_row IS NULL AS is_new, ' +
        'coalesce(t._deleted IS TRUE AND (t._state_observed_at IS NULL OR s.state_at > t._state_observed_at), false) AS revives, ' +
        `coalesce(m.target_row IS NOT NULL AND (${differs}) AND (t._observed_at IS NULL OR s.c3 > t._version OR (s.c3 IS NOT NULL AND t._version IS NULL) OR ` +
        '(s.c3 IS NOT DISTINCT FROM t._version AND s.c4 > t._observed_at)) ' +
        `AND NOT (${isErased} AND s.c4 <= t._observed_at), false) AS wins, ` +
        `m.target_row IS NOT NULL AND NOT (${differs}) AND t._deleted IS NOT TRUE AS is_same ` +
        'FROM _sluice_staged s LEFT JOIN _sluice_match m ON m.staged_row = s.rowid ' +
        `LEFT JOIN (SELECT *, rowid AS _sluice_row FROM ${table} WHERE rowid BETWEEN 10 AND 20) t ON t._sluice_row = m.target_row`,
    );
  });

  it('neither compares nor writes columns that were absent', () => {
    const absent = { ...plan, absentColumns: ['visits'] };
    expect(buildClassify(absent, { matched: 1, lowest: '10', highest: '20' })).not.toContain('visits');
    expect(buildUpdateContent(absent)).not.toContain('visits');
  });

  it('inserts, updates and revives', () => {
    const stamps =
      '_state_observed_at = greatest(t._state_observed_at, s.state_at), _synced_at = now(), _batch_id = $batch';
    const verdicts = 'FROM _sluice_staged s JOIN _sluice_verdict v ON v.staged_row = s.rowid';
    const insert =
      `INSERT INTO ${table} ("id", "we""ird; DROP", "visits", "_version", "_observed_at", "_state_observed_at", "_synced_at", ` +
      '"_deleted", "_batch_id") SELECT s.c0, s.c1, s.c2, s.c3, s.c4, s.state_at, now(), false, $batch FROM _sluice_staged s';
    expect(buildInsert(plan, { hasMatches: false })).toBe(insert);
    expect(buildInsert(plan, { hasMatches: true })).toBe(
      `${insert} JOIN _sluice_verdict v ON v.staged_row = s.rowid WHERE v.is_new`,
    );
    expect(buildUpdateContent(content)).toBe(
      `UPDATE ${table} t SET "we""ird; DROP" = s.c1, "visits" = s.c2, "_version" = s.c3, "_observed_at" = s.c4, ${stamps} ` +
        `${verdicts} WHERE v.wins AND t.rowid = v.target_row`,
    );
    expect(buildRevive(plan)).toBe(
      `UPDATE ${table} t SET _deleted = false, _deleted_at = NULL, _merged_into = NULL, ${stamps} ` +
        `${verdicts} WHERE v.revives AND t.rowid = v.target_row`,
    );
  });

  it('keeps tombstones, fills them in, and erases every column that the table has', () => {
    expect(buildInsertTombstones(plan)).toBe(
      `INSERT INTO ${table} ("id", _deleted, _deleted_at, _merged_into, _state_observed_at, _synced_at, _batch_id) ` +
        'SELECT id, true, coalesce(deleted_at, observed_at), merged_into, observed_at, now(), $batch ' +
        "FROM _sluice_fate WHERE fate = 'insert'",
    );
    expect(buildFlip(plan)).toBe(
      `UPDATE ${table} t SET _deleted = true, _deleted_at = coalesce(f.deleted_at, f.observed_at), ` +
        '_merged_into = coalesce(f.merged_into, t._merged_into), _state_observed_at = f.observed_at, ' +
        "_synced_at = now(), _batch_id = $batch FROM _sluice_fate f WHERE f.fate = 'flip' AND t.rowid = f.target_row",
    );
    expect(buildRefine(plan)).toBe(
      `UPDATE ${table} t SET _deleted_at = greatest(f.deleted_at, t._deleted_at), ` +
        '_merged_into = if(f.observed_at > t._state_observed_at, coalesce(f.merged_into, t._merged_into), ' +
        'coalesce(t._merged_into, f.merged_into)), ' +
        '_state_observed_at = greatest(f.observed_at, t._state_observed_at), ' +
        "_synced_at = now(), _batch_id = $batch FROM _sluice_fate f WHERE f.fate = 'refine' AND t.rowid = f.target_row",
    );
    expect(buildErase(plan, ['ID', hostile, 'of an earlier plan', '_version', '_deleted', '_batch_id'])).toBe(
      `UPDATE ${table} t SET "we""ird; DROP" = NULL, "of an earlier plan" = NULL, "_version" = NULL, ` +
        '_observed_at = greatest(f.observed_at, t._state_observed_at), ' +
        '_state_observed_at = greatest(f.observed_at, t._state_observed_at), _deleted = true, ' +
        '_deleted_at = coalesce(t._deleted_at, f.deleted_at, f.observed_at), ' +
        "_synced_at = now(), _batch_id = $batch FROM _sluice_fate f WHERE f.fate IN ('erase', 'eraseMerged') AND t.rowid = f.target_row",
    );
  });

  it('forgets what quarantine holds of erased rows', () => {
    expect(buildForgetPayloads(plan, buildErasedMatches(plan))).toBe(
      'UPDATE "we""ird; DROP"."sync_errors" SET payload = NULL WHERE stream = $stream AND payload IS NOT NULL AND record_id IN ' +
        `(SELECT t."id" FROM _sluice_match m JOIN ${table} t ON t.rowid = m.target_row WHERE ${isErased})`,
    );
  });

  it('writes associations, and ends those of records that are gone', () => {
    const links = { schema: hostile, table: 'assoc_"a"_b' };
    const quoted = '"we""ird; DROP"."assoc_""a""_b"';
    expect(buildInsertLinks(links)).toBe(
      `INSERT INTO ${quoted} (from_id, to_id, category, type_id, label, _observed_at, _synced_at, _deleted, _batch_id) ` +
        'SELECT from_id, to_id, category, type_id, label, observed_at, now(), false, $batch ' +
        "FROM _sluice_link_fate WHERE fate = 'insert'",
    );
    expect(buildUnlinkDeleted(plan, links, 'to_id')).toBe(
      `UPDATE ${quoted} a SET _deleted = true, _deleted_at = f.observed_at, _observed_at = f.observed_at, ` +
        "_synced_at = now(), _batch_id = $batch FROM _sluice_fate f WHERE f.fate IN ('insert', 'flip') " +
        'AND TRY_CAST(a.to_id AS VARCHAR) = f.id AND a._deleted IS NOT TRUE AND (a._observed_at >= f.observed_at) IS NOT TRUE',
    );
    expect(buildEraseAssociations(plan, links, 'from_id')).toBe(
      `DELETE FROM ${quoted} a USING _sluice_fate f ` +
        "WHERE f.fate IN ('erase', 'eraseMerged') AND TRY_CAST(a.from_id AS VARCHAR) = f.id",
    );
  });
});
