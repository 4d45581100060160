import { describe, expect, it } from 'vitest';
import { adoptionText } from '../../client/adoption-text.ts';
import { doneSummary } from '../../client/run-summary.ts';
import * as duckdb from '../../destinations/duckdb/adoption.ts';
import * as snowflake from '../../destinations/snowflake/adoption.ts';
import { adoptedPositions, findStampColumn, requireAdoptable, type TableFacts } from '../../model/adoption.ts';
import { adoptionEntry } from '../../model/adoption-batch.ts';
import type { Column, ColumnType } from '../../model/column.ts';
import { comparedColumns, type StreamPlan } from '../../model/plan.ts';
import { column, contactsPlan, instant } from '../support/staged-records.ts';
import { sampleFacts, sampleResult } from '../support/sample-run.ts';

const typeOf = (sqlType: string): ColumnType | null =>
  sqlType === 'INSTANT' ? 'timestamp' : sqlType === 'TEXT' ? 'text' : sqlType === 'NUMBER' ? 'integer' : null;

describe('the column of stamps', () => {
  const named = (changed: Partial<Column>) => [
    { ...column('modified', 'timestamp'), property: 'Modified', ...changed },
  ];
  it.each<[string, Partial<StreamPlan>, Record<string, string>, object | null]>([
    [
      'of a property of the plan',
      { columns: named({}) },
      { modified: 'INSTANT' },
      { name: 'modified', type: 'timestamp' },
    ],
    ['by its name in the table', { columns: named({ name: 'm_2' }) }, { m_2: 'TEXT' }, { name: 'm_2', type: 'text' }],
    ['that config leaves out', { columns: [] }, { modified: 'INSTANT' }, { name: 'modified', type: 'timestamp' }],
    ['is none where it is hashed', { columns: named({ isHashed: true }) }, { modified: 'TEXT' }, null],
    ['is none where it holds numbers', { columns: named({}) }, { modified: 'NUMBER' }, null],
    ['is none where it is missing', { columns: named({}) }, { other: 'INSTANT' }, null],
    ['is none of a source without versions', { versionProperty: null }, { modified: 'INSTANT' }, null],
  ])('%s', (_, changed, present, expected) => {
    const plan = { ...contactsPlan, versionProperty: 'Modified', ...changed };
    expect(findStampColumn(plan, new Map(Object.entries(present)), typeOf)).toEqual(expected);
  });
});

describe('what can be adopted', () => {
  const facts: TableFacts = { rows: 3, keyed: 3, keys: 3, stampedRows: 1, newestStamp: instant(5), batches: 0 };
  it.each<[Partial<TableFacts>, string | null]>([
    [{}, null],
    [{ batches: 1 }, 'ConfigInvalid'],
    [{ rows: 0, keyed: 0, keys: 0, newestStamp: null }, 'ConfigInvalid'],
    [{ keyed: 2, keys: 2 }, 'StateCorrupt'],
    [{ keys: 2 }, 'StateCorrupt'],
    [{ stampedRows: 0, newestStamp: null }, 'ConfigInvalid'],
  ])('%j', (changed, kind) => {
    const judge = () => requireAdoptable(contactsPlan, { ...facts, ...changed });
    if (kind === null) judge();
    else expect(judge).toThrow(expect.objectContaining({ kind, next: expect.any(String) }));
  });

  it('goes on from the newest stamp less the overlap, and never from before a source can be searched', () => {
    expect(adoptedPositions(instant(5), 60_000)).toEqual({ fast: instant(4), settled: instant(4) });
    expect(adoptedPositions('1970-01-01T00:00:01.000Z', 60_000).fast).toBe('1970-01-01T00:00:01.000Z');
  });

  it('is one batch, with nothing left to read', () => {
    const request = { run: 'run-1', plan: contactsPlan, planDigest: 'd', generation: 1, firstStartedAt: instant(9) };
    const positions = adoptedPositions(instant(5), 0);
    expect(adoptionEntry({ ...request, overlapMs: 0 }, positions)).toMatchObject({
      mode: 'backfill',
      scope: 'whole',
      positions,
      batch: { batchId: 'run-1-1-adopt', sequence: 1, predecessor: null, frontierAfter: { kind: 'ids', ids: [] } },
    });
  });

  it('leaves every column to be compared', () => {
    expect(comparedColumns(null)).toBeNull();
    expect(comparedColumns(contactsPlan)).toBe(contactsPlan.columns);
    expect(comparedColumns({ ...contactsPlan, isAdopted: true })).toEqual([]);
  });
});

