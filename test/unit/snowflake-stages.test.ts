import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { snowflakeConfig } from '../../destinations/snowflake/config.ts';
import { openConnections } from '../../destinations/snowflake/connection.ts';
import {
  buildCreateStage,
  buildListFiles,
  buildRemoveFiles,
  stageLocation,
} from '../../destinations/snowflake/stage-statements.ts';
import { openStages } from '../../destinations/snowflake/stages.ts';
import { driverError, fakeDriver, rowsOf, type Reply } from '../support/fake-snowflake-driver.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let localPaths: readonly string[] = [];
beforeAll(async () => {
  folder = await temporaryFolder();
  localPaths = Array.from({ length: 30 }, (_, n) => join(folder.path, `${n}.csv.gz`));
  for (const path of localPaths) writeFileSync(path, 'gzip');
});
afterAll(() => folder[Symbol.asyncDispose]());

const noAbort = new AbortController().signal;
const run = { schema: 'hubspot', stream: 'crm.contacts', mode: 'backfill', run: 'run-1' };
const upload = (files: number) => ({
  schema: 'hubspot',
  directory: 'hubspot/crm.contacts/backfill/run-1/000001-a',
  paths: localPaths.slice(0, files),
});

const table = (columns: readonly string[], rows: readonly (readonly string[])[]): Reply => ({
  columns: columns.map((name) => ({ name, type: 'text' })),
  rows: () => rowsOf(rows),
});
const uploaded = (status = 'UPLOADED'): Reply => table(['status', 'sourcesize'], [[status, '4']]);
const missing = (): Reply => ({
  error: driverError(
    '002003',
    '02000',
    "SQL compilation error:\nStage 'D.HUBSPOT.SLUICE_STAGE' does not exist or not authorized.",
  ),
});

async function world(reply: (sql: string) => Reply, some: { stage?: string } = {}) {
  const config = snowflakeConfig.parse({
    kind: 'snowflake',
    account: 'org-account',
    username: 'LOADER',
    password: 'secret',
    database: 'd',
    warehouse: 'w',
    ...some,
  });
  const driver = fakeDriver(reply);
  const stages = openStages(
    config,
    openConnections(config, async () => driver),
  );
  const statements = (): string[] => driver.sent.filter((sql) => /^(PUT|LIST|REMOVE|CREATE)/.test(sql));
  return { stages, statements, driver };
}

describe('statements on a stage', () => {
  it.each([
    [undefined, /^@"HUB""SPOT"\."SLUICE_STAGE"$/],
    ['@Loads', /^@"HUB""SPOT"\."LOADS"\/[0-9a-f]{12}$/],
    ['@raw.loads', /^@"RAW"\."LOADS"\/[0-9a-f]{12}$/],
    ['@other.raw.loads', /^@"OTHER"\."RAW"\."LOADS"\/[0-9a-f]{12}$/],
  ])('find the stage %s', (stage, location) =>
    expect(stageLocation({ account: 'a', database: 'D', stage }, 'hub"spot')).toMatch(location),
  );

  it('keep to a folder of the account and database, where the stage may be of several', () => {
    const of = (account: string, database: string) =>
      stageLocation({ account, database, stage: '@other.raw.loads' }, 'hubspot');
    expect(new Set([of('a', 'D'), of('b', 'D'), of('a', 'E')]).size).toBe(3);
    expect(of('org-my_account', 'D')).toBe(of('org-my-account', 'D'));
  });

  it('quote what they are given', () => {
    expect(buildCreateStage(`o'dd"`).sql).toBe(`CREATE STAGE IF NOT EXISTS "O'DD"""."SLUICE_STAGE"`);
    expect(buildListFiles('@"S"."N"', 'a/run-1').sql).toBe(`LIST '@"S"."N"/a/run-1/'`);
    expect(buildRemoveFiles('@"S"."N"', 'a/run-1').sql).toBe(`REMOVE '@"S"."N"/a/run-1/'`);
  });
});

