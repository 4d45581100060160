import { describe } from 'vitest';
import { openSnowflakeTestAccount, readTestAccount, variableOf } from '../support/snowflake-test-account.ts';
import { describeAdoption } from './destination-adoption-contract.ts';
import { describeAssociations } from './destination-association-contract.ts';
import { describeComparison } from './destination-compare-contract.ts';
import { describeDestination } from './destination-contract.ts';
import { describeRejects } from './destination-reject-contract.ts';
import { describeReport } from './destination-report-contract.ts';
import { describeSchemaContract } from './destination-schema-contract.ts';
import { describeStreamState } from './destination-state-contract.ts';
import { describeTombstones } from './destination-tombstone-contract.ts';

const account = readTestAccount(process.env);
/** A statement across a network takes as long as a test on this machine. */
const timeout = 600_000;

describe.skipIf(account === null)(`a Snowflake account (needs ${variableOf('account')})`, { timeout }, () => {
  const open = () => openSnowflakeTestAccount(account!);
  describeDestination('Snowflake', open);
  describeStreamState('Snowflake', open);
  describeRejects('Snowflake', open);
  describeSchemaContract('Snowflake', open);
  describeTombstones('Snowflake', open);
  describeAssociations('Snowflake', open);
  describeComparison('Snowflake', open);
  describeReport('Snowflake', open);
  describeAdoption('Snowflake', open);
});
