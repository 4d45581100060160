import { describe, expect, it } from 'vitest';
import {
  buildClassifyLinks,
  buildCreateAssociations,
  buildEraseAssociations,
  buildMergeLinks,
  buildUnlinkDeleted,
  linkStaging,
} from '../../destinations/snowflake/association-statements.ts';
import { buildCast } from '../../destinations/snowflake/column-types.ts';
import {
  buildCountCompared,
  buildFindDifferences,
  buildKeepWork,
  buildSelectWork,
} from '../../destinations/snowflake/compare-statements.ts';
import {
  buildClassify,
  buildErasedMatches,
  buildMergeContent,
} from '../../destinations/snowflake/content-statements.ts';
import { buildCountNulled, buildStagedRows, buildSummary } from '../../destinations/snowflake/load-statements.ts';
import {
  buildForgetPayloads,
  buildQuarantineRecords,
  buildQuarantineTombstones,
  buildQuarantineUnstaged,
  buildQuarantineValues,
} from '../../destinations/snowflake/quarantine-statements.ts';
import {
  buildCompareAlive,
  buildNameDifferences,
  reportStaging,
} from '../../destinations/snowflake/report-statements.ts';
import type { Statement } from '../../destinations/snowflake/session.ts';
import { buildCopy, buildCreateStaging } from '../../destinations/snowflake/staging-statements.ts';
import {
  buildAddMergedFates,
  buildClassifyTombstones,
  buildErase,
  buildMergeFates,
  tombstoneStaging,
} from '../../destinations/snowflake/tombstone-statements.ts';
import { withinTransaction } from '../../destinations/snowflake/within-transaction.ts';
import type { StreamPlan } from '../../model/plan.ts';
import type { ContentPlan } from '../../model/staged-columns.ts';
import { column, contactsPlan } from '../support/staged-records.ts';

const hostile = 'we"ird; DROP';
const plan: StreamPlan = {
  ...contactsPlan,
  table: { schema: hostile, table: "o'table" },
  key: column('id', 'text'),
  columns: [{ name: hostile, property: "it's; DROP", type: 'text' }, column('visits', 'integer')],
  listedColumns: [hostile],
};
const schema = '"WE""IRD; DROP"';
const table = `${schema}."O'TABLE"`;
const content: ContentPlan = { ...plan, absentColumns: [] };
const range = { lowest: "a'a", highest: 'zz' };
const unique = { keys: 'unique', range } as const;
const origin = { stream: 'crm.contacts', run: 'run-1', batchId: 'batch-1' };
const integer = (text: string) => buildCast('integer', text);
const instant = (text: string) => buildCast('timestamp', text);
const doubtfulUntil: Statement = { sql: '(SELECT MAX(committed_at) FROM x WHERE run <> ?)', binds: ['run-1'] };

const typed =
  `SELECT g.*, g.c0 AS v0, g.c1 AS v1, ${integer('g.c2')} AS v2, ${instant('g.c3')} AS v3, ${instant('g.c4')} AS v4 ` +
  `FROM ${schema}."_SLUICE_STAGED" g`;
const staged = `SELECT r.*, r.v4 AS state_at FROM (${typed}) r WHERE r.v0 IS NOT NULL`;

