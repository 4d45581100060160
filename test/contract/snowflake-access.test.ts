import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { checkAccount } from '../../destinations/snowflake/check.ts';
import { type SnowflakeConfig, snowflakeConfig } from '../../destinations/snowflake/config.ts';
import { type Connections, openConnections } from '../../destinations/snowflake/connection.ts';
import { putFiles } from '../../destinations/snowflake/put.ts';
import { findPython, oldestPython } from '../../simulators/snowflake/find-python.ts';
import { startSnowflakeEmulator, type SnowflakeEmulator } from '../../simulators/snowflake/start.ts';

/* Where CI is set, a machine without Python fails instead: there these tests must run. */
const isSkipped = (await findPython()) === null && process.env['CI'] === undefined;

const never = new AbortController().signal;
const keys = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'c4n4ry-phrase' },
  publicKeyEncoding: { format: 'pem', type: 'spki' },
});
const otherKey = generateKeyPairSync('rsa', { modulusLength: 2048 })
  .privateKey.export({ format: 'pem', type: 'pkcs8' })
  .toString();

const grants = [
  { privilege: 'USAGE', grantedOn: 'WAREHOUSE', name: 'LOADING' },
  { privilege: 'USAGE', grantedOn: 'DATABASE', name: 'SLUICE' },
  ...['USAGE', 'CREATE TABLE', 'CREATE VIEW', 'CREATE STAGE'].map((privilege) => ({
    privilege,
    grantedOn: 'SCHEMA',
    name: 'SLUICE.PUBLIC',
  })),
].map((grant) => ({ ...grant, role: 'LOADER' }));

