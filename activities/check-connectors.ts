import type { DestinationUse } from '../model/destination.ts';
import { SyncError } from '../model/errors.ts';
import { failedFinding, type Finding } from '../model/finding.ts';
import { leastGapMs } from '../model/schedule-gap.ts';
import type { StreamSettings } from '../model/stream-settings.ts';
import type { ActivityDeps } from './deps.ts';

/** Asks every source and destination of the pipelines whether a run would get through. */
export async function checkConnectors(
  deps: ActivityDeps,
  pipelines: readonly string[],
  signal: AbortSignal,
): Promise<Finding[]> {
  const streams = pipelines.flatMap((pipeline) => deps.pipelineStreams(pipeline));
  const sources = Map.groupBy(streams, ({ source }) => source);
  const destinations = Map.groupBy(streams, ({ destination }) => destination);
  const asked = [
    ...[...sources].map(([name, used]) => checkSource(deps, { name, streams: used }, signal)),
    ...[...destinations].map(([name, used]) => checkDestination(deps, { name, streams: used }, signal)),
  ];
  const worker: Finding = { subject: 'worker', status: 'ok', text: deps.workerText, next: null, kind: null };
  return [worker, ...(await Promise.all(asked)).flat()];
}

/** Credentials, and whether what the streams read may be read. */
export function checkSource(
  deps: Pick<ActivityDeps, 'source'>,
  { name, streams }: { name: string; streams: readonly StreamSettings[] },
  signal: AbortSignal,
): Promise<Finding[]> {
  return findings(`source ${name}`, async () => (await deps.source(name)).check(objectsOf(streams), signal));
}

/** What the streams need of it. */
export function checkDestination(
  deps: Pick<ActivityDeps, 'destination'>,
  { name, streams }: { name: string; streams: readonly StreamSettings[] },
  signal: AbortSignal,
): Promise<Finding[]> {
  return findings(`destination ${name}`, async () => (await deps.destination(name)).check(useBy(streams), signal));
}

function useBy(streams: readonly StreamSettings[]): DestinationUse {
  return {
    schemas: [...new Set(streams.map(({ table }) => table.schema))],
    incrementalGapsMs: streams.flatMap(({ schedules, hold }) => {
      const gapMs = leastGapMs(schedules, 'incremental');
      return gapMs === null ? [] : [Math.max(gapMs, hold?.intervalMs ?? 0)];
    }),
  };
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
