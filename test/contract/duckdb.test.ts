import { openDuckDbUnderTest } from '../support/duckdb-under-test.ts';
import { describeComparison } from './destination-compare-contract.ts';
import { describeDestination } from './destination-contract.ts';
import { describeSchemaContract } from './destination-schema-contract.ts';
import { describeStreamState } from './destination-state-contract.ts';

describeDestination('DuckDB', openDuckDbUnderTest);
describeComparison('DuckDB', openDuckDbUnderTest);
describeSchemaContract('DuckDB', openDuckDbUnderTest);
describeStreamState('DuckDB', openDuckDbUnderTest);