describe.skipIf(isSkipped)(`an emulated Snowflake account (needs Python ${oldestPython})`, () => {
  let emulator: SnowflakeEmulator;
  let folder = '';
  const open: Connections[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sluice stage ü'));
    emulator = await startSnowflakeEmulator({
      settings: {
        users: [
          { name: 'SLUICE', publicKey: keys.publicKey, pat: 'c4n4ry-pat', password: 'c4n4ry-password' },
          { name: 'TOKENS', oauthToken: 'c4n4ry-token-2' },
          { name: 'PERSON', password: 'c4n4ry-password', mfa: true },
          { name: 'FAR', pat: 'c4n4ry-far', refuse: '390422' },
        ],
        roles: ['LOADER'],
        warehouses: [{ name: 'LOADING', size: 'Small', autoSuspend: 600, state: 'SUSPENDED' }],
        grants,
      },
    });
  }, 300_000);
  afterEach(async () => {
    await emulator.control.removeFaults();
    await Promise.all(open.splice(0).map((connections) => connections.close()));
  });
  afterAll(async () => {
    await emulator?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const keyPair = { privateKey: keys.privateKey, privateKeyPassphrase: 'c4n4ry-phrase' };

  function connect(options: Partial<SnowflakeConfig> = keyPair) {
    const config = snowflakeConfig.parse({
      kind: 'snowflake',
      account: 'emulated',
      accessUrl: emulator.url,
      username: 'SLUICE',
      database: 'sluice',
      warehouse: 'loading',
      role: 'loader',
      ...options,
    });
    const connections = openConnections(config);
    open.push(connections);
    const check = async (schemas = ['public']) => {
      const findings = await checkAccount(connections, config, { schemas, incrementalGapsMs: [120_000] }, never);
      expect(JSON.stringify(findings)).not.toContain('c4n4ry');
      return findings;
    };
    return { connections, check };
  }

  it.each<[string, Partial<SnowflakeConfig>]>([
    ['an encrypted key', keyPair],
    ['a programmatic access token', { pat: 'c4n4ry-pat' }],
    ['an OAuth token', { username: 'TOKENS', token: 'c4n4ry-token-2' }],
    ['a password', { password: 'c4n4ry-password' }],
  ])('lets in by %s', async (_, credential) => {
    const [row] = await connect(credential).connections.use(never, (session) =>
      session.query({ sql: 'SELECT CURRENT_ROLE() AS role, ? :: NUMBER(38,0) AS n', binds: ['12345678901234567890'] }),
    );
    expect(row).toEqual({ role: 'LOADER', n: '12345678901234567890' });
  });

  it.each<[string, Partial<SnowflakeConfig>, 'auth' | 'config' | 'unreachable', RegExp]>([
    ['another key', { privateKey: otherKey }, 'auth', /: the key is not the one this user has/],
    ['a key of another form', { privateKey: 'ssh-rsa AAAA' }, 'config', /^privateKey is no key in PEM form$/],
    ['a wrong password', { password: 'c4n4ry' }, 'auth', /: the user or the password is wrong$/],
    ['a wrong token', { token: 'c4n4ry' }, 'auth', /: the OAuth token is not valid$/],
    ['a user with a second factor', { username: 'PERSON', password: 'c4n4ry-password' }, 'auth', /a second factor/],
    ['an address that is not allowed', { username: 'FAR', pat: 'c4n4ry-far' }, 'auth', /a network policy refuses/],
    ['a role that is not granted', { pat: 'c4n4ry-pat', role: 'OTHER' }, 'auth', /role OTHER is not granted/],
    [
      'an account that is not there',
      { pat: 'c4n4ry-pat', accessUrl: '/nowhere' },
      'config',
      /^there is no Snowflake account emulated \(HTTP 404\)$/,
    ],
    [
      'a server that is not there',
      { pat: 'c4n4ry-pat', accessUrl: 'http://127.0.0.1:9' },
      'unreachable',
      /cannot be reached \(ECONNREFUSED\)$/,
    ],
  ])('is told apart from %s', async (_, credential, kind, text) => {
    const { accessUrl } = credential;
    const options = accessUrl === '/nowhere' ? { ...credential, accessUrl: `${emulator.url}${accessUrl}` } : credential;
    const findings = await connect(options).check();
    expect(findings).toEqual([
      {
        subject: 'Snowflake account emulated',
        status: 'failed',
        kind,
        text: expect.stringMatching(text),
        next: expect.stringMatching(/./),
      },
    ]);
  });

  it('is checked without a warehouse', async () => {
    await emulator.control.resetLog();
    const findings = await connect().check();
    expect(findings.map(({ status, subject, text }) => `${status} ${subject}: ${text.slice(0, 30)}`)).toEqual([
      'ok Snowflake account emulated: user SLUICE logs in by key pai',
      'ok warehouse LOADING: Small, suspended, and resumes ',
      'warning cost of warehouse LOADING: Small (2 credits an hour) susp',
      'ok database SLUICE: role LOADER may use it',
      'ok schema SLUICE.PUBLIC: role LOADER may do what runs n',
    ]);
    const { statements } = await emulator.control.log();
    expect(statements.filter(({ needsWarehouse }) => needsWarehouse)).toEqual([]);
    expect(statements.length).toBeGreaterThan(4);
    // Before they are taken for a tag of ours: what is known of every statement, and by whom.
    expect(new Set(statements.map(({ queryTag }) => queryTag))).toEqual(
      new Set(['{"app":"sluice"}', '{"app":"sluice","mode":"incremental"}']),
    );
    expect(JSON.stringify(statements)).not.toContain('c4n4ry');
  });

  it('misses what is not granted, and what is not there', async () => {
    const failed = async (options: Partial<SnowflakeConfig>, schemas?: string[]) =>
      (await connect({ pat: 'c4n4ry-pat', ...options }).check(schemas))
        .filter(({ status }) => status === 'failed')
        .map(({ subject, next }) => `${subject}: ${next}`);
    expect(await failed({ warehouse: 'other' })).toEqual([
      'warehouse OTHER: GRANT USAGE ON WAREHOUSE OTHER TO ROLE LOADER, or correct warehouse',
    ]);
    expect(await failed({ database: 'other' })).toEqual([
      'database OTHER: GRANT USAGE ON DATABASE OTHER TO ROLE LOADER, or correct database',
    ]);
    expect(await failed({}, ['raw'])).toEqual([
      'schema SLUICE.RAW, which a run will create: GRANT CREATE SCHEMA ON DATABASE SLUICE TO ROLE LOADER',
    ]);
  });

  it('takes files from a folder with an odd name, under their own names', async () => {
    const { connections } = connect();
    const paths = Array.from({ length: 6 }, (_, n) => {
      const path = join(folder, `records-${n}.csv.gz`);
      writeFileSync(path, gzipSync(`${n},"a"\n`.repeat(n + 1)));
      return path;
    });
    const location = '@"PUBLIC"."SLUICE_STAGE"';
    await connections.use(never, (session) => session.execute({ sql: 'CREATE STAGE "PUBLIC"."SLUICE_STAGE"' }));
    const request = { location, directory: 'crm.contacts/backfill/run/1-1', paths };
    await emulator.control.resetLog();
    await putFiles(connections, request, never);
    await putFiles(connections, request, never);
    const { statements, uploads } = await emulator.control.log();
    expect(statements.filter(({ needsWarehouse }) => needsWarehouse)).toEqual([]);
    expect(uploads).toHaveLength(12);
    const listed = await connections.use(never, (session) =>
      session.query({ sql: `LIST '${location}/crm.contacts/'` }),
    );
    expect(listed.map((row) => row['name'])).toEqual(
      paths.map((_, n) => `sluice_stage/crm.contacts/backfill/run/1-1/records-${n}.csv.gz`),
    );
    await emulator.control.addFault({ target: 'upload', status: 403, times: 1000 });
    await expect(putFiles(connections, request, never)).rejects.toMatchObject({ kind: 'Unavailable' });
    const gone = putFiles(connections, { ...request, location: '@"PUBLIC"."NO_STAGE"' }, never);
    await expect(gone).rejects.toMatchObject({
      kind: 'SchemaConflict',
      message: expect.stringMatching(/^Stage .*NO_STAGE/),
    });
  });

  it('is logged into anew where an idle session has ended', async () => {
    const { connections } = connect();
    const ask = () => connections.use(never, (session) => session.query({ sql: 'SELECT 1 AS one' }));
    await ask();
    await emulator.control.addFault({ match: 'SELECT 1', session: 'gone' });
    expect(await ask()).toEqual([{ one: '1' }]);
  });

  it('is logged into with the token of then, where the one of a session has run out', async () => {
    const tokenPath = join(folder, 'token');
    writeFileSync(tokenPath, 'c4n4ry-token-2');
    const { connections } = connect({ username: 'TOKENS', tokenPath });
    const expired = { match: 'SELECT 2', error: { code: '390318', message: 'OAuth access token expired.' } };
    const ask = (...sqls: string[]) =>
      connections.use(never, async (session) => {
        for (const sql of sqls) await session.query({ sql });
      });
    await ask('SELECT 1');
    await emulator.control.addFault(expired);
    await ask('SELECT 2');

    // With work behind it, the session cannot be replaced: the caller begins again.
    await emulator.control.addFault(expired);
    await expect(ask('SELECT 1', 'SELECT 2')).rejects.toMatchObject({
      kind: 'Unavailable',
      message: 'the session with Snowflake account emulated is over',
    });
    writeFileSync(tokenPath, 'c4n4ry-token-1');
    await expect(ask('SELECT 1')).rejects.toMatchObject({
      kind: 'AuthRejected',
      message: 'user TOKENS of Snowflake account emulated: the OAuth token is not valid',
    });
  });
});
