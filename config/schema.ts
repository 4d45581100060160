import { z } from 'zod';
import { maxChunkRecords } from '../model/backfill-request.ts';
import { mostBatchesPerMerge } from '../model/join-batches.ts';
import { schemaContracts } from '../model/plan.ts';
import { defaultTaskQueue } from '../model/workflow-id.ts';
import { encryptionSchema } from './encryption.ts';
import { durationUpTo, syncOptions } from './sync-options.ts';

/** A name in SQL: what every destination can quote, and not one of Sluice's own tables. */
const sqlName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_$-]{0,62}$/, {
  error: 'must be letters, digits, _, $ or -, a letter or _ first, at most 63 long',
});

/** Whether a name that is made of others may stand where `schema` may. */
export function isSqlName(name: string): boolean {
  return sqlName.safeParse(name).success;
}

/** Names, none of them twice. */
function nameList(what: string) {
  return z
    .array(z.string().min(1))
    .refine((names) => new Set(names).size === names.length, { error: `names ${what} twice` });
}

const tableName = z.string().regex(/^([A-Za-z_][A-Za-z0-9_$-]{0,62}\.)?(?!sync_)[A-Za-z_][A-Za-z0-9_$-]{0,62}$/i, {
  error: 'must be table or schema.table, of letters, digits, _, $ or -; names that begin with sync_ are taken',
});

export const streamSchema = z.strictObject({
  object: z.string().min(1).optional().describe("Object or table at the source; default: the stream's name"),
  table: tableName.optional().describe("[schema.]table at the destination; default: the stream's name"),
  columns: nameList('a property').min(1).optional().describe('Properties to copy; default: all'),
  hash: nameList('a property')
    .default([])
    .describe('Properties to keep as HMAC-SHA-256 only, with the key in SLUICE_HASH_KEY'),
  json: nameList('a property')
    .default([])
    .describe('Properties whose text is JSON, for columns of that type: VARIANT in Snowflake, JSON in DuckDB'),
  contract: z.enum(schemaContracts).default('evolve').describe("What becomes of changes to the source's properties"),
  onVanished: z
    .enum(['flag', 'erase'])
    .default('flag')
    .describe('What becomes of a row whose record is gone without a trace'),
  associations: nameList('an object')
    .optional()
    .describe('Objects to read associations with; default: the usual ones among the streams of the pipeline'),
  chunkRecords: z
    .int()
    .min(1)
    .max(maxChunkRecords)
    .default(25_000)
    .describe('Records per extract and merge, 20000 to 50000'),
  apply: z
    .strictObject({
      everyBatches: z
        .int()
        .min(1)
        .max(mostBatchesPerMerge)
        .optional()
        .describe(
          'Chunks that one merge takes, where so many are staged; default: 1. Larger merges cost a warehouse less',
        ),
      interval: durationUpTo('1d')
        .optional()
        .describe(
          'Changes that scheduled runs find wait staged for so long, to be merged at once; default: for nothing',
        ),
    })
    .prefault({})
    .describe('When what is staged is merged'),
  limits: z
    .strictObject({
      rejects: z.int().min(0).default(1_000).describe('Records and values a run may reject before it stops'),
    })
    .prefault({})
    .describe('When a run gives up'),
  ...syncOptions,
});

/** Options of a stream that are documented and not built. */
export const plannedStreamOptions: readonly string[] = ['naming', 'key'];

export const pipelineSchema = z.strictObject({
  source: z.string().min(1).describe('Name of one of sources'),
  destination: z.string().min(1).describe('Name of one of destinations'),
  schema: sqlName.optional().describe("Target schema; default: the pipeline's name"),
  streams: z.record(z.string(), z.unknown()).describe('What to copy, by name; {} takes all defaults'),
  ...syncOptions,
});

export const fileSchema = z.strictObject({
  version: z.literal(1),
  sources: z.record(z.string(), z.unknown()).describe('Where records come from, by name'),
  destinations: z.record(z.string(), z.unknown()).describe('Where rows go, by name'),
  pipelines: z.record(z.string(), z.unknown()).describe('What goes from where to where, by name'),
  ...syncOptions,
  // Checked by config/monitoring.ts: their variables are a worker's only.
  metrics: z.unknown().optional(),
  health: z.unknown().optional(),
  alerts: z.unknown().optional(),
  temporal: z
    .strictObject({
      address: z
        .string()
        .min(1)
        .optional()
        .describe('host:port; default: TEMPORAL_ADDRESS, a running sluice dev, the profile'),
      namespace: z.string().min(1).optional(),
      taskQueue: z.string().min(1).default(defaultTaskQueue),
      deployment: z
        .strictObject({
          name: z.string().regex(/^[^.]+$/, { error: 'must not contain a dot' }),
          buildId: z.string().min(1).describe('Names what is deployed, for example its version'),
        })
        .optional()
        .describe('Worker Deployment versioning of `sluice worker`; default: none'),
    })
    .prefault({}),
  encryption: encryptionSchema.optional().describe('Keys of what Temporal keeps: inputs, results and failures'),
  dataDir: z.string().min(1).default('.sluice').describe('Where stages and the local Temporal keep their files'),
  budgetDir: z
    .string()
    .min(1)
    .optional()
    .describe('Where processes of this machine share request budgets; default: a folder of the user'),
  testing: z
    .strictObject({
      smallChunks: z.boolean().default(false).describe('Allows chunkRecords below 20000, and short times'),
    })
    .prefault({})
    .describe('For tests of pipelines on little data, never for production'),
});

export type StreamOptions = z.infer<typeof streamSchema>;
export type PipelineOptions = z.infer<typeof pipelineSchema>;
export type FileOptions = z.infer<typeof fileSchema>;
