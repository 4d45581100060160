import { describe, expect, it, onTestFinished } from 'vitest';
import { checkAccount } from '../../destinations/snowflake/check.ts';
import { type SnowflakeConfig, snowflakeConfig } from '../../destinations/snowflake/config.ts';
import { openConnections } from '../../destinations/snowflake/connection.ts';
import { snowflakeSetup, usualNames } from '../../destinations/snowflake/setup.ts';
import { creditsPerDay, creditsPerHour } from '../../destinations/snowflake/warehouse-cost.ts';
import { driverError, fakeDriver, type Reply, rowsOf } from '../support/fake-snowflake-driver.ts';

type Row = Readonly<Record<string, string | null>>;

interface Account {
  readonly role?: string;
  /** What a session was left without at its login. */
  readonly lacks?: 'warehouse' | 'database';
  readonly warehouses?: readonly Row[];
  readonly schemas?: readonly string[];
  readonly stages?: readonly Row[];
  /** By holder, as `SHOW GRANTS TO` names it: privilege, kind and name of what it is on. Null: this user may not see them. */
  readonly grants?: Readonly<Record<string, readonly (readonly [string, string, string])[] | null>>;
  readonly login?: Error;
}

const warehouse: Row = {
  name: 'SLUICE_WH',
  state: 'SUSPENDED',
  size: 'X-Small',
  auto_suspend: '60',
  auto_resume: 'true',
};

/** The grants of the setup's SQL, by what a SHOW GRANTS would say of them. */
const setupGrants: (readonly [string, string, string])[] = snowflakeSetup
  .flatMap(({ lines }): readonly string[] => lines)
  .map((line) => /^GRANT (?!ROLE)(.+) ON (\w+) (\S+) TO ROLE SLUICE_ROLE;$/.exec(line))
  .filter((found) => found !== null)
  .flatMap(([, privileges, on, name]) => privileges!.split(', ').map((privilege) => [privilege, on!, name!] as const));

const wellSetUp: Account = {
  warehouses: [warehouse],
  schemas: ['HUBSPOT', 'PUBLIC'],
  grants: { 'ROLE "SLUICE_ROLE"': setupGrants },
};

const use = { schemas: ['hubspot'], incrementalGapsMs: [120_000] };
const never = new AbortController().signal;

async function check(account: Account, options: Partial<SnowflakeConfig> = {}, used: typeof use = use) {
  const driver = fakeDriver(
    (sql) => answer(account, sql),
    async () => {
      if (account.login !== undefined) throw account.login;
    },
  );
  const config = snowflakeConfig.parse({
    kind: 'snowflake',
    account: 'myorg-myaccount',
    pat: 'p4t-c4n4ry',
    ...usualNames,
    privateKeyPath: undefined,
    ...options,
  });
  const connections = openConnections(config, async () => driver);
  onTestFinished(() => connections.close());
  const findings = await checkAccount(connections, config, used, never);
  expect(JSON.stringify(findings)).not.toContain('c4n4ry');
  for (const sql of driver.sent) {
    expect(sql).toMatch(/^(login|logout|SHOW |ALTER SESSION |SELECT CURRENT_\w+\(\)[^;]*$)/);
    expect(sql).not.toMatch(/\bFROM\b/);
  }
  return findings;
}

function answer(account: Account, sql: string): Reply {
  if (sql.startsWith('SELECT')) {
    return table([
      {
        ROLE: account.role ?? 'SLUICE_ROLE',
        WAREHOUSE: account.lacks === 'warehouse' ? null : 'SLUICE_WH',
        DATABASE_NAME: account.lacks === 'database' ? null : 'ANALYTICS',
      },
    ]);
  }
  if (sql.startsWith('SHOW WAREHOUSES')) return table(account.warehouses ?? []);
  if (sql.startsWith('SHOW SCHEMAS')) return table((account.schemas ?? []).map((name) => ({ name })));
  if (sql.startsWith('SHOW STAGES')) return table(account.stages ?? []);
  if (sql.startsWith('SHOW GRANTS TO ')) {
    const held = account.grants?.[sql.slice('SHOW GRANTS TO '.length)] ?? [];
    if (account.grants?.[sql.slice('SHOW GRANTS TO '.length)] === null) {
      return { error: driverError('003001', '42501', 'Insufficient privileges') };
    }
    return table(held.map(([privilege, granted_on, name]) => ({ privilege, granted_on, name })));
  }
  return {};
}

