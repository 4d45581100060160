import { describe } from 'vitest';
import { hasNoPython, needsPython, useSnowflakeAccount } from '../support/snowflake-under-test.ts';
import { describeAssociations } from './destination-association-contract.ts';
import { describeComparison } from './destination-compare-contract.ts';
import { describeReport } from './destination-report-contract.ts';
import { describeTombstones } from './destination-tombstone-contract.ts';

describe.skipIf(hasNoPython)(`an emulated account (${needsPython})`, () => {
  const open = useSnowflakeAccount();
  describeTombstones('Snowflake', open);
  describeAssociations('Snowflake', open);
  describeComparison('Snowflake', open);
  describeReport('Snowflake', open);
});