describe('loading a stage into Snowflake', () => {
  it('copies texts by position into a temporary table, and names every file', () => {
    const staging = { table: 't', fields: 2 };
    expect(buildCreateStaging(staging).sql).toBe(
      'CREATE OR REPLACE TEMPORARY TABLE t (c0 VARCHAR(134217728), c1 VARCHAR(134217728)) ' +
        "DATA_RETENTION_TIME_IN_DAYS = 0 DEFAULT_DDL_COLLATION = ''",
    );
    const copied = { location: '@"S"."SLUICE_STAGE"', paths: ["a'b/0.csv.gz", 'a/1\\.csv.gz'] };
    expect(buildCopy(staging, copied).sql).toBe(
      `COPY INTO t FROM @"S"."SLUICE_STAGE"/ FILES = ('a''b/0.csv.gz', 'a/1\\\\.csv.gz') ` +
        `FILE_FORMAT = (TYPE = CSV COMPRESSION = GZIP FIELD_DELIMITER = ',' FIELD_OPTIONALLY_ENCLOSED_BY = '"' ` +
        'ESCAPE_UNENCLOSED_FIELD = NONE EMPTY_FIELD_AS_NULL = TRUE NULL_IF = () SKIP_BYTE_ORDER_MARK = FALSE) ' +
        'ON_ERROR = ABORT_STATEMENT FORCE = TRUE',
    );
  });

  it('judges all that was loaded in one pass', () => {
    expect(buildSummary(plan).sql).toBe(
      'SELECT COUNT(*) AS loaded, COUNT(r.v0) AS keyed, COUNT(DISTINCT r.v0) AS keys, MIN(r.v0) AS lowest, MAX(r.v0) AS highest, ' +
        'COUNT_IF(r.v4 IS NULL) AS unobserved, ' +
        [2, 3, 4].map((n) => `COUNT_IF(r.v0 IS NOT NULL AND r.c${n} <> '' AND r.v${n} IS NULL) AS n${n}`).join(', ') +
        ` FROM (${typed}) r`,
    );
  });

  it('reduces keys that were staged more than once by version, observation, and then all texts', () => {
    const reduced = buildStagedRows(plan, { keys: 'repeated' });
    expect(buildStagedRows(plan, { keys: 'unique' })).toBe(staged);
    expect(reduced).toBe(
      `SELECT r.*, MAX(r.v4) OVER (PARTITION BY r.v0) AS state_at FROM (${typed}) r WHERE r.v0 IS NOT NULL ` +
        'QUALIFY ROW_NUMBER() OVER (PARTITION BY r.v0 ORDER BY r.v3 DESC NULLS LAST, r.v4 DESC, ' +
        `${[0, 1, 2, 3, 4].map((n) => `r.c${n} DESC NULLS LAST`).join(', ')}) = 1`,
    );
    expect(buildCountNulled(plan).sql).toContain(`FROM (${reduced}) s`);
  });
});

describe('merging records into Snowflake', () => {
  const isErased =
    'COALESCE(t._deleted AND t._version IS NULL AND t._observed_at IS NOT NULL AND t._observed_at = t._state_observed_at, FALSE)';
  const differs =
    't."WE""IRD; DROP" IS DISTINCT FROM s.v1 OR t."VISITS" IS DISTINCT FROM s.v2 OR t."_VERSION" IS DISTINCT FROM s.v3';
  const wins =
    '(COALESCE((t._observed_at IS NULL OR s.v3 > t._version OR (s.v3 IS NOT NULL AND t._version IS NULL) OR ' +
    '(s.v3 IS NOT DISTINCT FROM t._version AND s.v4 > t._observed_at)), FALSE) ' +
    `AND (${differs}) AND NOT COALESCE((${isErased} AND s.v4 <= t._observed_at), FALSE))`;
  const revives = 'COALESCE(t._deleted AND (t._state_observed_at IS NULL OR s.state_at > t._state_observed_at), FALSE)';
  const on = 't."ID" = s.v0 AND t."ID" BETWEEN ? AND ?';

  it('classifies within the range of the staged keys', () => {
    expect(buildClassify(content, unique)).toEqual({
      sql:
        'SELECT COUNT(*) AS compared, COUNT_IF(is_new) AS inserted, COUNT_IF(wins OR revives) AS updated, ' +
        'COUNT_IF(is_same) AS unchanged, COUNT_IF(revives) AS revived, ' +
        'COUNT_IF(NOT (is_new OR wins OR revives OR is_same)) AS superseded, COUNT_IF(is_erased) AS erased FROM (' +
        `SELECT NOT (t."ID" IS NOT NULL) AS is_new, t."ID" IS NOT NULL AND ${wins} AS wins, ` +
        `t."ID" IS NOT NULL AND ${revives} AS revives, ` +
        `t."ID" IS NOT NULL AND NOT (${differs}) AND NOT COALESCE(t._deleted, FALSE) AS is_same, ${isErased} AS is_erased ` +
        `FROM (${staged}) s LEFT JOIN ${table} t ON ${on})`,
      binds: ["a'a", 'zz'],
    });
  });

  it('writes by the conditions that classified, naming every column', () => {
    const revived = [
      `_deleted = IFF(${revives}, FALSE, t._deleted)`,
      `_deleted_at = IFF(${revives}, NULL, t._deleted_at)`,
      `_merged_into = IFF(${revives}, NULL, t._merged_into)`,
    ].join(', ');
    const stamps =
      '_state_observed_at = COALESCE(GREATEST(t._state_observed_at, s.state_at), t._state_observed_at, s.state_at), ' +
      '_synced_at = CURRENT_TIMESTAMP(), _batch_id = ?';
    expect(buildMergeContent(content, unique, 'batch-1')).toEqual({
      sql:
        `MERGE INTO ${table} t USING (SELECT * FROM (${staged}) WHERE ${withinTransaction}) s ON ${on} ` +
        `WHEN MATCHED AND ${wins} THEN UPDATE SET "WE""IRD; DROP" = s.v1, "VISITS" = s.v2, "_VERSION" = s.v3, ` +
        `"_OBSERVED_AT" = s.v4, ${revived}, ${stamps} WHEN MATCHED AND ${revives} THEN UPDATE SET ${revived}, ${stamps} ` +
        'WHEN NOT MATCHED THEN INSERT ("ID", "WE""IRD; DROP", "VISITS", "_VERSION", "_OBSERVED_AT", "_STATE_OBSERVED_AT", ' +
        '"_SYNCED_AT", "_DELETED", "_BATCH_ID") VALUES (s.v0, s.v1, s.v2, s.v3, s.v4, s.state_at, CURRENT_TIMESTAMP(), FALSE, ?)',
      binds: ["a'a", 'zz', 'batch-1', 'batch-1', 'batch-1'],
    });
  });

  it('casts the bounds of keys that are not texts', () => {
    const typedKey = { ...content, key: column('id', 'integer') };
    expect(buildErasedMatches(typedKey, unique).sql).toContain(
      't."ID" BETWEEN CAST(? AS NUMBER(38,0)) AND CAST(? AS NUMBER(38,0))',
    );
  });

  it('neither compares nor writes over columns that were absent', () => {
    const absent: ContentPlan = { ...plan, absentColumns: ['visits'] };
    expect(buildClassify(absent, unique).sql).not.toContain('"VISITS"');
    const [updates, inserts] = buildMergeContent(absent, unique, 'b').sql.split('WHEN NOT MATCHED');
    expect(updates).not.toContain('"VISITS"');
    expect(inserts).toContain('"VISITS"');
  });
});