function table(rows: readonly Row[]): Reply {
  const columns = Object.keys(rows[0] ?? {}).map((name) => ({ name, type: 'text' }));
  return { columns, rows: () => rowsOf(rows.map((row) => Object.values(row))) };
}

const found = (findings: Awaited<ReturnType<typeof check>>) =>
  findings.map(({ subject, status, text, next }) => [status, subject, text, next] as const);

describe('a check of an account', () => {
  it('finds nothing wrong after the setup that init shows', async () => {
    expect(found(await check(wellSetUp))).toEqual([
      [
        'ok',
        'Snowflake account myorg-myaccount',
        'user SLUICE logs in by programmatic access token, as role SLUICE_ROLE',
        null,
      ],
      ['ok', 'warehouse SLUICE_WH', 'X-Small, suspended, and resumes by itself', null],
      [
        'warning',
        'cost of warehouse SLUICE_WH',
        'X-Small (1 credit an hour) suspends itself after 60 s: incremental runs every 120s cost up to 14 credits a day, ' +
          'where each of them finds changes; those that find none cost nothing',
        'schedules.incremental: 15m makes it up to 1.9',
      ],
      ['ok', 'database ANALYTICS', 'role SLUICE_ROLE may use it', null],
      ['ok', 'schema ANALYTICS.HUBSPOT', 'role SLUICE_ROLE may do what runs need', null],
    ]);
  });

  it.each(setupGrants.filter(([, on]) => on === 'SCHEMA'))(
    'misses the grant of %s on %s %s, and says how it is given',
    async (privilege, on, name) => {
      const kept = setupGrants.filter((grant) => grant[0] !== privilege || grant[1] !== on);
      const findings = await check({ ...wellSetUp, grants: { 'ROLE "SLUICE_ROLE"': kept } });
      expect(findings.filter(({ status }) => status === 'failed')).toEqual([
        {
          subject: `schema ${name}`,
          status: 'failed',
          kind: 'config',
          text: `role SLUICE_ROLE lacks ${privilege} on schema ${name}`,
          next: `GRANT ${privilege} ON ${on} ${name} TO ROLE SLUICE_ROLE`,
        },
      ]);
    },
  );

  it.each<[string, Account, string, string]>([
    [
      'a warehouse that is not there',
      { ...wellSetUp, warehouses: [{ ...warehouse, name: 'SLUICEXWH' }], lacks: 'warehouse' },
      'warehouse SLUICE_WH: it does not exist, or role SLUICE_ROLE may not see it',
      'GRANT USAGE ON WAREHOUSE SLUICE_WH TO ROLE SLUICE_ROLE, or correct warehouse',
    ],
    [
      'a warehouse that may be seen alone',
      { ...wellSetUp, lacks: 'warehouse' },
      'warehouse SLUICE_WH: role SLUICE_ROLE may see it, but not use it',
      'GRANT USAGE ON WAREHOUSE SLUICE_WH TO ROLE SLUICE_ROLE',
    ],
    [
      'a warehouse that stays suspended',
      { ...wellSetUp, warehouses: [{ ...warehouse, auto_resume: 'false' }] },
      'warehouse SLUICE_WH: it is suspended, and does not resume by itself',
      'ALTER WAREHOUSE SLUICE_WH SET AUTO_RESUME = TRUE',
    ],
    [
      'a database that may not be used',
      { ...wellSetUp, lacks: 'database' },
      'database ANALYTICS: it does not exist, or role SLUICE_ROLE may not use it',
      'GRANT USAGE ON DATABASE ANALYTICS TO ROLE SLUICE_ROLE, or correct database',
    ],
    [
      'a schema that may not be made',
      { ...wellSetUp, schemas: [] },
      'schema ANALYTICS.HUBSPOT, which a run will create: role SLUICE_ROLE lacks CREATE SCHEMA on database ANALYTICS',
      'GRANT CREATE SCHEMA ON DATABASE ANALYTICS TO ROLE SLUICE_ROLE',
    ],
  ])('names %s', async (_, account, text, next) => {
    const failed = (await check(account)).filter(({ status }) => status === 'failed');
    expect(failed.map((one) => [`${one.subject}: ${one.text}`, one.next, one.kind])).toEqual([[text, next, 'config']]);
  });

  it.each<[string, Error, string, string]>([
    ['a wrong key', driverError('390144', '08001', 'JWT token is invalid.'), 'auth', 'the key is not the one'],
    ['a second factor', driverError('394508', '08001', 'MFA authentication is required'), 'auth', 'a second factor'],
    [
      'a network policy',
      driverError('390422', '08001', 'IP 1.2.3.4 is not allowed to access Snowflake.'),
      'auth',
      'a network policy',
    ],
    [
      'a wrong account',
      Object.assign(new Error(), { code: 401002, response: { statusCode: 404 } }),
      'config',
      'there is no Snowflake account',
    ],
  ])('tells %s', async (_, login, kind, text) => {
    expect(await check({ ...wellSetUp, login })).toEqual([
      {
        subject: 'Snowflake account myorg-myaccount',
        status: 'failed',
        kind,
        text: expect.stringContaining(text),
        next: expect.stringMatching(/./),
      },
    ]);
  });

  it('follows roles that are granted to the role, and no grant of another object', async () => {
    const granted = (holder: string) => ({
      'ROLE "SLUICE_ROLE"': [
        ['USAGE', 'ROLE', 'BASE'],
        ['USAGE', 'DATABASE_ROLE', 'ANALYTICS."my role"'],
      ] as const,
      'ROLE "BASE"': [['USAGE', 'ROLE', 'SLUICE_ROLE']] as const,
      [holder]: [['OWNERSHIP', 'SCHEMA', 'ANALYTICS.HUBSPOT']] as const,
    });
    for (const holder of ['ROLE "BASE"', 'DATABASE ROLE "ANALYTICS"."my role"', 'ROLE "PUBLIC"']) {
      const findings = await check({ ...wellSetUp, grants: granted(holder) });
      expect(
        findings.map(({ status }) => status),
        holder,
      ).not.toContain('failed');
    }
    const elsewhere = await check({ ...wellSetUp, grants: granted('ROLE "OTHER"') });
    expect(elsewhere.at(-1)).toMatchObject({
      status: 'failed',
      text: expect.stringContaining('lacks USAGE, CREATE TABLE'),
    });
  });

  it('does not take for missing what it may not see', async () => {
    const grants = { 'ROLE "SLUICE_ROLE"': [['USAGE', 'ROLE', 'BASE']] as const, 'ROLE "BASE"': null };
    expect((await check({ ...wellSetUp, grants })).at(-1)).toMatchObject({
      status: 'warning',
      text: expect.stringMatching(/^role SLUICE_ROLE lacks .*, unless by a role that cannot be looked into$/),
    });
  });

  it('looks for the stage that config names', async () => {
    const stage = { stage: '@files' };
    const row = { name: 'FILES', schema_name: 'HUBSPOT', type: 'INTERNAL' };
    const staged = async (stages: readonly Row[], grants = wellSetUp.grants!) =>
      (await check({ ...wellSetUp, stages, grants }, stage)).at(-1);
    expect(await staged([])).toMatchObject({
      status: 'failed',
      text: 'it does not exist, or role SLUICE_ROLE may not see it',
    });
    const external = { ...row, type: 'EXTERNAL' };
    for (const [other, text] of [
      [{ url: 'azure://files.blob.core.windows.net/box/' }, 'stage @files is at Azure'],
      [{ url: 'gcs://box/' }, 'stage @files is at Google Cloud'],
      [{ url: 's3://box/folder' }, 'the address of @files, s3://box/folder, does not end with a slash'],
      [{ url: 's3://box/', has_encryption_key: 'Y' }, expect.stringContaining('has a key of its own')],
    ] as const) {
      expect(await staged([{ ...external, ...other }])).toMatchObject({ status: 'failed', kind: 'config', text });
    }
    expect(await staged([row])).toMatchObject({
      status: 'failed',
      next: 'GRANT READ, WRITE ON STAGE ANALYTICS.HUBSPOT.FILES TO ROLE SLUICE_ROLE',
    });
    const held = ['READ', 'WRITE'].map((privilege) => [privilege, 'STAGE', 'ANALYTICS.HUBSPOT.FILES'] as const);
    expect(await staged([row], { 'ROLE "SLUICE_ROLE"': [...setupGrants, ...held] })).toMatchObject({ status: 'ok' });
  });

  it('looks at both warehouses, and at the cost of the one that incremental runs use', async () => {
    const rows = [warehouse, { ...warehouse, name: 'BIG', size: 'Large', state: 'STARTED' }];
    const findings = await check(
      { ...wellSetUp, warehouses: rows },
      { warehouse: undefined, warehouses: { backfill: 'big', incremental: 'sluice_wh' } },
    );
    expect(findings.map(({ subject }) => subject).toSorted()).toEqual([
      'Snowflake account myorg-myaccount',
      'cost of warehouse SLUICE_WH',
      'database ANALYTICS',
      'schema ANALYTICS.HUBSPOT',
      'warehouse BIG',
      'warehouse SLUICE_WH',
    ]);
  });

  it('warns of a password', async () => {
    const [login] = await check(wellSetUp, { pat: undefined, password: 'c4n4ry' });
    expect(login).toMatchObject({ status: 'warning', next: expect.stringContaining('sluice init snowflake') });
  });
});

