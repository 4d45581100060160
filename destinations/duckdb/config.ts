import { z } from 'zod';

/** The `duckdb` entry under `destinations:`. Driver-free; `path` is already absolute when the loader hands it on. */
export const duckDbConfig = z.strictObject({
  kind: z.literal('duckdb'),
  path: z.string().min(1).describe('Database file; relative paths count from the config file'),
  memoryLimit: z
    .string()
    .regex(/^[1-9]\d*(\.\d+)? ?([KMGT]i?B)$/, 'write a size such as 512MB or 1GB')
    .default('1GB')
    .describe('Most memory DuckDB may use for this file'),
  threads: z.int().min(1).max(256).optional().describe('Threads for one statement; default: one per core'),
});

export type DuckDbConfig = z.infer<typeof duckDbConfig>;