describe('quarantine in Snowflake', () => {
  const kept =
    `INSERT INTO ${schema}."SYNC_ERRORS" (stream, run, batch_id, record_id, column_name, reason, payload, source_type, ` +
    'column_type, observed_at, created_at) SELECT ?, ?, ?, q.record_id, q.column_name, q.reason, q.payload, q.source_type, ' +
    'q.column_type, q.observed_at, CURRENT_TIMESTAMP() FROM ';

  it('keeps records whole by property, quoted as text', () => {
    expect(buildQuarantineRecords(plan, origin)).toEqual({
      sql:
        `${kept}(SELECT r.c0 AS record_id, 'id' AS column_name, IFF(COALESCE(r.c0, '') = '', 'record has no key', ` +
        "'key does not convert to VARCHAR(134217728)') AS reason, TO_JSON(OBJECT_CONSTRUCT_KEEP_NULL('id', r.c0, " +
        "'it''s; DROP', r.c1, 'visits', r.c2, '_version', r.c3, '_observed_at', r.c4)) AS payload, 'text' AS source_type, " +
        `'VARCHAR(134217728)' AS column_type, r.v4 AS observed_at FROM (${typed}) r WHERE r.v0 IS NULL) q WHERE ${withinTransaction}`,
      binds: ['crm.contacts', 'run-1', 'batch-1'],
    });
  });

  it('keeps the values of all columns that have such by one statement', () => {
    const nulled = [2, 3].map((position) => ({
      column: { ...column('visits', 'integer'), name: `v'${position}` },
      position,
    }));
    const { sql, binds } = buildQuarantineValues(plan, origin, { staged: { keys: 'unique' }, nulled });
    const select = (n: number) =>
      `SELECT s.c0 AS record_id, 'v''${n}' AS column_name, 'does not convert to NUMBER(38,0)' AS reason, s.c${n} AS payload, ` +
      `'integer' AS source_type, 'NUMBER(38,0)' AS column_type, s.v4 AS observed_at FROM staged s ` +
      `WHERE s.c${n} <> '' AND s.v${n} IS NULL`;
    expect(sql).toBe(
      `${kept}(WITH staged AS (${staged}) ${select(2)} UNION ALL ${select(3)}) q WHERE ${withinTransaction}`,
    );
    expect(binds).toEqual(['crm.contacts', 'run-1', 'batch-1']);
  });

  it('tells of values that were not staged, without them', () => {
    expect(buildQuarantineUnstaged(plan, origin).sql).toBe(
      `${kept}(SELECT g.c0 AS record_id, g.c1 AS column_name, MAX(g.c3) AS reason, CAST(NULL AS VARCHAR) AS payload, ` +
        "MAX(g.c2) AS source_type, CASE MAX(g.c2) WHEN 'text' THEN 'VARCHAR(134217728)' WHEN 'integer' THEN 'NUMBER(38,0)' " +
        "WHEN 'decimal' THEN 'NUMBER(38,9)' WHEN 'boolean' THEN 'BOOLEAN' WHEN 'date' THEN 'DATE' " +
        `WHEN 'timestamp' THEN 'TIMESTAMP_TZ(9)' WHEN 'json' THEN 'VARIANT' END AS column_type, MAX(${instant('g.c4')}) AS observed_at ` +
        `FROM ${schema}."_SLUICE_UNSTAGED" g GROUP BY g.c0, g.c1) q WHERE ${withinTransaction}`,
    );
  });

  it('keeps tombstones, and forgets what it holds of erased rows', () => {
    expect(buildQuarantineTombstones(plan, origin, tombstoneStaging(plan)).sql).toMatch(
      /FROM "WE""IRD; DROP"\."_SLUICE_TOMBSTONES" g WHERE g\.c0 IS NULL\) q WHERE /,
    );
    expect(buildForgetPayloads(plan, { sql: 'SELECT 1 WHERE ?', binds: ['x'] })).toEqual({
      sql:
        `UPDATE ${schema}."SYNC_ERRORS" SET payload = NULL WHERE stream = ? AND ${withinTransaction} AND payload IS NOT NULL ` +
        'AND record_id IN (SELECT 1 WHERE ?)',
      binds: ['crm.contacts', 'x'],
    });
  });
});

