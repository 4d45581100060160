import { readFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { DestinationUnderTest } from '../support/destination-under-test.ts';
import { openDuckDbUnderTest } from '../support/duckdb-under-test.ts';
import { hasNoPython, needsPython, useSnowflakeAccount } from '../support/snowflake-under-test.ts';
import { ada, bob, contactsPlan, instant } from '../support/staged-records.ts';
import { openTestRun } from '../support/staged-run.ts';

const text = readFileSync(new URL('../../docs/tables.md', import.meta.url), 'utf8');
const section = /^## Questions\n([^]*?)(?=^## |$(?![^]))/m.exec(text)?.[1] ?? '';
const questions = [...section.matchAll(/```sql\n-- (.*)\n([^]*?)```/g)].map(([, title, sql]) => ({
  title: title!,
  sql: sql!,
  expectsNone: title!.includes('none expected'),
}));

/** Another copy of a row, a batch that lost a record, and a run that failed long ago. */
const sabotage =
  "INSERT INTO {TABLE:contacts} SELECT * REPLACE ('unknown' AS _batch_id) FROM {TABLE:contacts} WHERE id = 1; " +
  "UPDATE {TABLE:sync_batches} SET read = read + 1, committed_at = committed_at - INTERVAL '2 days'; " +
  "UPDATE {TABLE:sync_runs} SET status = 'failed', error = 'Unavailable: down', ended_at = ended_at - INTERVAL '2 days'; ";

it('docs/tables.md answers the questions that everybody has', () => {
  expect(questions.length).toBeGreaterThan(8);
  expect(questions.map(({ title }) => title.split(':')[0])).toEqual(
    expect.arrayContaining(['lag', 'freshness', 'failures', 'completeness']),
  );
});

it('every query of docs/tables.md answers its question in DuckDB', async () => {
  const under = await openDuckDbUnderTest();
  onTestFinished(() => under.dispose());
  await answersAll(under);
});

describe.skipIf(hasNoPython)(`an emulated account (${needsPython})`, () => {
  const open = useSnowflakeAccount();
  it('every query of docs/tables.md answers its question in Snowflake', async () => {
    const under = await open();
    onTestFinished(() => under.dispose());
    await answersAll(under);
  });
});

async function answersAll(under: DestinationUnderTest): Promise<void> {
  const startedAt = new Date().toISOString();
  const run = await openTestRun(under.destination, { run: 'run-1', startedAt });
  await run.mergeRecords([ada, { ...bob, email: ' ADA@example.com' }, { ...ada, id: '3', visits: 'x' }], {
    positions: { fast: instant(2), settled: instant(1) },
  });
  const { signal } = new AbortController();
  const { stream, table } = contactsPlan;
  await under.destination.closeRun({ stream, table, run: 'run-1', status: 'done', error: null }, signal);

  const answers = async () => {
    const asked: Record<string, number> = {};
    for (const { title, sql } of questions) asked[title] = (await under.ask(sql)).length;
    return asked;
  };
  const healthy = await answers();
  for (const { title, expectsNone } of questions) {
    const isFailure = title.startsWith('failures');
    expect(healthy[title]! > 0, title).toBe(!expectsNone && !isFailure);
  }
  await under.change(sabotage);
  const broken = await answers();
  for (const { title } of questions) expect(broken[title], title).toBeGreaterThan(0);
}
