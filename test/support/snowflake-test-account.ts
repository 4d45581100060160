import { randomUUID } from 'node:crypto';
import type { Connection } from 'snowflake-sdk';
import { loginName, parseAccount } from '../../destinations/snowflake/account.ts';
import { type SnowflakeConfig, snowflakeConfig } from '../../destinations/snowflake/config.ts';
import { readCredential } from '../../destinations/snowflake/credential.ts';
import { openSnowflakeDestination } from '../../destinations/snowflake/destination.ts';
import { stageLocation } from '../../destinations/snowflake/stage-statements.ts';
import type { DestinationUnderTest } from './destination-under-test.ts';
import { withSchemaRenamed } from './renamed-schema.ts';
import { ask, logIn, logOut } from './snowflake-client.ts';
import { lookIntoSnowflake } from './snowflake-under-test.ts';
import { contactsPlan } from './staged-records.ts';

const prefix = 'SLUICE_TEST_SNOWFLAKE_';

/** Options of a destination that say which account, and who: not what the tests choose themselves. */
const options = Object.keys(snowflakeConfig.shape).filter(
  (option) => !['kind', 'stage', 'warehouses', 'loginTimeoutMs', 'statementTimeoutMs'].includes(option),
);

/** `SLUICE_TEST_SNOWFLAKE_PRIVATE_KEY_PATH` for `privateKeyPath`. */
export function variableOf(option: string): string {
  return prefix + option.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

/** The account that the environment names; null where it names none. Throws on a variable that means nothing. */
export function readTestAccount(env: NodeJS.ProcessEnv): SnowflakeConfig | null {
  const given = Object.keys(env).filter((name) => name.startsWith(prefix) && env[name] !== '');
  if (given.length === 0) return null;
  const variables = new Map(options.map((option) => [variableOf(option), option]));
  const unknown = given.find((name) => !variables.has(name));
  if (unknown !== undefined) throw new Error(`${unknown} means nothing; there are ${[...variables.keys()].join(', ')}`);
  const entry = Object.fromEntries(given.map((name) => [variables.get(name)!, env[name]]));
  return snowflakeConfig.parse({ kind: 'snowflake', ...entry });
}

/** Of this file's tests, which come one after the other. */
const actual = `SLUICE_TEST_${randomUUID().slice(0, 8).toUpperCase()}`;

/** Schemas of their own for each test in the database that the account's config names, dropped with all they hold. */
export async function openSnowflakeTestAccount(config: SnowflakeConfig): Promise<DestinationUnderTest> {
  const known = contactsPlan.table.schema;
  const stageSchema = `${actual}_STAGE`;
  const stage = `${stageSchema}.STAGED`;
  const looker = await logInAs(config);
  await ask(looker, `CREATE SCHEMA ${stageSchema}`);
  await ask(looker, `CREATE STAGE IF NOT EXISTS ${stage}`);
  const used = snowflakeConfig.parse({ ...config, stage: `@${stage}` });
  const destination = openSnowflakeDestination(used);
  return {
    ...lookIntoSnowflake(looker, {
      location: stageLocation(used, ''),
      schemaOf: (schema) => (schema === known ? actual : schema),
    }),
    destination: withSchemaRenamed(destination, { known, actual }),
    dispose: async () => {
      await destination.close();
      for (const schema of [actual, stageSchema]) await ask(looker, `DROP SCHEMA IF EXISTS ${schema} CASCADE`);
      await logOut(looker);
    },
  };
}

/** By the test's own client, apart from how the product asks. */
async function logInAs(config: SnowflakeConfig): Promise<Connection> {
  const account = parseAccount(config.account)!;
  const { username, database, warehouse, role } = config;
  return logIn(config.accessUrl ?? `https://${account.host}`, {
    account: loginName(account),
    username,
    ...(await readCredential(config)),
    database,
    ...(warehouse === undefined ? {} : { warehouse }),
    ...(role === undefined ? {} : { role }),
  });
}
