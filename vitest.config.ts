import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 120_000,
    /* End-to-end tests start a server, a worker and a simulator each, and wait as much as they work. */
    maxWorkers: 3,
  },
});
