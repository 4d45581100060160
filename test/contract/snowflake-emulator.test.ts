import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Connection } from 'snowflake-sdk';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { findPython, oldestPython } from '../../simulators/snowflake/find-python.ts';
import { startSnowflakeEmulator, type SnowflakeEmulator } from '../../simulators/snowflake/start.ts';
import { eventually } from '../support/eventually.ts';
import { ask, logIn, logOut, refusalOf } from '../support/snowflake-client.ts';

/* Where CI is set, a machine without Python fails instead: there these tests must run. */
const isSkipped = (await findPython()) === null && process.env['CI'] === undefined;

const csv = `FILE_FORMAT = (TYPE = CSV FIELD_OPTIONALLY_ENCLOSED_BY = '"' NULL_IF = () ESCAPE_UNENCLOSED_FIELD = NONE COMPRESSION = GZIP)`;

describe.skipIf(isSkipped)(`the emulated Snowflake account (needs Python ${oldestPython})`, () => {
  let emulator: SnowflakeEmulator;
  let folder = '';
  let session: Connection;
  const open: Connection[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-emulator-'));
    emulator = await startSnowflakeEmulator({ settings: { abortIdleBlockerMs: 600_000 } });
    session = await logIn(emulator.url);
    await ask(session, 'CREATE STAGE LOADS');
  }, 300_000);
  afterEach(async () => {
    await emulator.control.removeFaults();
    await Promise.all(open.splice(0).map(logOut));
  });
  afterAll(async () => {
    await emulator?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function another(options: Parameters<typeof logIn>[1] = {}): Promise<Connection> {
    const connection = await logIn(emulator.url, options);
    open.push(connection);
    return connection;
  }

  async function put(name: string, content: string): Promise<string | null | undefined> {
    const path = join(folder, name.split('/').at(-1)!);
    writeFileSync(path, gzipSync(content));
    const target = name.includes('/') ? `${name.slice(0, name.lastIndexOf('/'))}/` : '';
    const [row] = await ask(session, `PUT 'file://${path}' @LOADS/${target} AUTO_COMPRESS = FALSE OVERWRITE = TRUE`);
    return row?.['status'];
  }

  async function ids(table: string, by = session): Promise<readonly (string | null)[]> {
    return (await ask(by, `SELECT ID FROM ${table} ORDER BY ID`)).map((row) => row['ID'] ?? null);
  }

  describe('statements', () => {
    it('tells of its session and takes binds, whole numbers of 38 digits among them', async () => {
      const [row] = await ask(
        session,
        'SELECT CURRENT_ACCOUNT() A, CURRENT_WAREHOUSE() W, CURRENT_USER() U, ? :: NUMBER(38,0) N, ? T, ? E',
        { binds: ['99999999999999999999999999999999999999', "it's", null] },
      );
      expect(row).toEqual({
        A: 'EMULATED',
        W: 'COMPUTE_WH',
        U: 'LOADER',
        N: '99999999999999999999999999999999999999',
        T: "it's",
        E: null,
      });
    });

    it('describes a table in the types of Snowflake, and enforces no key', async () => {
      await ask(
        session,
        'CREATE TABLE TYPED (ID NUMBER(38,0) NOT NULL PRIMARY KEY, AT TIMESTAMP_TZ, "Mixed" VARCHAR(50), RAW VARIANT, D DATE, F FLOAT)',
      );
      await ask(session, 'INSERT INTO TYPED (ID) VALUES (1), (1)');
      expect(await ids('TYPED')).toEqual(['1', '1']);
      const described = await ask(session, 'DESC TABLE SLUICE.PUBLIC.TYPED');
      expect(described.map((row) => `${row['name']} ${row['type']} ${row['null?']}`)).toEqual([
        'ID NUMBER(38,0) N',
        'AT TIMESTAMP_TZ(9) Y',
        'Mixed VARCHAR(50) Y',
        'RAW VARIANT Y',
        'D DATE Y',
        'F FLOAT Y',
      ]);
      expect((await refusalOf(ask(session, 'INSERT INTO TYPED (F) VALUES (1)'))).code).toBe('100072');
      expect((await refusalOf(ask(session, 'SELECT * FROM NOWHERE'))).code).toBe('002003');
    });

    it('bills no warehouse for metadata, files and DDL, and writes down what it was asked', async () => {
      await emulator.control.resetLog();
      await ask(session, "SHOW TABLES LIKE 'TYPED' IN SCHEMA SLUICE.PUBLIC");
      await ask(session, 'LIST @LOADS');
      await ask(session, 'SELECT CURRENT_TIMESTAMP()');
      await ask(session, 'SELECT COUNT(*) FROM TYPED WHERE ID = ?', {
        binds: [5],
        parameters: { QUERY_TAG: 'crm.contacts' },
      });
      const { statements } = await emulator.control.log();
      expect(statements.map((one) => [one.word, one.needsWarehouse, one.queryTag, one.bindCount])).toEqual([
        ['SHOW', false, '', 0],
        ['LIST', false, '', 0],
        ['SELECT', false, '', 0],
        ['SELECT', true, 'crm.contacts', 1],
      ]);
      const idle = await another({ warehouse: '' });
      expect((await refusalOf(ask(idle, 'SELECT * FROM TYPED'))).code).toBe('000606');
    });
  });

  describe('loading', () => {
    it('puts files and copies those named, once per table; NULL and the empty text stay apart', async () => {
      expect(await put('run/1.csv.gz', '1,"Ann ""A"",\nBell",\n2,"",é\n')).toBe('UPLOADED');
      expect(await put('run/2.csv.gz', '3,x,y\n')).toBe('UPLOADED');
      await ask(session, 'CREATE OR REPLACE TEMPORARY TABLE SLUICE.PUBLIC.STAGED (ID VARCHAR, A VARCHAR, B VARCHAR)');
      const copy = `COPY INTO SLUICE.PUBLIC.STAGED FROM @SLUICE.PUBLIC.LOADS/run/ FILES = ('1.csv.gz') ${csv} ON_ERROR = ABORT_STATEMENT`;
      const [loaded] = await ask(session, copy);
      expect(loaded).toMatchObject({ file: 'loads/run/1.csv.gz', status: 'LOADED', rows_loaded: '2' });
      expect(await ask(session, 'SELECT * FROM STAGED ORDER BY ID')).toEqual([
        { ID: '1', A: 'Ann "A",\nBell', B: null },
        { ID: '2', A: '', B: 'é' },
      ]);
      expect((await ask(session, copy))[0]?.['status']).toBe('LOAD_SKIPPED');
      expect((await ask(session, 'LIST @LOADS/run/')).map((row) => row['name'])).toEqual([
        'loads/run/1.csv.gz',
        'loads/run/2.csv.gz',
      ]);
    });

    it('refuses to copy a file that is not there, and one of another width', async () => {
      await ask(session, 'CREATE OR REPLACE TEMPORARY TABLE NARROW (A VARCHAR, B VARCHAR)');
      const missing = ask(session, `COPY INTO NARROW FROM @LOADS/run/ FILES = ('9.csv.gz') ${csv}`);
      expect((await refusalOf(missing)).code).toBe('091016');
      const wide = ask(session, `COPY INTO NARROW FROM @LOADS/run/ FILES = ('2.csv.gz') ${csv}`);
      expect((await refusalOf(wide)).code).toBe('100080');
      await ask(session, 'REMOVE @LOADS/run/2');
      expect(await ask(session, 'LIST @LOADS/run/')).toHaveLength(1);
      await ask(session, 'CREATE STAGE GONE');
      await ask(session, 'DROP STAGE GONE');
      expect((await refusalOf(ask(session, 'LIST @GONE'))).code).toBe('002003');
    });
  });

  describe('transactions', () => {
    const merge = (source: string) =>
      `MERGE INTO MERGED t USING (${source}) s ON t.ID = s.ID
        WHEN MATCHED AND s.NAME IS DISTINCT FROM t.NAME THEN UPDATE SET t.NAME = s.NAME, HITS = t.HITS + COALESCE(s.HITS, 1)
        WHEN NOT MATCHED THEN INSERT (ID, NAME, HITS) VALUES (s.ID, s.NAME, 0)`;

    beforeAll(async () => {
      await ask(session, 'CREATE TABLE MERGED (ID NUMBER(38,0), NAME VARCHAR, HITS NUMBER(38,0))');
      await ask(session, "INSERT INTO MERGED VALUES (1, 'a', 0), (2, 'b', 0)");
    });

    it('merges with counts by action, seen by others after COMMIT only', async () => {
      const reader = await another();
      await ask(session, 'BEGIN');
      const [counts] = await ask(session, merge("SELECT 1 ID, 'z' NAME, 5 HITS UNION ALL SELECT 3, 'c', 1"));
      expect(counts).toEqual({ 'number of rows inserted': '1', 'number of rows updated': '1' });
      expect(await ids('MERGED', reader)).toEqual(['1', '2']);
      await ask(session, 'COMMIT');
      expect(await ids('MERGED', reader)).toEqual(['1', '2', '3']);
      expect(await ask(reader, 'SELECT NAME, HITS FROM MERGED WHERE ID = 1')).toEqual([{ NAME: 'z', HITS: '5' }]);
    });

    it('reads what is committed, statement by statement', async () => {
      const reader = await another();
      await ask(reader, 'BEGIN');
      const before = await ids('MERGED', reader);
      await ask(session, "INSERT INTO MERGED VALUES (4, 'd', 0)");
      expect(await ids('MERGED', reader)).toEqual([...before, '4']);
      await ask(reader, 'ROLLBACK');
    });

    it('refuses a source that would change one row twice', async () => {
      const failure = await refusalOf(ask(session, merge("SELECT 2 ID, 'x' NAME, 1 HITS UNION ALL SELECT 2, 'y', 1")));
      expect(failure).toMatchObject({ code: '100090', sqlState: '42P18' });
      expect(await ask(session, 'SELECT NAME FROM MERGED WHERE ID = 2')).toEqual([{ NAME: 'b' }]);
    });

    it('commits what is open when a DDL statement comes, and says so in the log', async () => {
      const other = await another();
      await ask(other, 'BEGIN');
      const [row] = await ask(other, 'SELECT CURRENT_TRANSACTION() T');
      await ask(other, "INSERT INTO MERGED VALUES (70, 'ddl', 0)");
      await ask(other, 'CREATE OR REPLACE TEMPORARY TABLE INNOCENT (A INT)');
      await ask(other, 'ROLLBACK');
      expect(await ids('MERGED')).toContain('70');
      const { statements } = await emulator.control.log();
      expect(statements.findLast((one) => one.word === 'CREATE')?.implicitCommit).toBe(row?.['T']);
      expect((await ask(other, `DESCRIBE TRANSACTION ${row?.['T']}`))[0]?.['state']).toBe('committed');
    });

    it('makes a change wait for the transaction that holds the table, but no insert', async () => {
      const holder = await another();
      const waiter = await another();
      await ask(holder, 'BEGIN');
      await ask(holder, "UPDATE MERGED SET NAME = 'held' WHERE ID = 2");
      await ask(waiter, "INSERT INTO MERGED VALUES (71, 'free', 0)");
      const refused = ask(waiter, "UPDATE MERGED SET NAME = 'late' WHERE ID = 1", { parameters: { LOCK_TIMEOUT: 1 } });
      expect((await refusalOf(refused)).code).toBe('000625');
      const waiting = ask(waiter, "UPDATE MERGED SET NAME = 'next' WHERE ID = 2");
      await eventually('the update waits', async () => {
        const last = (await emulator.control.log()).statements.at(-1);
        return last?.sql.includes("'next'") && last.outcome === 'running';
      });
      await ask(holder, 'COMMIT');
      await waiting;
      expect(await ask(session, 'SELECT NAME FROM MERGED WHERE ID = 2')).toEqual([{ NAME: 'next' }]);
    });

    it('keeps the transaction of a client that is gone until somebody of the same user aborts it', async () => {
      const lost = await logIn(emulator.url);
      await ask(lost, 'BEGIN');
      const [row] = await ask(lost, 'SELECT CURRENT_TRANSACTION() T');
      await ask(lost, "UPDATE MERGED SET NAME = 'lost' WHERE ID = 2");
      const id = row?.['T'];
      const stranger = await another({ username: 'STRANGER' });
      expect((await refusalOf(ask(stranger, `SELECT SYSTEM$ABORT_TRANSACTION(${id})`))).code).toBe('003001');
      expect((await ask(session, `DESCRIBE TRANSACTION ${id}`))[0]?.['state']).toBe('running');
      await ask(session, `SELECT SYSTEM$ABORT_TRANSACTION(${id})`);
      expect((await ask(session, `DESCRIBE TRANSACTION ${id}`))[0]?.['state']).toBe('rolled back');
      await ask(session, "UPDATE MERGED SET NAME = 'found' WHERE ID = 2", { parameters: { LOCK_TIMEOUT: 1 } });
      expect(await ask(lost, 'SELECT NAME FROM MERGED WHERE ID = 2')).toEqual([{ NAME: 'found' }]);
      await logOut(lost);
    });
  });

  describe('failures on order', () => {
    it('answers with an error instead of doing it, once', async () => {
      const error = { code: '003001', sqlState: '42501', message: 'Insufficient privileges' };
      await emulator.control.addFault({ match: '^create table denied', error });
      expect(await refusalOf(ask(session, 'CREATE TABLE DENIED (A INT)'))).toMatchObject({ code: '003001' });
      await ask(session, 'CREATE TABLE DENIED (A INT)');
    });

    it('loses the answer of a statement that is done; the repeated request does it no second time', async () => {
      await emulator.control.addFault({ match: 'into denied', when: 'after', drop: true });
      await ask(session, 'INSERT INTO DENIED VALUES (1)');
      await emulator.control.addFault({ match: 'into denied', status: 503 });
      await ask(session, 'INSERT INTO DENIED VALUES (2)');
      expect(await ask(session, 'SELECT A FROM DENIED ORDER BY A')).toEqual([{ A: '1' }, { A: '2' }]);
    });

    it('is slow, is polled for the result, and can be canceled', async () => {
      await emulator.control.configure({ answerWithinMs: 100 });
      await emulator.control.addFault({ match: 'select 41', delayMs: 500 });
      expect(await ask(session, 'SELECT 41 A')).toEqual([{ A: '41' }]);
      await emulator.control.configure({ answerWithinMs: 45_000 });
      await emulator.control.addFault({ match: 'select 42', hang: true });
      const failure = await new Promise<{ code?: string | number }>((resolve, reject) => {
        const statement = session.execute({
          sqlText: 'SELECT 42',
          complete: (error) => (error ? resolve(error) : reject(new Error('it was not canceled'))),
        });
        setTimeout(() => statement.cancel(() => {}), 300);
      });
      expect(failure.code).toBe('000604');
    });

    it('ends a statement at its own timeout', async () => {
      await emulator.control.addFault({ match: 'select 43', hang: true });
      const slow = ask(session, 'SELECT 43', { parameters: { STATEMENT_TIMEOUT_IN_SECONDS: 1 } });
      expect((await refusalOf(slow)).code).toBe('000630');
    });

    it('lets a session expire, which the driver renews, and end', async () => {
      const other = await another();
      await emulator.control.addFault({ match: 'select 44', session: 'expired' });
      expect(await ask(other, 'SELECT 44 A')).toEqual([{ A: '44' }]);
      await emulator.control.addFault({ match: 'select 45', session: 'unrenewable' });
      // The driver's own words for it: the connection is terminated.
      expect(String((await refusalOf(ask(other, 'SELECT 45'))).code)).toBe('407002');
      expect((await emulator.control.log()).requests['renew']).toBe(2);
    });

    it('fails an upload, which leaves no file behind', async () => {
      await emulator.control.addFault({ target: 'upload', match: 'broken', status: 400, times: 100 });
      await refusalOf(put('run/broken.csv.gz', '1,2,3\n').then((status) => expect(status).toBe('UPLOADED')));
      expect(await ask(session, 'LIST @LOADS/run/broken')).toEqual([]);
    });
  });

  describe('logins', () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });

    beforeAll(() =>
      emulator.control.configure({
        users: [
          { name: 'LOADER', password: 'right' },
          { name: 'KEYED', publicKey },
          { name: 'TOKENED', pat: 'pat-1', oauthToken: 'oauth-1' },
          { name: 'HUMAN', password: 'right', mfa: true },
          { name: 'OUTSIDE', password: 'right', refuse: '390422' },
        ],
        roles: ['LOADER_ROLE'],
        warehouses: [{ name: 'LOAD_WH', autoSuspend: 60 }],
      }),
    );
    afterAll(() => emulator.control.configure({ users: [], roles: [], warehouses: [] }));

    const as = (options: Parameters<typeof logIn>[1]) => another({ role: 'LOADER_ROLE', ...options });

    it('lets in by password, by the registered key, and by tokens', async () => {
      const jwt = { authenticator: 'SNOWFLAKE_JWT', username: 'KEYED' };
      const admitted = await Promise.all([
        as({ password: 'right' }),
        as({ ...jwt, privateKey }),
        as({ authenticator: 'PROGRAMMATIC_ACCESS_TOKEN', username: 'TOKENED', token: 'pat-1' }),
        as({ authenticator: 'OAUTH', username: 'TOKENED', token: 'oauth-1' }),
      ]);
      const users = await Promise.all(admitted.map((one) => ask(one, 'SELECT CURRENT_USER() U')));
      expect(users.map(([row]) => row?.['U'])).toEqual(['LOADER', 'KEYED', 'TOKENED', 'TOKENED']);
    });

    it('tells a wrong password, key, role, a network policy and MFA apart', async () => {
      const another = generateKeyPairSync('rsa', { modulusLength: 2048 });
      const wrongKey = another.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
      const codes = await Promise.all(
        [
          as({ password: 'wrong' }),
          as({ authenticator: 'SNOWFLAKE_JWT', username: 'KEYED', privateKey: wrongKey }),
          as({ authenticator: 'OAUTH', username: 'TOKENED', token: 'stale' }),
          as({ password: 'right', role: 'ACCOUNTADMIN' }),
          as({ username: 'OUTSIDE', password: 'right' }),
          as({ username: 'HUMAN', password: 'right' }),
        ].map(async (attempt) => String((await refusalOf(attempt)).code)),
      );
      expect(codes).toEqual(['390100', '390144', '390303', '390186', '390422', '394508']);
    });

    it('leaves an unknown warehouse unset, as a database that is not there', async () => {
      const lost = await as({ password: 'right', warehouse: 'NO_WH', database: 'NO_DB' });
      expect(await ask(lost, 'SELECT CURRENT_WAREHOUSE() W, CURRENT_DATABASE() D')).toEqual([{ W: null, D: null }]);
      const warehouses = await ask(lost, "SHOW WAREHOUSES LIKE 'load_wh'");
      expect(warehouses.map((row) => [row['name'], row['auto_suspend']])).toEqual([['LOAD_WH', '60']]);
    });
  });
});
