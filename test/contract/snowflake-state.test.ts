import { describe } from 'vitest';
import { hasNoPython, needsPython, useSnowflakeAccount } from '../support/snowflake-under-test.ts';
import { describeRejects } from './destination-reject-contract.ts';
import { describeSchemaContract } from './destination-schema-contract.ts';
import { describeStreamState } from './destination-state-contract.ts';

describe.skipIf(hasNoPython)(`an emulated account (${needsPython})`, () => {
  const open = useSnowflakeAccount();
  describeStreamState('Snowflake', open);
  describeRejects('Snowflake', open);
  describeSchemaContract('Snowflake', open);
});
