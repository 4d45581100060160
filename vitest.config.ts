import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 120_000,
    /* Two at a time: end-to-end tests start a server, a worker and a simulator each. */
    maxWorkers: 2,
  },
});
