import { openDuckDbUnderTest } from '../support/duckdb-under-test.ts';
import { describeAssociations } from './destination-association-contract.ts';
import { describeComparison } from './destination-compare-contract.ts';
import { describeDestination } from './destination-contract.ts';
import { describeTombstones } from './destination-tombstone-contract.ts';
import { describeRejects } from './destination-reject-contract.ts';
import { describeReport } from './destination-report-contract.ts';
import { describeSchemaContract } from './destination-schema-contract.ts';
import { describeStreamState } from './destination-state-contract.ts';

describeDestination('DuckDB', openDuckDbUnderTest);
describeComparison('DuckDB', openDuckDbUnderTest);
describeRejects('DuckDB', openDuckDbUnderTest);
describeReport('DuckDB', openDuckDbUnderTest);
describeSchemaContract('DuckDB', openDuckDbUnderTest);
describeStreamState('DuckDB', openDuckDbUnderTest);
describeTombstones('DuckDB', openDuckDbUnderTest);
describeAssociations('DuckDB', openDuckDbUnderTest);
