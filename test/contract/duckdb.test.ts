import { openDuckDbUnderTest } from '../support/duckdb-under-test.ts';
import { describeDestination } from './destination-contract.ts';

describeDestination('DuckDB', openDuckDbUnderTest);
