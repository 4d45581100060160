import type { StreamSettings } from '../model/stream-settings.ts';
import { isStreamNamePart } from '../model/stream-name.ts';
import { withEnds } from './associations.ts';
import { checkSection } from './check-section.ts';
import { checkStream, type StreamSurroundings } from './check-stream.ts';
import { suggestName } from '../model/nearest-name.ts';
import { nameText, type ConfigPath, type Problem } from './problem.ts';
import { pipelineSchema } from './schema.ts';
import { checkLeastDurations } from './sync-options.ts';
import { isMapping } from './yaml-document.ts';

export interface CheckedPipeline {
  /** Of its streams, valid or not. */
  readonly names: readonly string[];
  /** By stream name; null where the stream is not valid. */
  readonly streams: ReadonlyMap<string, StreamSettings | null>;
  readonly problems: readonly Problem[];
}

/** What a pipeline's check has to know of the rest of the config. */
export interface PipelineSurroundings extends StreamSurroundings {
  readonly sources: readonly string[];
  readonly destinations: readonly string[];
}

interface PipelineRequest extends PipelineSurroundings {
  readonly name: string;
  readonly value: unknown;
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
    ...checkLeastDurations(pipeline, { path, isTesting: request.isTesting }),
  );
  const results = Object.entries(pipeline.streams).map(([name, value]) => {
    const result = checkStream({ ...request, pipeline, pipelineName: request.name, name, value });
    problems.push(...result.problems);
    return [name, result.value] as const;
  });
  if (results.length === 0) problems.push({ path: [...path, 'streams'], text: 'names no stream' });
  const valid = results.flatMap(([, stream]) => stream ?? []);
  const streams = new Map(results.map(([name, stream]) => [name, stream && withEnds(valid, stream)]));
  return { names, streams, problems };
}

function checkEnd(end: { path: ConfigPath; what: string; name: string; names: readonly string[] }): Problem[] {
  if (end.names.includes(end.name)) return [];
  return [{ path: end.path, text: `no ${end.what} of this name, ${suggestName(end.name, end.names)}` }];
}
