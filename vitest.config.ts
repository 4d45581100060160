import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/support/longest-first.ts';

const quick = ['test/architecture.test.ts', 'test/unit/**/*.test.ts'];

export default defineConfig({
  test: {
    hookTimeout: 120_000,
    globalSetup: 'test/support/make-bundle.ts',
    /* Hundreds of workers and command lines are started: each loads its code in half the time. */
    env: { NODE_COMPILE_CACHE: fileURLToPath(new URL('node_modules/.cache/node', import.meta.url)) },
    /* End-to-end tests start a server, a worker and a simulator each, and wait half of the time: three keep two cores busy. */
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    projects: [
      { extends: true, test: { name: 'quick', include: quick, testTimeout: 30_000 } },
      /* A story of several programs takes four times as long beside two others on a busy machine. */
      {
        extends: true,
        test: { name: 'whole', include: ['test/*/**/*.test.ts'], exclude: quick, testTimeout: 120_000 },
      },
    ],
  },
});
