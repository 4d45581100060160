import { SyncError } from '../model/errors.ts';
import { failedFinding } from '../model/finding.ts';
import type { ExaminedDestination, ExaminedSource, InspectInput, InspectResults } from '../model/inspection.ts';
import type { StreamSettings } from '../model/stream-settings.ts';
import { checkSource } from './check-connectors.ts';
import type { ActivityDeps } from './deps.ts';
import { listStagedRuns } from './stage-folders.ts';

/** Everything that only a worker sees, in one look; changes nothing. */
export async function examine(
  deps: ActivityDeps,
  input: Extract<InspectInput, { verb: 'examine' }>,
  signal: AbortSignal,
): Promise<InspectResults['examine']> {
  const streams = input.of.map((stream) => deps.streamSettings(stream));
  const sources = [...Map.groupBy(streams, ({ source }) => source)];
  const destinations = [...Map.groupBy(streams, ({ destination }) => destination)];
  const [examinedSources, examinedDestinations, stages] = await Promise.all([
    Promise.all(sources.map(([name, used]) => examineSource(deps, { name, streams: used }, signal))),
    Promise.all(destinations.map(([name, used]) => examineDestination(deps, { name, streams: used }))),
    listStagedRuns(deps.stageRoot),
  ]);
  return {
    verb: 'examine',
    worker: deps.workerText,
    now: new Date().toISOString(),
    sources: examinedSources,
    destinations: examinedDestinations,
    stages,
  };
}

interface Used {
  readonly name: string;
  readonly streams: readonly StreamSettings[];
}

async function examineSource(deps: ActivityDeps, used: Used, signal: AbortSignal): Promise<ExaminedSource> {
  const { name } = used;
  const checked = await checkSource(deps, used, signal);
  if (checked.some(({ status, kind }) => status === 'failed' && kind !== null && kind !== 'config')) {
    return { name, findings: checked, usage: null };
  }
  try {
    return { name, findings: checked, usage: await (await deps.source(name)).readUsage(signal) };
  } catch (error) {
    if (!(error instanceof SyncError)) throw error;
    // A connector that could not be opened has said so already.
    const isKnown = checked.some(({ text }) => text === error.message);
    return { name, findings: isKnown ? checked : [...checked, failedFinding(`usage of ${name}`, error)], usage: null };
  }
}

async function examineDestination(deps: ActivityDeps, { name, streams }: Used): Promise<ExaminedDestination> {
  const known = { name, streams: streams.map(({ stream }) => stream) };
  try {
    const { isMetered, ownerQueue } = await deps.destination(name);
    return { ...known, isMetered, ownerQueue, problem: null };
  } catch (error) {
    if (!(error instanceof SyncError)) throw error;
    return { ...known, isMetered: false, ownerQueue: null, problem: failedFinding(`destination ${name}`, error) };
  }
}
