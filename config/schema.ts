import { z } from 'zod';
import { maxChunkRecords } from '../model/backfill-request.ts';
import { defaultTaskQueue } from '../model/workflow-id.ts';

/** A name in SQL: what every destination can quote, and not one of Sluice's own tables. */
const sqlName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_$-]{0,62}$/, {
  error: 'must be letters, digits, _, $ or -, a letter or _ first, at most 63 long',
});

const tableName = z.string().regex(/^([A-Za-z_][A-Za-z0-9_$-]{0,62}\.)?(?!sync_)[A-Za-z_][A-Za-z0-9_$-]{0,62}$/i, {
  error: 'must be table or schema.table, of letters, digits, _, $ or -; names that begin with sync_ are taken',
});

export const streamSchema = z.strictObject({
  object: z.string().min(1).optional().describe("Object or table at the source; default: the stream's name"),
  table: tableName.optional().describe("[schema.]table at the destination; default: the stream's name"),
  columns: z
    .array(z.string().min(1))
    .min(1)
    .refine((names) => new Set(names).size === names.length, { error: 'names a property twice' })
    .optional()
    .describe('Properties to copy; default: all'),
  chunkRecords: z
    .int()
    .min(1)
    .max(maxChunkRecords)
    .default(25_000)
    .describe('Records per extract and merge, 20000 to 50000'),
  limits: z
    .strictObject({
      rejects: z.int().min(0).default(1_000).describe('Records and values a run may reject before it stops'),
    })
    .prefault({}),
});

/** Options of a stream that are documented and not built. */
export const plannedStreamOptions: readonly string[] = [
  'schedules',
  'hash',
  'contract',
  'onVanished',
  'incremental',
  'apply',
  'naming',
  'key',
];

export const pipelineSchema = z.strictObject({
  source: z.string().min(1),
  destination: z.string().min(1),
  schema: sqlName.optional().describe("Target schema; default: the pipeline's name"),
  streams: z.record(z.string(), z.unknown()),
});

export const fileSchema = z.strictObject({
  version: z.literal(1),
  sources: z.record(z.string(), z.unknown()),
  destinations: z.record(z.string(), z.unknown()),
  pipelines: z.record(z.string(), z.unknown()),
  temporal: z
    .strictObject({
      address: z
        .string()
        .min(1)
        .optional()
        .describe('host:port; default: TEMPORAL_ADDRESS, a running sluice dev, the profile'),
      namespace: z.string().min(1).optional(),
      taskQueue: z.string().min(1).default(defaultTaskQueue),
    })
    .prefault({}),
  dataDir: z.string().min(1).default('.sluice').describe('Where stages and the local Temporal keep their files'),
  testing: z
    .strictObject({ smallChunks: z.boolean().default(false).describe('Allows chunkRecords below 20000') })
    .prefault({})
    .describe('For tests of pipelines on little data, never for production'),
});

export type PipelineOptions = z.infer<typeof pipelineSchema>;
export type FileOptions = z.infer<typeof fileSchema>;
