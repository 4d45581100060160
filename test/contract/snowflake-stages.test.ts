import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type SnowflakeConfig, snowflakeConfig } from '../../destinations/snowflake/config.ts';
import { openConnections, type Connections } from '../../destinations/snowflake/connection.ts';
import { quoteText } from '../../destinations/snowflake/identifiers.ts';
import { stageLocation } from '../../destinations/snowflake/stage-statements.ts';
import { openStages } from '../../destinations/snowflake/stages.ts';
import type { Stage } from '../../model/batch.ts';
import type { Destination } from '../../model/destination.ts';
import type { RemoteStages } from '../../model/remote-stages.ts';
import { findPython, oldestPython } from '../../simulators/snowflake/find-python.ts';
import { startSnowflakeEmulator, type SnowflakeEmulator } from '../../simulators/snowflake/start.ts';
import { bringStage } from '../support/bring-stage.ts';
import { ada, contactsPlan, stageChunk } from '../support/staged-records.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/* Where CI is set, a machine without Python fails instead: there these tests must run. */
const isSkipped = (await findPython()) === null && process.env['CI'] === undefined;
const noAbort = new AbortController().signal;

describe.skipIf(isSkipped)(`stages of an emulated Snowflake account (needs Python ${oldestPython})`, () => {
  let emulator: SnowflakeEmulator;
  let config: SnowflakeConfig;
  let connections: Connections;
  let stages: RemoteStages;
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;

  beforeAll(async () => {
    [emulator, folder] = await Promise.all([startSnowflakeEmulator(), temporaryFolder()]);
    config = snowflakeConfig.parse(emulator.destination);
    connections = openConnections(config);
    stages = openStages(config, connections);
    await connections.use(noAbort, async (session) => {
      await session.execute({ sql: 'CREATE SCHEMA IF NOT EXISTS "HUBSPOT"' });
    });
  }, 300_000);
  afterAll(async () => {
    await connections?.close();
    await emulator?.stop();
    await folder?.[Symbol.asyncDispose]();
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
    const [loaded] = await connections.use(noAbort, async (session) => {
      const columns = Array.from({ length: 9 }, (_, n) => `C${n} VARCHAR`).join(', ');
      await session.execute({ sql: `CREATE TABLE "HUBSPOT"."LOADED" (${columns})` });
      const paths = records.files.map(({ path }) => quoteText(path)).join(', ');
      return session.query({
        sql:
          `COPY INTO "HUBSPOT"."LOADED" FROM ${stageLocation(config, 'hubspot')} FILES = (${paths}) FILE_FORMAT = ` +
          `(TYPE = CSV COMPRESSION = GZIP FIELD_OPTIONALLY_ENCLOSED_BY = '"' ESCAPE_UNENCLOSED_FIELD = NONE NULL_IF = ())`,
      });
    });
    expect(loaded).toMatchObject({ status: 'LOADED', rows_loaded: '50' });
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
});
