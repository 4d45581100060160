import { describe } from 'vitest';
import { hasNoPython, needsPython, useSnowflakeAccount } from '../support/snowflake-under-test.ts';
import { describeDestination } from './destination-contract.ts';

describe.skipIf(hasNoPython)(`an emulated account (${needsPython})`, () => {
  describeDestination('Snowflake', useSnowflakeAccount());
});
