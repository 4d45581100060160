import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { snowflakeConfig } from '../../destinations/snowflake/config.ts';
import { openConnections } from '../../destinations/snowflake/connection.ts';
import { buildPut, putFiles } from '../../destinations/snowflake/put.ts';
import { driverError, fakeDriver, type Reply, rowsOf } from '../support/fake-snowflake-driver.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice put ü'));
  for (let n = 0; n < 9; n++) writeFileSync(join(folder, `records-${n}.csv.gz`), 'x'.repeat(n + 1));
});
afterAll(() => rmSync(folder, { recursive: true }));

const paths = (count: number) => Array.from({ length: count }, (_, n) => join(folder, `records-${n}.csv.gz`));
const never = new AbortController().signal;

/** As the driver answers a PUT. */
function put(sql: string, answer: { status?: string | null; message?: string; size?: number } = {}): Reply {
  const size = answer.size ?? Number(/records-(\d)/.exec(sql)![1]) + 1;
  const columns = ['source', 'target', 'sourceSize', 'targetSize', 'status', 'message'].map((name) => ({
    name,
    type: 'text',
  }));
  const row = [
    's',
    't',
    String(size),
    '16',
    answer.status === undefined ? 'UPLOADED' : answer.status,
    answer.message ?? null,
  ];
  return { columns, rows: () => rowsOf([row]) };
}

function putting(reply: (sql: string) => Reply, request: { paths: string[]; signal?: AbortSignal }) {
  const driver = fakeDriver((sql) => (sql.startsWith('PUT') ? reply(sql) : {}));
  const config = snowflakeConfig.parse({
    kind: 'snowflake',
    account: 'a-b',
    username: 'u',
    pat: 'p',
    database: 'd',
    warehouse: 'w',
  });
  const connections = openConnections(config, async () => driver);
  onTestFinished(() => connections.close());
  const end = putFiles(
    connections,
    { location: '@"S"."SLUICE_STAGE"', directory: 'crm.contacts/backfill/r/1-1', paths: request.paths },
    request.signal ?? never,
  );
  return { end, driver, puts: () => driver.sent.filter((sql) => sql.startsWith('PUT')) };
}

describe('a PUT', () => {
  it('names file and stage in quotes, and compresses nothing again', () => {
    expect(buildPut({ location: '@"S"."IT\'S"', directory: 'a.b/c', path: '/tmp/a b/ü.csv.gz' }).sql).toBe(
      `PUT 'file:///tmp/a b/ü.csv.gz' '@"S"."IT''S"/a.b/c' AUTO_COMPRESS = FALSE SOURCE_COMPRESSION = GZIP OVERWRITE = TRUE`,
    );
  });

  it.each(["/tmp/it's/x.gz", '/tmp/a*/x.gz', '/tmp/a?/x.gz', '/tmp/"a"/x.gz', '/tmp/a\n/x.gz'])(
    'of %j is refused before anything is sent',
    (path) => {
      expect(() => buildPut({ location: '@S', directory: 'd', path })).toThrow(
        expect.objectContaining({ kind: 'ConfigInvalid', next: expect.stringContaining('dataDir') }),
      );
    },
  );
});

describe('files', () => {
  it('are put by four sessions at once, each file once', async () => {
    const { end, driver, puts } = putting((sql) => put(sql), { paths: paths(9) });
    await end;
    expect(driver.logins).toHaveLength(4);
    expect(
      puts()
        .map((sql) => /records-\d/.exec(sql)![0])
        .toSorted(),
    ).toEqual(paths(9).map((_, n) => `records-${n}`));
  });

  it('that are there already, and the same, are fine', async () => {
    await putting((sql) => put(sql, { status: 'SKIPPED' }), { paths: paths(1) }).end;
  });

  it('need no session where there are none', async () => {
    const { end, driver } = putting((sql) => put(sql), { paths: [] });
    await end;
    expect(driver.logins).toEqual([]);
  });

  it.each([
    ['a status that is none', { status: null, message: 'https://bucket/x?signature=c4n4ry' }, '(no status)'],
    ['a failure told as an answer', { status: 'ERROR', message: 'https://bucket/x?signature=c4n4ry' }, '(ERROR)'],
    ['another size', { size: 77 }, '(UPLOADED)'],
  ])('are not there with %s, and its message is not repeated', async (_, answer, text) => {
    const { end } = putting((sql) => put(sql, answer), { paths: paths(1) });
    await expect(end).rejects.toMatchObject({
      kind: 'Unavailable',
      message: `records-0.csv.gz did not reach the stage in Snowflake ${text}`,
    });
  });

  it('stop at the first that fails', async () => {
    const error = driverError('002003', '42S02', "Stage 'D.S.SLUICE_STAGE' does not exist or not authorized.");
    const { end, puts } = putting((sql) => (sql.includes('records-0') ? { error } : put(sql)), { paths: paths(9) });
    await expect(end).rejects.toMatchObject({
      kind: 'SchemaConflict',
      message: expect.stringMatching(/^Stage D\.S\.SLUICE_STAGE does not exist in Snowflake/),
    });
    expect(puts().length).toBeLessThan(9);
  });

  it('that are gone here are named', async () => {
    const { end } = putting((sql) => put(sql), { paths: [join(folder, 'gone.csv.gz')] });
    await expect(end).rejects.toMatchObject({
      kind: 'Unavailable',
      message: expect.stringMatching(/gone\.csv\.gz cannot be read \(ENOENT\)$/),
    });
  });

  it('are given up with the signal, and with its reason', async () => {
    const stop = new AbortController();
    const { end, driver } = putting(
      () => {
        setImmediate(() => stop.abort(new Error('paused')));
        return { hangs: true };
      },
      { paths: paths(9), signal: stop.signal },
    );
    await expect(end).rejects.toThrow('paused');
    expect(driver.sent).toContain('cancel');
  });
});
