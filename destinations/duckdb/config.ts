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
  // On two cores one thread merges as fast as two, with 8 instead of 13 s of CPU for 400,000 rows.
  threads: z.int().min(1).max(256).default(1).describe('Threads for one statement'),
  readCopy: z
    .enum(['afterRun', 'off'])
    .default('afterRun')
    .describe('Whether <path>.read.duckdb is published after a run that wrote, for other programs to read at any time'),
});

export type DuckDbConfig = z.infer<typeof duckDbConfig>;

/** What a first config says of a file. */
export const duckDbStarter = {
  name: 'local',
  option: 'path',
  value: './data/warehouse.duckdb',
  question: 'DuckDB file to write to',
  others: {},
} as const;