describe('statements over a table whose names are hostile', () => {
  const hostile = `we"ird'; DROP`;
  const plan = { table: { schema: hostile, table: hostile }, key: column(hostile, 'integer') };
  const stamp = { name: hostile, type: 'timestamp' } as const;

  it('of DuckDB', () => {
    const name = `"we""ird'; DROP"`;
    const isUsable = (version: string) => `coalesce(${version} BETWEEN $from::TIMESTAMPTZ AND $to::TIMESTAMPTZ, false)`;
    expect(duckdb.buildFillVersions(plan, stamp)).toBe(
      `UPDATE ${name}.${name} SET _version = ${name} WHERE _version IS NULL AND ${isUsable(name)}`,
    );
    expect(duckdb.buildCountRows(plan, { stamp, hasVersions: true })).toBe(
      'SELECT count(*) AS rows, count(key) AS keyed, count(DISTINCT key) AS keys, count(*) FILTER (is_stamped) AS stamped, ' +
        `max(version) FILTER (is_stamped) AS newest FROM (SELECT *, ${isUsable('version')} AS is_stamped FROM (` +
        `SELECT ${name} AS key, coalesce(_version, ${name}, NULL::TIMESTAMPTZ) AS version FROM ${name}.${name}))`,
    );
  });

  it('of Snowflake, which write nothing without their transaction', () => {
    const name = `"WE""IRD'; DROP"`;
    const fill = snowflake.buildFillVersions(plan, stamp, instant(9));
    expect(fill.sql).toBe(
      `UPDATE ${name}.${name} SET _version = ${name} WHERE _version IS NULL AND ` +
        `COALESCE(${name} BETWEEN CAST(? AS TIMESTAMP_TZ(9)) AND CAST(? AS TIMESTAMP_TZ(9)), FALSE) ` +
        'AND CURRENT_TRANSACTION() = $own_transaction',
    );
    expect(fill.binds).toEqual(['1970-01-01T00:00:01.000Z', instant(9)]);
    const count = snowflake.buildCountRows(plan, { stamp: null, hasVersions: false, sourceNow: instant(9) });
    expect(count.sql).toContain('COALESCE(NULL::TIMESTAMP_TZ(9), NULL::TIMESTAMP_TZ(9)) AS version');
    expect(count.sql.split('?').length - 1).toBe(count.binds?.length);
  });
});

describe('what a person reads of it', () => {
  const survey = {
    rows: 2_000,
    stampColumn: 'lastmodifieddate',
    stampedRows: 1_990,
    newestStamp: instant(5),
    addedColumns: ['region', '_version'],
    widenedColumns: [],
  };
  const adoption = {
    verb: 'adoption',
    stream: 'crm.contacts',
    table: contactsPlan.table,
    survey,
    positions: adoptedPositions(instant(5), 60_000),
    sourceRecords: 2_001,
  } as const;

  it('before it is done', () => {
    expect(adoptionText(adoption)).toBe(
      'crm.contacts: hubspot.contacts can be adopted; nothing was changed\n' +
        '  rows       2,000, kept as they are\n' +
        '  source     2,001 records\n' +
        '  add        region, _version\n' +
        `  versions   from lastmodifieddate, the newest ${instant(5)}\n` +
        `  positions  ${instant(4)}: incremental runs begin there\n` +
        '  reconcile  all ids, versions and columns; reads again what differs, and the 10 rows without a version\n',
    );
  });

  it('of a table that was once its own', () => {
    const own = { ...survey, stampColumn: null, stampedRows: 2_000, addedColumns: [], widenedColumns: ['visits'] };
    const text = adoptionText({ ...adoption, survey: own, sourceRecords: null });
    expect(text).toContain('  widen      visits\n  versions   as they are, the newest');
    expect(text).toContain('reads again what differs\n');
    expect(text).not.toMatch(/ {2}(add|source) /);
  });

  it.each([
    ['called', 'called: it reads again what differs from the source'],
    ['alreadyRunning', 'one was running already; next: sluice reconcile crm.contacts once it has ended'],
    ['paused', 'its schedule is paused; next: sluice reconcile crm.contacts'],
    ['failed', 'could not be called; next: sluice reconcile crm.contacts'],
  ] as const)('once it is done, and a reconciliation was %s', (reconcile, expected) => {
    const text = doneSummary(sampleFacts, sampleResult('backfill', { adopted: { reconcile } }));
    expect(text).toContain('adopted as it was; nothing was read\n');
    expect(text).toContain(`  reconcile  ${expected}\n`);
  });
});
