import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Beginnings of paths, in the order in which their files start; a clean clone knows no durations, and size tells little. */
const order = [
  'test/contract/snowflake-',
  'test/contract/duckdb.test.ts',
  'test/property/duckdb-',
  'test/sync/',
  'test/workflow/',
  'test/contract/',
];

/** Their tests run at once, each with a server and workers of its own: three such files beside each other only wait. */
const crowded = 'test/chaos/';

/** So that no file that takes minutes is left for the end, alone, and crowded ones have quiet ones beside them. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const crowds = sorted.filter((file) => this.#path(file).startsWith(crowded));
    const others = sorted.filter((file) => !crowds.includes(file)).toSorted((a, b) => this.#rank(a) - this.#rank(b));
    return others.flatMap((file, at) => [file, ...crowds.slice(at, at + 1)]).concat(crowds.slice(others.length));
  }

  #rank(file: TestSpecification): number {
    const found = order.findIndex((beginning) => this.#path(file).startsWith(beginning));
    return found === -1 ? order.length : found;
  }

  #path({ moduleId }: TestSpecification): string {
    return relative(this.ctx.config.root, moduleId);
  }
}
