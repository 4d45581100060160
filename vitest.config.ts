import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 120_000,
    /* Hundreds of workers and command lines are started: each loads its code in half the time. */
    env: { NODE_COMPILE_CACHE: fileURLToPath(new URL('node_modules/.cache/node', import.meta.url)) },
    /* End-to-end tests start a server, a worker and a simulator each, and wait half of the time: three keep two cores busy. */
    maxWorkers: 3,
  },
});
