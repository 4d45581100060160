import { describe, expect, it } from 'vitest';
import type { Destination } from '../../model/destination.ts';
import { withSchemaRenamed } from '../support/renamed-schema.ts';
import { readTestAccount, variableOf } from '../support/snowflake-test-account.ts';

describe('the account of SLUICE_TEST_SNOWFLAKE_*', () => {
  const given = {
    SLUICE_TEST_SNOWFLAKE_ACCOUNT: 'myorg-myaccount',
    SLUICE_TEST_SNOWFLAKE_USERNAME: 'TESTER',
    SLUICE_TEST_SNOWFLAKE_PRIVATE_KEY_PATH: '/keys/rsa_key.p8',
    SLUICE_TEST_SNOWFLAKE_DATABASE: 'tests',
    SLUICE_TEST_SNOWFLAKE_WAREHOUSE: 'TEST_WH',
  };

  it('is none where the environment names none, whatever else it names', () => {
    expect(readTestAccount({ SNOWFLAKE_ACCOUNT: 'real', SLUICE_TEST_SNOWFLAKE_ACCOUNT: '' })).toBeNull();
  });

  it('has the options of a destination, by their names', () => {
    expect(readTestAccount({ ...given, SLUICE_TEST_SNOWFLAKE_ROLE: 'TEST_ROLE', PATH: '/bin' })).toMatchObject({
      kind: 'snowflake',
      account: 'myorg-myaccount',
      username: 'TESTER',
      privateKeyPath: '/keys/rsa_key.p8',
      database: 'TESTS',
      warehouse: 'TEST_WH',
      role: 'TEST_ROLE',
    });
    expect(variableOf('accessUrl')).toBe('SLUICE_TEST_SNOWFLAKE_ACCESS_URL');
  });

  it('is refused where a variable means nothing, or something is missing', () => {
    expect(() => readTestAccount({ ...given, SLUICE_TEST_SNOWFLAKE_STAGE: '@MINE' })).toThrow(/_STAGE means nothing/);
    const { SLUICE_TEST_SNOWFLAKE_PRIVATE_KEY_PATH: _, ...withoutKey } = given;
    expect(() => readTestAccount(withoutKey)).toThrow(/needs a credential/);
  });
});

it('a schema is renamed in all that a destination is asked, and back in what it answers', async () => {
  const asked: unknown[] = [];
  const signal = new AbortController().signal;
  const destination = {
    isMetered: true,
    stages: { listRuns: async (of: object) => (asked.push(of), [{ ...of, run: 'run-1' }]) },
    readPlan: async (target: object, given: AbortSignal) => (
      asked.push(target, given),
      { table: target, absent: null }
    ),
  } as unknown as Destination;
  const known = withSchemaRenamed(destination, { known: 'hubspot', actual: 'TEST' });
  const target = { stream: 'hubspot', table: { schema: 'hubspot', table: 'contacts' }, run: 'run-1' };
  expect(await known.readPlan(target, signal)).toEqual({ table: target, absent: null });
  expect(await known.stages!.listRuns({ schema: 'hubspot' }, signal)).toEqual([{ schema: 'hubspot', run: 'run-1' }]);
  expect(known.isMetered).toBe(true);
  expect(asked).toEqual([{ ...target, table: { schema: 'TEST', table: 'contacts' } }, signal, { schema: 'TEST' }]);
});
