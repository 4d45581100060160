import { expect, it, onTestFinished } from 'vitest';
import { openDuckDbUnderTest } from '../support/duckdb-under-test.ts';
import { counts, merged } from '../support/merged-counts.ts';
import { ada, bob, contactsPlan, frontierFrom, instant } from '../support/staged-records.ts';
import { openTestRun } from '../support/staged-run.ts';

const { stream, table } = contactsPlan;

/** The ledger, the runs and the view as release 0.1.0 made them, with one batch of a run that failed. */
const tablesOf010 = [
  'DROP VIEW {TABLE:sync_watermarks}',
  'DROP TABLE {TABLE:sync_batches}',
  'DROP TABLE {TABLE:sync_runs}',
  'CREATE TABLE {TABLE:sync_batches} (stream VARCHAR NOT NULL, generation BIGINT NOT NULL, run VARCHAR NOT NULL, ' +
    'mode VARCHAR NOT NULL, scope VARCHAR NOT NULL, sequence BIGINT NOT NULL, predecessor VARCHAR, batch_id VARCHAR NOT NULL, ' +
    'frontier_after VARCHAR NOT NULL, plan_digest VARCHAR NOT NULL, first_started_at TIMESTAMPTZ NOT NULL, ' +
    'read BIGINT NOT NULL, duplicate BIGINT NOT NULL, rejected BIGINT NOT NULL, inserted BIGINT NOT NULL, ' +
    'updated BIGINT NOT NULL, unchanged BIGINT NOT NULL, superseded BIGINT NOT NULL, nulled_values BIGINT NOT NULL, ' +
    'rounded_values BIGINT NOT NULL, requests BIGINT NOT NULL, rate_limited BIGINT NOT NULL, retried BIGINT NOT NULL, ' +
    'received_bytes BIGINT NOT NULL, watermark_fast TIMESTAMPTZ, watermark_settled TIMESTAMPTZ, committed_at TIMESTAMPTZ NOT NULL)',
  'CREATE TABLE {TABLE:sync_runs} (stream VARCHAR NOT NULL, run VARCHAR NOT NULL, mode VARCHAR NOT NULL, ' +
    'scope VARCHAR NOT NULL, status VARCHAR NOT NULL, plan VARCHAR NOT NULL, plan_digest VARCHAR NOT NULL, ' +
    'start_frontier VARCHAR NOT NULL, first_started_at TIMESTAMPTZ NOT NULL, resumed_from VARCHAR, ' +
    'start_reason VARCHAR NOT NULL, started_at TIMESTAMPTZ NOT NULL, ended_at TIMESTAMPTZ, error VARCHAR)',
  'CREATE VIEW {TABLE:sync_watermarks} AS SELECT DISTINCT stream AS source_table FROM {TABLE:sync_runs}',
  `INSERT INTO {TABLE:sync_runs} VALUES ('${stream}', 'old', 'backfill', 'whole', 'failed', '{}', 'digest', ` +
    `'${JSON.stringify(frontierFrom(1))}', '${instant(0)}', NULL, 'first', '${instant(0)}', '${instant(9)}', 'Unavailable')`,
  `INSERT INTO {TABLE:sync_batches} VALUES ('${stream}', 1, 'old', 'backfill', 'whole', 1, NULL, 'old-1', ` +
    `'${JSON.stringify(frontierFrom(7))}', 'digest', '${instant(0)}', 5, 1, 0, 4, 0, 0, 0, 0, 0, 2, 0, 0, 99, NULL, NULL, '${instant(8)}')`,
].join('; ');

it('goes on from the tables of an earlier release', async () => {
  const under = await openDuckDbUnderTest();
  onTestFinished(() => under.dispose());
  await openTestRun(under.destination, { run: 'to make a file', startedAt: instant(0) });
  await under.change(tablesOf010);
  const { signal } = new AbortController();
  expect(await under.destination.listRuns({ ...contactsPlan, limit: 5 }, signal)).toMatchObject([
    { run: 'old', totals: { read: 5, deleted: 0 }, requests: 2, receivedBytes: 99, statements: 0, idleRuns: 0 },
  ]);

  const run = await openTestRun(under.destination, { run: 'new', startedAt: instant(20) });
  expect(run.claim.previous).toMatchObject({
    record: { run: 'old', status: 'failed' },
    head: { sequence: 1, frontier: frontierFrom(7), totals: counts({ read: 5, duplicate: 1, inserted: 4 }) },
  });
  const outcome = await run.mergeRecords(
    { records: [ada, bob], tombstones: [['1', 'archived', null, null, instant(20)]] },
    { positions: { fast: instant(6), settled: instant(5) } },
  );
  expect(merged(outcome)).toMatchObject({ inserted: 2, deleted: 1 });
  const runs = await under.destination.listRuns({ ...contactsPlan, limit: 5 }, signal);
  expect(runs.map(({ run: name, totals }) => [name, totals.inserted, totals.deleted])).toEqual([
    ['new', 2, 1],
    ['old', 4, 0],
  ]);
  expect(await under.readRows({ ...table, table: 'sync_watermarks' })).toMatchObject([
    { source_table: stream, last_run: 'new', last_watermark: instant(5), rows_processed: '3' },
  ]);
});
