import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { buildCreateAssociations } from '../../destinations/snowflake/association-statements.ts';
import { buildBilledCost, buildLedgerCost, buildWarehouseUse } from '../../destinations/snowflake/cost-statements.ts';
import { buildDoubtfulUntil, buildKeepDoubtful } from '../../destinations/snowflake/doubt.ts';
import { buildCreateFence, buildTakeFence, fenceTable } from '../../destinations/snowflake/fence.ts';
import { buildHeads, readHead } from '../../destinations/snowflake/ledger.ts';
import {
  buildCreateListingTables,
  buildDropListingTables,
  listingsAmong,
  listingTables,
} from '../../destinations/snowflake/listing-tables.ts';
import { buildCloseRun, buildMarkLost } from '../../destinations/snowflake/runs.ts';
import { buildStanding } from '../../destinations/snowflake/standing.ts';
import { buildCreateTemporary } from '../../destinations/snowflake/staging-statements.ts';
import { buildState } from '../../destinations/snowflake/state.ts';
import {
  buildSystemTable,
  buildSystemViews,
  isReserved,
  systemTables,
} from '../../destinations/snowflake/system-tables.ts';
import type { Statement } from '../../destinations/snowflake/session.ts';
import { buildCreateTable } from '../../destinations/snowflake/table-statements.ts';
import type { StreamPlan } from '../../model/plan.ts';
import { contactsPlan, wholeFrontier } from '../support/staged-records.ts';

const hostile = `x"; drop table 'y\\`;
const plan: StreamPlan = { ...contactsPlan, stream: hostile, table: { schema: hostile, table: `t${hostile}` } };
const { stream, table } = plan;
const target = { stream, table };
const schema = `"X""; DROP TABLE 'Y\\"`;
const suffix = (...of: readonly string[]) => createHash('sha256').update(JSON.stringify(of)).digest('hex').slice(0, 12);

/** Without names and texts in quotes. */
const bare = ({ sql }: Statement) => sql.replaceAll(/"(?:[^"]|"")*"|'(?:[^'\\]|''|\\.)*'/g, '');

