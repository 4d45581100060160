import { minChunkRecords } from '../model/backfill-request.ts';
import { mostHeldBatches, type HoldSettings } from '../model/held-changes.ts';
import type { StreamSettings } from '../model/stream-settings.ts';
import { isStreamNamePart, streamName } from '../model/stream-name.ts';
import { associationTables, type UsualAssociations } from './associations.ts';
import { checkSection } from './check-section.ts';
import { suggestName } from '../model/nearest-name.ts';
import { nameText, type ConfigPath, type Problem } from './problem.ts';
import { plannedStreamOptions, streamSchema, type PipelineOptions, type StreamOptions } from './schema.ts';
import { settleSync } from './settle-sync.ts';
import { checkLeastDurations, type SyncOptions } from './sync-options.ts';
import { isMapping } from './yaml-document.ts';

/** What a stream's check has to know of the config around its pipeline. */
export interface StreamSurroundings {
  /** Allows chunks and times that are too small for production. */
  readonly isTesting: boolean;
  /** What the config says for all pipelines. */
  readonly syncOptions: SyncOptions;
  /** What the environment says of `incremental.enabled`; null for nothing. */
  readonly incrementalEnabled: boolean | null;
  readonly usualAssociations: (source: string) => UsualAssociations;
}

interface StreamRequest extends StreamSurroundings {
  readonly pipelineName: string;
  readonly pipeline: PipelineOptions;
  readonly name: string;
  readonly value: unknown;
}

/** Validates one stream. Which tables end at its object is left open: only the pipeline knows its other streams' tables. */
export function checkStream(request: StreamRequest): { value: StreamSettings | null; problems: Problem[] } {
  const { name, pipeline, pipelineName } = request;
  const pipelinePath: ConfigPath = ['pipelines', pipelineName];
  const path: ConfigPath = [...pipelinePath, 'streams', name];
  const problems: Problem[] = isStreamNamePart(name) ? [] : [{ path, text: nameText }];
  const checked = checkSection({
    schema: streamSchema,
    value: request.value ?? {},
    path,
    planned: plannedStreamOptions,
  });
  if (checked.value === null) return { value: null, problems: [...problems, ...checked.problems] };
  const options = checked.value;
  if (options.chunkRecords < minChunkRecords && !request.isTesting) {
    problems.push({ path: [...path, 'chunkRecords'], text: `must be at least ${minChunkRecords}` });
  }
  if (options.table === undefined && name.toLowerCase().startsWith('sync_')) {
    problems.push({ path, text: 'tables that begin with sync_ are taken; give this stream a table of another name' });
  }
  const [schema, inSchema] = splitTable(options.table ?? name);
  const table = { schema: schema ?? pipeline.schema ?? pipelineName, table: inSchema };
  const object = objectOf(name, options);
  const associations = associationTables({
    object,
    schema: table.schema,
    named: options.associations,
    usual: request.usualAssociations(pipeline.source),
    objects: new Set(Object.entries(pipeline.streams).map(([stream, value]) => objectOf(stream, value))),
    path,
  });
  const sync = settleSync(
    [
      { path, options },
      { path: pipelinePath, options: pipeline },
      { path: [], options: request.syncOptions },
    ],
    { incrementalEnabled: request.incrementalEnabled, applyIntervalMs: options.apply.interval ?? 0 },
  );
  problems.push(
    ...checkPicked('hash', options, path),
    ...checkPicked('json', options, path),
    ...checkApply(options.apply, path),
    ...associations.problems,
    ...checkLeastDurations(options, { path, isTesting: request.isTesting }),
    ...sync.problems,
  );
  const value: StreamSettings = {
    stream: streamName(pipelineName, name),
    pipeline: pipelineName,
    source: pipeline.source,
    destination: pipeline.destination,
    object,
    table,
    columns: options.columns ?? null,
    chunkRecords: options.chunkRecords,
    batchesPerMerge: options.apply.everyBatches ?? 1,
    hold: holdOf(options.apply),
    contract: options.contract,
    onVanished: options.onVanished,
    hashedProperties: options.hash,
    jsonProperties: options.json,
    associations: associations.value,
    incomingAssociations: [],
    ...sync.value,
    rejectLimit: options.limits.rejects,
  };
  return { value, problems };
}

/** Also of a stream that is not valid: which associations are usual must not hang on another stream's variables. */
function objectOf(stream: string, options: unknown): string {
  const object = isMapping(options) ? options['object'] : undefined;
  return typeof object === 'string' ? object : stream;
}

/** With each run's changes merged by themselves, none could wait. */
function checkApply({ interval, everyBatches }: StreamOptions['apply'], path: ConfigPath): Problem[] {
  if (interval === undefined || everyBatches !== 1) return [];
  return [
    { path: [...path, 'apply', 'everyBatches'], text: 'is 1, so that nothing waits for `interval`: leave one out' },
  ];
}

function holdOf({ interval, everyBatches }: StreamOptions['apply']): HoldSettings | null {
  return interval === undefined ? null : { intervalMs: interval, mostBatches: everyBatches ?? mostHeldBatches };
}

function splitTable(table: string): [schema: string | null, table: string] {
  const [first = '', second] = table.split('.');
  return second === undefined ? [null, first] : [first, second];
}

/** Properties that an option picks among those that are copied. */
function checkPicked(option: 'hash' | 'json', options: StreamOptions, path: ConfigPath): Problem[] {
  const { columns, hash } = options;
  return options[option].flatMap((property, index) => {
    const place = [...path, option, index];
    if (property === 'id') {
      return [{ path: place, text: `is the key, which cannot be ${option === 'hash' ? 'hashed' : 'JSON'}` }];
    }
    if (option === 'json' && hash.includes(property))
      return [{ path: place, text: 'is hashed, and a hash is no JSON' }];
    if (columns === undefined || columns.includes(property)) return [];
    return [{ path: place, text: `is not among columns, ${suggestName(property, columns)}` }];
  });
}