describe('tombstones in Snowflake', () => {
  const fates = `${schema}."_SLUICE_FATE"`;

  it('binds what the doubt and the range take, in the order of the text', () => {
    const classify = { range, merges: 'none', records: { keys: 'unique' }, doubtfulUntil } as const;
    const { sql, binds } = buildClassifyTombstones({ ...plan, onVanished: 'erase' }, classify);
    expect(binds).toEqual(['run-1', "a'a", 'zz']);
    expect(sql).toMatch(/^INSERT INTO "WE""IRD; DROP"\."_SLUICE_FATE" \(id, kind, deleted_at, /);
    expect(sql).toContain(
      `CROSS JOIN (SELECT ${doubtfulUntil.sql} AS doubtful_until) d LEFT JOIN ${table} t ON t."ID" = g.id`,
    );
    expect(sql).toContain(`LEFT JOIN (${staged}) s ON s.v0 = g.id`);
    expect(sql).not.toContain('m._merged_into');
    expect(buildClassifyTombstones(plan, { ...classify, merges: 'some', records: null }).sql).toContain(
      `LEFT JOIN ${table} m ON m."ID" = r.merged_into AND m._deleted AND m._merged_into <> TO_VARCHAR(r.id)`,
    );
  });

  it('are written by one MERGE', () => {
    const stamps = '_synced_at = CURRENT_TIMESTAMP(), _batch_id = ?';
    expect(buildMergeFates(plan, range, 'batch-1')).toEqual({
      sql:
        `MERGE INTO ${table} t USING (SELECT * FROM ${fates} WHERE fate IN ('insert', 'flip', 'refine') AND ${withinTransaction}) f ` +
        `ON t."ID" = f.id AND t."ID" BETWEEN ? AND ? WHEN MATCHED AND f.fate = 'flip' THEN UPDATE SET _deleted = TRUE, ` +
        '_deleted_at = COALESCE(f.deleted_at, f.observed_at), _merged_into = COALESCE(f.merged_into, t._merged_into), ' +
        `_state_observed_at = f.observed_at, ${stamps} WHEN MATCHED AND f.fate = 'refine' THEN UPDATE SET ` +
        '_deleted_at = COALESCE(GREATEST(f.deleted_at, t._deleted_at), f.deleted_at, t._deleted_at), ' +
        '_merged_into = IFF(f.observed_at > t._state_observed_at, COALESCE(f.merged_into, t._merged_into), ' +
        'COALESCE(t._merged_into, f.merged_into)), _state_observed_at = ' +
        'COALESCE(GREATEST(f.observed_at, t._state_observed_at), f.observed_at, t._state_observed_at), ' +
        `${stamps} WHEN NOT MATCHED AND f.fate = 'insert' THEN INSERT ("ID", _deleted, _deleted_at, _merged_into, ` +
        '_state_observed_at, _synced_at, _batch_id) VALUES (f.id, TRUE, COALESCE(f.deleted_at, f.observed_at), ' +
        'f.merged_into, f.observed_at, CURRENT_TIMESTAMP(), ?)',
      binds: ["a'a", 'zz', 'batch-1', 'batch-1', 'batch-1'],
    });
  });

  it('erase every column that the table has, and what was merged into the row', () => {
    const { sql, binds } = buildErase(plan, ['ID', hostile, 'of an earlier plan', '_version', '_deleted'], 'batch-1');
    expect(sql).toContain(
      'WHEN MATCHED THEN UPDATE SET "WE""IRD; DROP" = NULL, "OF AN EARLIER PLAN" = NULL, "_VERSION" = NULL, _observed_at = ',
    );
    expect(sql).not.toContain('"ID" = NULL');
    expect(binds).toEqual(['batch-1']);
    expect(buildAddMergedFates(plan).sql).toContain(`JOIN ${fates} f ON t._merged_into = TO_VARCHAR(f.id)`);
  });
});

describe('associations in Snowflake', () => {
  const links = { schema: hostile, table: 'assoc_"a"_b' };
  const quoted = `${schema}."ASSOC_""A""_B"`;
  const staging = linkStaging(plan, 0);

  it('are created by the type of the key, and compared within the range of their records', () => {
    expect(buildCreateAssociations(plan, links).sql).toMatch(
      /^CREATE TABLE IF NOT EXISTS "WE""IRD; DROP"\."ASSOC_""A""_B" \(from_id VARCHAR\(134217728\) NOT NULL/,
    );
    const ends = [
      { table: { schema: hostile, table: 'b' }, keyType: 'integer' as const },
      { table: { schema: hostile, table: 'c' }, keyType: 'text' as const },
    ];
    const { sql, binds } = buildClassifyLinks(plan, staging, { table: links, ends, range, doubtfulUntil });
    expect(binds).toEqual(["a'a", 'zz', 'run-1']);
    expect(sql).toContain(`LEFT JOIN ${schema}."B" d0 ON TO_VARCHAR(d0."ID") = l.to_id`);
    expect(sql).toContain(`LEFT JOIN ${schema}."C" d1 ON d1."ID" = l.to_id`);
    expect(sql).toContain(`FROM ${quoted} a JOIN heads h ON h.from_id = a.from_id WHERE a.from_id BETWEEN ? AND ?`);
  });

  it('are written only where nobody has seen more since', () => {
    const { sql, binds } = buildMergeLinks(plan, staging, { table: links, range, batchId: 'batch-1' });
    expect(binds).toEqual(["a'a", 'zz', 'batch-1', 'batch-1', 'batch-1']);
    expect(sql).toContain(`MERGE INTO ${quoted} a USING (SELECT * FROM ${schema}."_SLUICE_LINK_FATE_0" `);
    expect(sql).toContain("WHEN MATCHED AND f.fate = 'update' AND f.observed_at > a._observed_at THEN");
    expect(sql).toContain(
      "WHEN MATCHED AND f.fate = 'remove' AND NOT COALESCE(a._deleted, FALSE) AND f.read_at > a._observed_at THEN",
    );
  });

  it('end with the records at either end, whatever type those have there', () => {
    const end = { table: links, end: 'to_id', type: 'integer' } as const;
    expect(buildUnlinkDeleted(plan, end, 'batch-1').sql).toContain(
      ') f ON TO_VARCHAR(a.to_id) = f.id WHEN MATCHED AND ',
    );
    expect(buildEraseAssociations({ ...plan, key: column('id', 'integer') }, { ...end, type: 'text' }).sql).toBe(
      `DELETE FROM ${quoted} WHERE ${integer('TO_VARCHAR(to_id)')} IN ` +
        `(SELECT f.id FROM ${schema}."_SLUICE_FATE" f WHERE f.fate IN ('erase', 'eraseMerged')) AND ${withinTransaction}`,
    );
  });
});

describe('comparing in Snowflake', () => {
  const target = { stream: plan.stream, table: plan.table, run: 'run-1', mode: 'reconcile' } as const;
  const sought = { ...target, plan, restorableSince: '2024-01-01', firstStartedAt: '2024-01-02' };

  it.each([
    { looksFor: 'all', binds: ['2024-01-01', '2024-01-02', '2024-01-02'] },
    { looksFor: 'vanished', binds: ['2024-01-02', '2024-01-02'] },
    { looksFor: 'restored', binds: ['2024-01-01'] },
  ] as const)('binds an instant for each question: $looksFor', ({ looksFor, binds }) => {
    const statement = buildFindDifferences({ ...sought, looksFor }, plan);
    expect(statement.binds).toEqual(binds);
    expect(statement.sql.split('?')).toHaveLength(binds.length + 1);
    expect(statement.sql.includes('l.v0 IS DISTINCT FROM t."WE""IRD; DROP"')).toBe(looksFor === 'all');
  });

  it('widens what was listed to the type that the column has by now', () => {
    const listed = { ...plan, listedColumns: ['visits'] };
    const current = { columns: plan.columns.map((one) => ({ ...one, type: 'text' as const })) };
    expect(buildFindDifferences({ ...sought, plan: listed, looksFor: 'all' }, current).sql).toContain(
      'TO_VARCHAR(l.v0) IS DISTINCT FROM t."VISITS"',
    );
  });

  it('keeps work of the run’s own, and hands it out in the order of the key', () => {
    const [clear, keep] = buildKeepWork(target);
    const work = /^DELETE FROM ("WE""IRD; DROP"\."SYNC_WORK_[0-9A-F]{12}_[0-9A-F]{12}") WHERE /.exec(clear!.sql)![1]!;
    expect(keep!.sql).toContain(`INSERT INTO ${work} (id, task, reason)`);
    expect(buildCountCompared(target).sql).toContain(`FROM ${work}`);
    const page = { task: 'repair', from: { after: "a'", keyType: 'text' }, limit: 5 } as const;
    expect(buildSelectWork(target, page)).toEqual({
      sql: `SELECT TO_VARCHAR(id) AS id_text FROM ${work} WHERE task = ? AND id > ? ORDER BY id LIMIT 5`,
      binds: ['repair', "a'"],
    });
    expect(
      buildSelectWork(target, { ...page, from: { after: '12345678901234567890', keyType: 'integer' } }).sql,
    ).toContain('AND id > CAST(? AS NUMBER(38,0)) ORDER BY id');
    expect(buildSelectWork(target, { ...page, from: null, limit: null })).toEqual({
      sql: `SELECT TO_VARCHAR(id) AS id_text FROM ${work} WHERE task = ? ORDER BY id`,
      binds: ['repair'],
    });
  });

  it('reports in one statement what differs, by names in quotes', () => {
    const staging = reportStaging(plan);
    const asked = { listedSince: '2024-01-01', maxIds: 10, absentColumns: ['visits'] };
    const { sql, binds } = buildNameDifferences(plan, staging, asked);
    expect(binds).toEqual(['2024-01-01', '2024-01-01']);
    expect(sql).toContain('(FALSE OR t."WE""IRD; DROP" IS DISTINCT FROM s.v1)');
    expect(sql).toContain('WHERE n.place <= 10 ORDER BY n.kind, n.place');
    const compared = buildCompareAlive(plan, staging, asked);
    expect(compared.sql.match(/CAST\(\? AS TIMESTAMP_TZ\(9\)\)/g)).toHaveLength(compared.binds!.length);
  });
});