describe('statements about a stream whose names are hostile', () => {
  const present = new Set(
    ['sync_batches', 'sync_runs', fenceTable(target).table, table.table].map((name) =>
      name.replaceAll(/[a-z]/g, (letter) => letter.toUpperCase()),
    ),
  );
  const statements: Record<string, Statement> = {
    'take the fence': buildTakeFence({ ...target, taker: hostile }),
    'read the standing': buildStanding({ ...target, run: hostile, batchId: hostile }),
    'read the state': buildState(target, present)!,
    'read heads': buildHeads(target, [hostile, 'other']),
    'close a run': buildCloseRun({ ...target, run: hostile, status: 'failed', error: hostile, forgetsAccess: true }),
    'mark as lost': buildMarkLost(target, { sql: 'run = ?', binds: [hostile] }),
    'read the cost by the ledger': buildLedgerCost({ schema: hostile, streams: [hostile, 'other'], since: hostile }),
    'read the cost by the account': buildBilledCost({ schema: hostile, streams: [hostile], since: hostile }),
    'read the use of warehouses': buildWarehouseUse([hostile, 'other'], hostile),
    'look for doubt': buildDoubtfulUntil({ plan, run: hostile, seen: 'records' }),
  };
  it.each(Object.entries(statements))('%s: bind every value, and name no other schema', (_, statement) => {
    expect(bare(statement).split('?').length - 1).toBe(statement.binds?.length ?? 0);
    expect(bare(statement)).not.toMatch(/drop|['"]/i);
  });

  it('create tables that compare texts byte by byte, whatever the default of their schema', () => {
    const created = [
      buildCreateTable(table, [{ name: 'a', type: 'VARCHAR', isRequired: false }]),
      buildCreateTemporary('t', ['a VARCHAR']),
      buildCreateAssociations(plan, table),
      ...buildCreateListingTables(plan, { mode: 'reconcile', run: 'run-1' }),
      ...systemTables.map((name) => ({ sql: buildSystemTable(hostile, name) })),
    ];
    for (const { sql } of created) expect(sql).toMatch(/^CREATE .*TABLE .* DEFAULT_DDL_COLLATION = ''$/);
  });

  it('create the fence with its row, without binds', () => {
    const { sql, binds } = buildCreateFence(target);
    expect(binds).toBeUndefined();
    expect(sql).toMatch(/^CREATE TABLE IF NOT EXISTS /);
    expect(sql).toContain(
      `${schema}."SYNC_FENCE_${suffix(stream).toUpperCase()}" AS SELECT 'x"; drop table ''y\\\\'::`,
    );
  });

  it('create and drop the listing of one run', () => {
    const of = { mode: 'reconcile', run: 'run-1' } as const;
    const name = `_${suffix(stream, 'reconcile')}_${suffix('run-1')}`;
    expect(listingTables(target, of).work.table).toBe(`sync_work${name}`);
    expect(buildCreateListingTables(plan, of).map(({ sql }) => sql)).toEqual([
      expect.stringMatching(
        /^CREATE TRANSIENT TABLE IF NOT EXISTS .*"SYNC_LISTING_\w+" \(id NUMBER\(38,0\) NOT NULL, version .* DATA_RETENTION_TIME_IN_DAYS = 0 /,
      ),
      expect.stringMatching(
        /^CREATE TRANSIENT TABLE IF NOT EXISTS .*"SYNC_WORK_\w+" \(id NUMBER\(38,0\) NOT NULL, task .* DATA_RETENTION_TIME_IN_DAYS = 0 /,
      ),
    ]);
    expect(buildDropListingTables(target, of).map(({ sql }) => sql)).toEqual(
      ['LISTING', 'WORK'].map((kind) => `DROP TABLE IF EXISTS ${schema}."SYNC_${kind}${name.toUpperCase()}"`),
    );
    expect(buildKeepDoubtful({ plan, ...of }, { table: 'f', id: 'id' }).sql).toContain(
      `"SYNC_WORK${name.toUpperCase()}"`,
    );
  });

  it('find the listings of a stream and mode, of every run', () => {
    const ofRun = (run: string, mode: 'reconcile' | 'resync') =>
      listingTables(target, { mode, run }).listing.table.toUpperCase();
    const names = [ofRun('a', 'reconcile'), ofRun('b', 'reconcile'), ofRun('a', 'resync'), 'SYNC_RUNS', 'CONTACTS'];
    expect(listingsAmong(names, target, 'reconcile')).toEqual(names.slice(0, 2));
  });
});

describe('what of a stream is there', () => {
  it.each([
    [[], null],
    [['T'], /^SELECT l.live_rows FROM /],
    [['F'], /^SELECT f.generation FROM \S+ f $/],
    [['F', 'B'], /p\.settled/],
    [['F', 'R', 'T'], /l\.live_rows.*c\.plan AS compared_plan/],
  ] as const)('is all that is asked for: %j', (kinds, expected) => {
    const { stream: of, table: contacts } = contactsPlan;
    const names = {
      T: 'CONTACTS',
      F: fenceTable({ stream: of, table: contacts }).table.toUpperCase(),
      B: 'SYNC_BATCHES',
      R: 'SYNC_RUNS',
    };
    const statement = buildState({ stream: of, table: contacts }, new Set(kinds.map((kind) => names[kind])));
    if (expected === null) expect(statement).toBeNull();
    else expect(statement!.sql).toMatch(expected);
  });
});

describe('system tables', () => {
  it('keep their names to themselves', () => {
    expect(systemTables.every((name) => isReserved(name.toUpperCase()))).toBe(true);
    expect(
      ['sync_watermarks', 'sync_run_totals', 'sync_fence_a', 'sync_work_b', 'sync_listing_c'].every(isReserved),
    ).toBe(true);
    expect(['sync_jobs', 'contacts', 'sync'].some(isReserved)).toBe(false);
  });

  it('are only created where they are missing, and views keep who may read them', () => {
    for (const name of systemTables) expect(buildSystemTable('s', name)).toMatch(/^CREATE TABLE IF NOT EXISTS "S"\./);
    for (const sql of buildSystemViews('s')) expect(sql).toMatch(/^CREATE OR REPLACE VIEW "S"\.\S+ COPY GRANTS AS /);
  });
});

describe('the head of a run', () => {
  const of = { stream, table, run: 'run-1', startFrontier: wholeFrontier };

  it('is where it began, while it has committed nothing', () => {
    expect(readHead({}, of)).toMatchObject({
      sequence: 0,
      batchId: null,
      frontier: wholeFrontier,
      totals: { read: 0 },
    });
  });

  it('is refused where batches are missing in between', () => {
    expect(() => readHead({ broken: '1', head_sequence: '3' }, of)).toThrow(
      expect.objectContaining({ kind: 'StateCorrupt', message: expect.stringContaining('run-1') }),
    );
  });
});