describe('what a warehouse costs', () => {
  const minutes = (...gaps: number[]) => gaps.map((gap) => gap * 60_000);

  it.each([
    ['X-Small', 1],
    ['Medium', 4],
    ['2X-Large', 32],
    ['6X-Large', 512],
    ['Gigantic', null],
  ])('%s is %s an hour', (size, credits) => expect(creditsPerHour(size)).toBe(credits));

  it.each<[string, number | null, number[], number]>([
    ['a minute of idleness every two', 60, minutes(2), 14],
    ['ten minutes of it', 600, minutes(2), 24],
    ['a start is a minute at least', 5, minutes(2), 12],
    ['it never stops', null, minutes(1_440), 24],
    ['two streams, each at a time of its own', 60, minutes(10, 10), 5.6],
    ['no more than the whole day', 60, minutes(2, 2, 2), 24],
    ['no schedule', 60, [], 0],
  ])('%s', (_, autoSuspendSeconds, gapsMs, credits) => {
    expect(creditsPerDay({ size: 'X-Small', autoSuspendSeconds }, gapsMs)).toBeCloseTo(credits, 1);
  });

  it('says what would make it less, and nothing where that is little', async () => {
    const cost = async (row: Row, gapsMs = minutes(2)) =>
      (
        await check({ ...wellSetUp, warehouses: [{ ...warehouse, ...row }] }, {}, { ...use, incrementalGapsMs: gapsMs })
      )[2];
    expect(await cost({ auto_suspend: '600', size: 'Small' })).toMatchObject({
      status: 'warning',
      text: expect.stringMatching(
        /^Small \(2 credits an hour\) suspends itself after 600 s: .* up to 48 credits a day/,
      ),
      next: 'ALTER WAREHOUSE SLUICE_WH SET AUTO_SUSPEND = 60 makes it up to 28; schedules.incremental: 15m makes it up to 3.7',
    });
    expect(await cost({ auto_suspend: '0' })).toMatchObject({
      status: 'warning',
      text: expect.stringContaining('never suspends itself'),
    });
    expect(await cost({}, minutes(30))).toMatchObject({ status: 'ok', next: null });
    expect((await check(wellSetUp, {}, { ...use, incrementalGapsMs: [] })).map(({ subject }) => subject)).not.toContain(
      'cost of warehouse SLUICE_WH',
    );
  });
});
