import { minChunkRecords } from '../model/backfill-request.ts';
import type { StreamSettings } from '../model/stream-settings.ts';
import { isStreamNamePart, streamName, type StreamName } from '../model/stream-name.ts';
import { checkSection } from './check-section.ts';
import { suggestName } from '../model/nearest-name.ts';
import { nameText, type ConfigPath, type Problem } from './problem.ts';
import { isMapping } from './yaml-document.ts';
import { pipelineSchema, plannedStreamOptions, streamSchema, type PipelineOptions } from './schema.ts';

export interface CheckedPipeline {
  /** Of its streams, valid or not. */
  readonly names: readonly string[];
  /** By stream name; null where the stream is not valid. */
  readonly streams: ReadonlyMap<string, StreamSettings | null>;
  readonly problems: readonly Problem[];
}

interface PipelineRequest {
  readonly name: string;
  readonly value: unknown;
  readonly sources: readonly string[];
  readonly destinations: readonly string[];
  readonly allowSmallChunks: boolean;
}

/** Validates one pipeline with its streams. */
export function checkPipeline(request: PipelineRequest): CheckedPipeline {
  const path: ConfigPath = ['pipelines', request.name];
  const checked = checkSection({ schema: pipelineSchema, value: request.value, path });
  const problems: Problem[] = isStreamNamePart(request.name) ? [] : [{ path, text: nameText }];
  const names =
    isMapping(request.value) && isMapping(request.value['streams']) ? Object.keys(request.value['streams']) : [];
  if (checked.value === null) return { names, streams: new Map(), problems: [...problems, ...checked.problems] };
  const pipeline = checked.value;
  problems.push(
    ...checkEnd({ path: [...path, 'source'], what: 'source', name: pipeline.source, names: request.sources }),
    ...checkEnd({
      path: [...path, 'destination'],
      what: 'destination',
      name: pipeline.destination,
      names: request.destinations,
    }),
  );
  const streams = new Map<string, StreamSettings | null>();
  for (const [stream, value] of Object.entries(pipeline.streams)) {
    const result = checkStream({ ...request, value }, pipeline, stream);
    streams.set(stream, result.value);
    problems.push(...result.problems);
  }
  if (streams.size === 0) problems.push({ path: [...path, 'streams'], text: 'names no stream' });
  return { names, streams, problems };
}

function checkStream(
  request: PipelineRequest,
  pipeline: PipelineOptions,
  name: string,
): { value: StreamSettings | null; problems: Problem[] } {
  const path: ConfigPath = ['pipelines', request.name, 'streams', name];
  const problems: Problem[] = isStreamNamePart(name) ? [] : [{ path, text: nameText }];
  const checked = checkSection({
    schema: streamSchema,
    value: request.value ?? {},
    path,
    planned: plannedStreamOptions,
  });
  if (checked.value === null) return { value: null, problems: [...problems, ...checked.problems] };
  const options = checked.value;
  if (options.chunkRecords < minChunkRecords && !request.allowSmallChunks) {
    problems.push({ path: [...path, 'chunkRecords'], text: `must be at least ${minChunkRecords}` });
  }
  const table = options.table ?? name;
  if (options.table === undefined && name.toLowerCase().startsWith('sync_')) {
    problems.push({ path, text: 'tables that begin with sync_ are taken; give this stream a table of another name' });
  }
  const [schema, inSchema] = table.includes('.') ? (table.split('.') as [string, string]) : [null, table];
  const value: StreamSettings = {
    stream: streamName(request.name, name),
    pipeline: request.name,
    source: pipeline.source,
    destination: pipeline.destination,
    object: options.object ?? name,
    table: { schema: schema ?? pipeline.schema ?? request.name, table: inSchema },
    columns: options.columns ?? null,
    chunkRecords: options.chunkRecords,
    rejectLimit: options.limits.rejects,
  };
  return { value, problems };
}

function checkEnd(end: { path: ConfigPath; what: string; name: string; names: readonly string[] }): Problem[] {
  if (end.names.includes(end.name)) return [];
  return [{ path: end.path, text: `no ${end.what} of this name, ${suggestName(end.name, end.names)}` }];
}

/**
 * Streams that would write to one table: each would take the other's rows for its own. `databaseOf` gives what two names
 * of one database have in common.
 */
export function findSharedTables(
  streams: Iterable<StreamSettings>,
  databaseOf: (destination: string) => unknown,
): Problem[] {
  const owners = new Map<string, StreamName>();
  const problems: Problem[] = [];
  for (const { destination, table, stream, pipeline } of streams) {
    const key = JSON.stringify([databaseOf(destination), table.schema.toLowerCase(), table.table.toLowerCase()]);
    const owner = owners.get(key);
    if (owner === undefined) {
      owners.set(key, stream);
      continue;
    }
    problems.push({
      path: ['pipelines', pipeline, 'streams', stream.slice(pipeline.length + 1)],
      text: `writes to the same table of ${destination} as ${owner}; give one of them another table`,
    });
  }
  return problems;
}
