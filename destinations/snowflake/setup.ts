import type { SnowflakeConfig } from './config.ts';

/** What a first config says beside the account. The setup below makes all of it. */
export const usualNames = {
  username: 'SLUICE',
  privateKeyPath: './rsa_key.p8',
  database: 'ANALYTICS',
  warehouse: 'SLUICE_WH',
  role: 'SLUICE_ROLE',
} satisfies Partial<SnowflakeConfig>;

/** The schema of a first pipeline; others take the same grants. */
const schema = 'HUBSPOT';

export const snowflakeStarter = {
  name: 'warehouse',
  option: 'account',
  value: '${SNOWFLAKE_ACCOUNT}',
  question: 'Snowflake account (org-account, or its URL)',
  others: usualNames,
} as const;

const { username, database, warehouse, role } = usualNames;

/**
 * What an administrator does once. The grants are the least that runs need: the role owns the tables and the stage that it
 * makes, and needs nothing on others.
 */
export const snowflakeSetup = [
  {
    title: 'A key pair, where the worker runs; the private key stays there',
    language: 'shell',
    lines: [
      'openssl genrsa 2048 | openssl pkcs8 -topk8 -inform PEM -nocrypt -out rsa_key.p8',
      'chmod 600 rsa_key.p8',
      'openssl rsa -in rsa_key.p8 -pubout -out rsa_key.pub',
      "grep -v '^-' rsa_key.pub | tr -d '\\n'",
    ],
  },
  {
    title: 'A role and a user of its own; the last line printed above is the key',
    language: 'sql',
    lines: [
      'USE ROLE USERADMIN;',
      `CREATE ROLE IF NOT EXISTS ${role};`,
      `CREATE USER IF NOT EXISTS ${username} TYPE = SERVICE`,
      `  DEFAULT_ROLE = ${role} DEFAULT_WAREHOUSE = ${warehouse}`,
      "  RSA_PUBLIC_KEY = '<public key>';",
      `GRANT ROLE ${role} TO USER ${username};`,
      // Without it nobody but the user could look after the tables.
      `GRANT ROLE ${role} TO ROLE SYSADMIN;`,
    ],
  },
  {
    title: 'A warehouse, a database and a schema, with what the role needs of them',
    language: 'sql',
    lines: [
      'USE ROLE SYSADMIN;',
      `CREATE WAREHOUSE IF NOT EXISTS ${warehouse} WAREHOUSE_SIZE = XSMALL`,
      '  AUTO_SUSPEND = 60 AUTO_RESUME = TRUE INITIALLY_SUSPENDED = TRUE;',
      `CREATE DATABASE IF NOT EXISTS ${database};`,
      `CREATE SCHEMA IF NOT EXISTS ${database}.${schema};`,
      `GRANT USAGE ON WAREHOUSE ${warehouse} TO ROLE ${role};`,
      `GRANT USAGE ON DATABASE ${database} TO ROLE ${role};`,
      `GRANT USAGE, CREATE TABLE, CREATE VIEW, CREATE STAGE ON SCHEMA ${database}.${schema} TO ROLE ${role};`,
      '-- Files go into a stage that runs make. A bucket of yours instead: "Stage" in docs/destinations-snowflake.md.',
    ],
  },
] as const;
