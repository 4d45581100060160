import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Beginnings of paths, in the order in which their files start; a clean clone knows no durations, and size tells little. */
const order = [
  'test/chaos/',
  'test/contract/snowflake-',
  'test/contract/duckdb.test.ts',
  'test/property/duckdb-',
  'test/sync/',
  'test/workflow/',
  'test/contract/',
];

/** So that no file that takes minutes is left for the end, alone. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => this.#rank(a) - this.#rank(b));
  }

  #rank({ moduleId }: TestSpecification): number {
    const path = relative(this.ctx.config.root, moduleId);
    const found = order.findIndex((beginning) => path.startsWith(beginning));
    return found === -1 ? order.length : found;
  }
}