describe('a stage at Snowflake', () => {
  it('is made once, and takes every file by a statement of its own', async () => {
    const { stages, statements, driver } = await world((sql) => (sql.startsWith('PUT') ? uploaded() : {}));
    await stages.putFiles(upload(2), noAbort);
    await stages.putFiles(upload(1), noAbort);
    expect(statements().map((sql) => sql.split(' ', 1)[0])).toEqual(['CREATE', 'PUT', 'PUT', 'PUT']);
    const tag = '{"app":"sluice","pipeline":"crm","stream":"contacts","mode":"backfill","run":"run-1"}';
    expect([...driver.tags].filter((text) => text !== '{"app":"sluice"}')).toEqual([tag]);
  });

  it('is not made where it is, since that asks for a privilege', async () => {
    const { stages, statements, driver } = await world((sql) =>
      sql.startsWith('SHOW STAGES') ? table(['name'], [['SLUICEXSTAGE'], ['SLUICE_STAGE']]) : uploaded(),
    );
    await stages.putFiles(upload(1), noAbort);
    expect(statements().map((sql) => sql.split(' ', 1)[0])).toEqual(['PUT']);
    expect(driver.sent).toContain(`SHOW STAGES LIKE 'SLUICE_STAGE' IN SCHEMA "HUBSPOT"`);
  });

  it('is not made where config names one', async () => {
    const { stages, statements } = await world(() => uploaded('SKIPPED'), { stage: '@raw.loads' });
    await stages.putFiles(upload(1), noAbort);
    expect(statements()).toEqual([expect.stringMatching(/'@"RAW"\."LOADS"\/[0-9a-f]{12}\/hubspot\/crm\.contacts\//)]);
  });

  it('takes many files by up to four sessions, each file once', async () => {
    const { stages, statements, driver } = await world((sql) => (sql.startsWith('PUT') ? uploaded() : {}));
    await stages.putFiles(upload(30), noAbort);
    const puts = statements().filter((sql) => sql.startsWith('PUT'));
    expect([puts.length, new Set(puts).size, driver.logins.length]).toEqual([30, 30, 4]);
  });

  it('is made again where somebody has dropped it, but not one that config names', async () => {
    let isThere = true;
    const reply = (sql: string): Reply => {
      if (sql.startsWith('CREATE')) isThere = true;
      if (!sql.startsWith('PUT')) return {};
      return isThere ? uploaded() : missing();
    };
    const { stages, statements } = await world(reply);
    await stages.putFiles(upload(1), noAbort);
    isThere = false;
    await expect(stages.putFiles(upload(1), noAbort)).rejects.toMatchObject({ kind: 'Unavailable' });
    await stages.putFiles(upload(1), noAbort);
    expect(statements().filter((sql) => sql.startsWith('CREATE'))).toHaveLength(2);
    const configured = await world((sql) => (sql.startsWith('PUT') ? missing() : {}), { stage: '@raw.loads' });
    await expect(configured.stages.putFiles(upload(1), noAbort)).rejects.toMatchObject({ kind: 'SchemaConflict' });
  });

  it('that is not there holds nothing', async () => {
    const { stages, statements } = await world((sql) => (/^(LIST|REMOVE)/.test(sql) ? missing() : {}));
    await stages.removeRun(run, noAbort);
    await stages.removeOtherRuns(run, noAbort);
    expect(await stages.listRuns({ schema: 'hubspot' }, noAbort)).toEqual([]);
    expect(statements().some((sql) => sql.startsWith('CREATE'))).toBe(false);
  });

  it('sums what LIST tells of, also of a bucket, and passes over files of others', async () => {
    const at = (day: number): string => `Sun, 0${day} Nov 2026 10:00:00 GMT`;
    const of = (path: string): string => `s3://bucket/some/prefix/hubspot/${path}`;
    const { stages } = await world(() =>
      table(
        ['name', 'size', 'md5', 'last_modified'],
        [
          [of('crm.contacts/backfill/run-1/000001-a/records.csv.gz'), '10', 'x', at(1)],
          [of('crm.contacts/backfill/run-1/000002-b/records.csv.gz'), '5', 'x', at(8)],
          [of('crm.contacts/backfill/run-1/000002-b/tombstones.csv.gz'), '1', 'x', at(1)],
          ['loads/else.csv', '7', 'x', at(1)],
        ],
      ),
    );
    const { schema: _, ...staged } = run;
    expect(await stages.listRuns({ schema: 'hubspot' }, noAbort)).toEqual([
      { ...staged, sizeBytes: 16, modifiedAt: '2026-11-08T10:00:00.000Z' },
    ]);
  });
});
