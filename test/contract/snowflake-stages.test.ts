import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { checkAccount } from '../../destinations/snowflake/check.ts';
import { snowflakeConfig } from '../../destinations/snowflake/config.ts';
import { openConnections, type Connections } from '../../destinations/snowflake/connection.ts';
import { quoteText } from '../../destinations/snowflake/identifiers.ts';
import { stageLocation } from '../../destinations/snowflake/stage-statements.ts';
import { loadStaging } from '../../destinations/snowflake/staging.ts';
import { openStages } from '../../destinations/snowflake/stages.ts';
import type { Stage } from '../../model/batch.ts';
import type { Destination } from '../../model/destination.ts';
import type { RemoteStages } from '../../model/remote-stages.ts';
import { findPython, oldestPython } from '../../simulators/snowflake/find-python.ts';
import type { EmulatorSettings, Fault } from '../../simulators/snowflake/control.ts';
import { startSnowflakeEmulator, type SnowflakeEmulator } from '../../simulators/snowflake/start.ts';
import { bringStage } from '../support/bring-stage.ts';
import { ada, contactsPlan, stageChunk } from '../support/staged-records.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/* Where CI is set, a machine without Python fails instead: there these tests must run. */
const isSkipped = (await findPython()) === null && process.env['CI'] === undefined;
const noAbort = new AbortController().signal;

let emulator: SnowflakeEmulator;
let connections: Connections;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeAll(async () => {
  if (isSkipped) return;
  [emulator, folder] = await Promise.all([startSnowflakeEmulator(), temporaryFolder()]);
  connections = openConnections(snowflakeConfig.parse(emulator.destination));
  vi.stubEnv('AWS_ENDPOINT_URL_S3', emulator.s3Url);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'emulated');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'emulated');
  await connections.use(noAbort, async (session) => {
    await session.execute({ sql: 'CREATE SCHEMA IF NOT EXISTS "HUBSPOT"' });
    await session.execute({ sql: `CREATE STAGE "HUBSPOT"."LAKE" URL = 's3://lake/some/prefix/'` });
  });
}, 300_000);
afterAll(async () => {
  vi.unstubAllEnvs();
  await connections?.close();
  await emulator?.stop();
  await folder?.[Symbol.asyncDispose]();
});

const configOf = (stage: string | undefined) => snowflakeConfig.parse({ ...emulator.destination, stage });

