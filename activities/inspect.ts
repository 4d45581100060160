import { failedFinding, type Finding } from '../model/finding.ts';
import type { InspectInput, InspectResult, InspectResults } from '../model/inspection.ts';
import { SyncError } from '../model/errors.ts';
import type { StreamSettings } from '../model/stream-settings.ts';
import type { ActivityDeps } from './deps.ts';
import { verify } from './verify.ts';

const defaultLimit = 100;
/** Keeps the answer far below what Temporal accepts as one payload. */
const maxLimit = 1_000;

/** Looks, and changes nothing. Answers hold names, counts and ids, never a record's values. */
export async function inspect(deps: ActivityDeps, input: InspectInput, signal: AbortSignal): Promise<InspectResult> {
  switch (input.verb) {
    case 'check':
      return { verb: 'check', findings: await check(deps, input.pipelines ?? deps.pipelines(), signal) };
    case 'discover':
      return discover(deps, input, signal);
    case 'errors': {
      const { destination, target } = await openTarget(deps, input.stream);
      const rejects = await destination.listRejects({ ...target, limit: limitOf(input.limit) }, signal);
      return { verb: 'errors', stream: input.stream, ...rejects };
    }
    case 'history': {
      const { destination, target } = await openTarget(deps, input.stream);
      const runs = await destination.listRuns({ ...target, limit: limitOf(input.limit) }, signal);
      return { verb: 'history', stream: input.stream, runs };
    }
    case 'rows': {
      const counts: Record<string, { live: number; deleted: number } | null> = {};
      for (const stream of input.streams) {
        const { destination, target } = await openTarget(deps, stream);
        counts[stream] = await destination.countRows(target, signal);
      }
      return { verb: 'rows', counts };
    }
    case 'verify':
      return verify(deps, input, signal);
    default:
      throw new SyncError('ConfigInvalid', 'inspect: unknown verb', {
        next: 'use one of check, discover, errors, history, rows, verify',
      });
  }
}

async function check(deps: ActivityDeps, pipelines: readonly string[], signal: AbortSignal): Promise<Finding[]> {
  const streams = pipelines.flatMap((pipeline) => deps.pipelineStreams(pipeline));
  const sources = Map.groupBy(streams, ({ source }) => source);
  const destinations = new Set(streams.map(({ destination }) => destination));
  const asked = [
    ...[...sources].map(([name, used]) =>
      findings(`source ${name}`, async () => (await deps.source(name)).check(objectsOf(used), signal)),
    ),
    ...[...destinations].map((name) =>
      findings(`destination ${name}`, async () => (await deps.destination(name)).check(signal)),
    ),
  ];
  const worker: Finding = { subject: 'worker', status: 'ok', text: deps.workerText, next: null, kind: null };
  return [worker, ...(await Promise.all(asked)).flat()];
}

/** What the streams read, and what their associations lead to. */
function objectsOf(streams: readonly Pick<StreamSettings, 'object' | 'associations'>[]): string[] {
  return [...new Set(streams.flatMap(({ object, associations }) => [object, ...associations.map(({ to }) => to)]))];
}

/** A connector that cannot even be opened (a missing variable, say) is a finding like any other. */
async function findings(subject: string, look: () => Promise<Finding[]>): Promise<Finding[]> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof SyncError)) throw error;
    return [failedFinding(subject, error)];
  }
}

async function discover(
  deps: ActivityDeps,
  input: Extract<InspectInput, { verb: 'discover' }>,
  signal: AbortSignal,
): Promise<InspectResults['discover']> {
  const streams = deps.pipelineStreams(input.pipeline);
  const [first] = streams;
  if (first === undefined) {
    throw new SyncError('ConfigInvalid', `pipeline ${input.pipeline} has no streams`, {
      next: 'add one to the config',
    });
  }
  const source = await deps.source(first.source);
  if (input.object === undefined) {
    return { verb: 'discover', kind: 'objects', objects: await source.listObjects(signal) };
  }
  const asked = streams.find(({ stream }) => stream === `${input.pipeline}.${input.object}`)?.object ?? input.object;
  const description = await source.describeObject(asked, signal);
  const summary = await source.summarizeObject(description.object, signal);
  return { verb: 'discover', kind: 'object', description, summary };
}

async function openTarget(deps: ActivityDeps, stream: string) {
  const settings = deps.streamSettings(stream);
  return {
    destination: await deps.destination(settings.destination),
    target: { stream: settings.stream, table: settings.table },
  };
}

function limitOf(limit: number | undefined): number {
  return Math.max(1, Math.min(maxLimit, Math.floor(limit ?? defaultLimit)));
}