const kinds = [
  { kind: 'internal', stage: undefined, begins: /^sluice_stage\/hubspot\// },
  { kind: 'external', stage: '@lake', begins: /^s3:\/\/lake\/some\/prefix\/[0-9a-f]{12}\/hubspot\// },
] as const;

describe.skipIf(isSkipped).each(kinds)(
  `$kind stages (needs Python ${oldestPython})`,
  ({ kind, stage: named, begins }) => {
    let stages: RemoteStages;
    beforeAll(() => {
      stages = openStages(configOf(named), connections);
    });
    const run = (name: string) => ({ schema: 'hubspot', stream: 'crm.contacts', mode: 'backfill', run: name });
    const bring = async (name: string): Promise<Stage> => {
      const people = Array.from({ length: 50 }, (_, n) => ({ ...ada, id: String(n), email: `"${n}",\\N\n` }));
      const stage = await stageChunk(contactsPlan, { records: people }, { root: folder.path, fileCount: 2 });
      return bringStage({ stages } as Destination, stage, run(name));
    };
    const runs = async () =>
      (await stages.listRuns({ schema: 'hubspot' }, noAbort)).map((staged) => staged.run).toSorted();

    it('hold nothing before the first upload, and then what COPY finds by the paths of the stage', async () => {
      await stages.removeOtherRuns(run('run-1'), noAbort);
      expect(await runs()).toEqual([]);
      const { records } = await bring('run-1');
      expect(await runs()).toEqual(['run-1']);
      const { uploads } = await emulator.control.log();
      expect(uploads.filter(({ path }) => begins.test(path))).toHaveLength(records.files.length);
      const [loaded] = await connections.use(noAbort, async (session) => {
        const columns = Array.from({ length: 9 }, (_, n) => `C${n} VARCHAR`).join(', ');
        await session.execute({ sql: `CREATE TABLE "HUBSPOT"."LOADED_${kind}" (${columns})` });
        const paths = records.files.map(({ path }) => quoteText(path)).join(', ');
        return session.query({
          sql:
            `COPY INTO "HUBSPOT"."LOADED_${kind}" FROM ${stageLocation(configOf(named), 'hubspot')}/ FILES = (${paths}) FILE_FORMAT = ` +
            `(TYPE = CSV COMPRESSION = GZIP FIELD_OPTIONALLY_ENCLOSED_BY = '"' ESCAPE_UNENCLOSED_FIELD = NONE NULL_IF = ())`,
        });
      });
      expect(loaded).toMatchObject({ status: 'LOADED', rows_loaded: '50' });
    });

    it('tell a merge that a file is gone', async () => {
      const { records } = await bring('run-1');
      const staging = { table: '"HUBSPOT"."_gone"', fields: 9 };
      const load = () =>
        connections.use(noAbort, (session) =>
          loadStaging(session, staging, { location: stageLocation(configOf(named), 'hubspot'), part: records }),
        );
      expect(await load()).toBe(true);
      await stages.removeRun(run('run-1'), noAbort);
      expect(await load()).toBe(false);
    });

    it('lose the run that is named, and no run whose name begins like it', async () => {
      for (const name of ['run-1', 'run-10', 'run-2']) await bring(name);
      await stages.removeRun(run('run-1'), noAbort);
      await stages.removeRun(run('run-1'), noAbort);
      expect(await runs()).toEqual(['run-10', 'run-2']);
      await stages.removeOtherRuns(run('run-2'), noAbort);
      expect(await runs()).toEqual(['run-2']);
      await stages.removeOtherRuns({ ...run('run-3'), stream: 'crm.contact' }, noAbort);
      expect(await runs()).toEqual(['run-2']);
    });
  },
);

describe.skipIf(isSkipped)(`an external stage (needs Python ${oldestPython})`, () => {
  const upload = async () => {
    const { records } = await stageChunk(contactsPlan, { records: [ada] }, { root: folder.path, fileCount: 1 });
    return { schema: 'hubspot', directory: 'hubspot/s/backfill/run/1-a', paths: records.files.map(({ path }) => path) };
  };
  const put = async (stage = '@lake') => openStages(configOf(stage), connections).putFiles(await upload(), noAbort);
  const check = (stage = '@lake') =>
    checkAccount(
      connections,
      snowflakeConfig.parse({ ...emulator.destination, stage }),
      { schemas: ['hubspot'], incrementalGapsMs: [] },
      noAbort,
    );

  const refusals: readonly (readonly [string, Fault | EmulatorSettings, string, RegExp])[] = [
    [
      'no access',
      { target: 'upload', times: 2, error: { code: 'AccessDenied' } },
      'ConfigInvalid',
      /s3:PutObject on s3:\/\/lake\/some\/prefix\//,
    ],
    [
      'an expired token',
      { target: 'upload', times: 2, status: 400, error: { code: 'ExpiredToken' } },
      'AuthRejected',
      /bucket lake/,
    ],
    [
      'another region',
      { target: 'upload', times: 2, status: 400, error: { code: 'AuthorizationHeaderMalformed' } },
      'ConfigInvalid',
      /another region/,
    ],
    ['no bucket', { buckets: ['other'] }, 'ConfigInvalid', /^bucket lake does not exist$/],
  ];
  it.each(refusals)('tells of %s, when it is checked as when a file is put', async (_, cause, kind, message) => {
    await ('target' in cause
      ? emulator.control.addFault(cause)
      : emulator.control.configure(cause as EmulatorSettings));
    try {
      await expect(put()).rejects.toMatchObject({ kind, message: expect.stringMatching(message) });
      expect((await check()).at(-1)).toMatchObject({ status: 'failed', text: expect.stringMatching(message) });
    } finally {
      await emulator.control.removeFaults();
      await emulator.control.configure({ buckets: [] });
    }
  });

  it('tells of credentials that are not there', async () => {
    const unset = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'];
    for (const name of unset) vi.stubEnv(name, undefined);
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
    vi.stubEnv('AWS_CONFIG_FILE', '/dev/null');
    vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/dev/null');
    try {
      await expect(put()).rejects.toMatchObject({
        kind: 'AuthRejected',
        message: expect.stringContaining('no AWS credentials'),
      });
    } finally {
      for (const name of unset) vi.stubEnv(name, 'emulated');
    }
  });

  it('that may be written to is found so without a file being left', async () => {
    await emulator.control.resetLog();
    expect((await check()).slice(-2)).toMatchObject([
      { status: 'ok', subject: 'stage @lake' },
      { status: 'ok', subject: 'bucket lake' },
    ]);
    const { uploads, statements } = await emulator.control.log();
    expect([uploads, statements.filter(({ needsWarehouse }) => needsWarehouse)]).toEqual([[], []]);
  });

  it('whose bucket is not the one that files are put into is told by what it shows', async () => {
    await emulator.control.addFault({ match: '^LIST', answer: { columns: ['name', 'size'], rows: [] } });
    await expect(put()).rejects.toMatchObject({ kind: 'ConfigInvalid', message: expect.stringContaining('not there') });
  });

  it('takes no file by PUT', async () => {
    const sql = `PUT 'file:///records.csv.gz' '${stageLocation(configOf('@lake'), 'hubspot')}/folder/'`;
    await expect(connections.use(noAbort, (session) => session.query({ sql }))).rejects.toMatchObject({
      kind: 'ConfigInvalid',
      message: expect.stringContaining('external'),
    });
  });

  it('is tried again after a failure of a moment', async () => {
    await emulator.control.addFault({ target: 'upload', times: 1, status: 503, error: { code: 'SlowDown' } });
    await put();
  });
});
