import type { Destination } from '../model/destination.ts';
import { SyncError } from '../model/errors.ts';
import { failedFinding, type Finding } from '../model/finding.ts';
import type {
  ExaminedDestination,
  ExaminedSource,
  ExaminedStage,
  InspectInput,
  InspectResults,
} from '../model/inspection.ts';
import type { StreamSettings } from '../model/stream-settings.ts';
import { checkSource } from './check-connectors.ts';
import type { ActivityDeps } from './deps.ts';
import { listStagedRuns, mostListed } from './stage-folders.ts';

/** Everything that only a worker sees, in one look; changes nothing. */
export async function examine(
  deps: ActivityDeps,
  input: Extract<InspectInput, { verb: 'examine' }>,
  signal: AbortSignal,
): Promise<InspectResults['examine']> {
  const streams = input.of.map((stream) => deps.streamSettings(stream));
  const sources = [...Map.groupBy(streams, ({ source }) => source)];
  const destinations = [...Map.groupBy(streams, ({ destination }) => destination)];
  const [examinedSources, examined, stages] = await Promise.all([
    Promise.all(sources.map(([name, used]) => examineSource(deps, { name, streams: used }, signal))),
    Promise.all(destinations.map(([name, used]) => examineDestination(deps, { name, streams: used }, signal))),
    listStagedRuns(deps.stageRoot),
  ]);
  return {
    verb: 'examine',
    worker: deps.workerText,
    now: new Date().toISOString(),
    sources: examinedSources,
    destinations: examined.map(({ destination }) => destination),
    stages: [...stages, ...examined.flatMap(({ uploads }) => uploads)].slice(0, mostListed),
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

interface SeenDestination {
  readonly destination: ExaminedDestination;
  readonly uploads: readonly ExaminedStage[];
}

async function examineDestination(
  deps: ActivityDeps,
  { name, streams }: Used,
  signal: AbortSignal,
): Promise<SeenDestination> {
  const known = { name, streams: streams.map(({ stream }) => stream), problem: null, stagesProblem: null };
  const failed = (what: string, error: unknown): Finding => {
    if (!(error instanceof SyncError)) throw error;
    return failedFinding(what, error);
  };
  let open: Destination;
  try {
    open = await deps.destination(name);
  } catch (error) {
    const problem = failed(`destination ${name}`, error);
    return { destination: { ...known, isMetered: false, ownerQueue: null, problem }, uploads: [] };
  }
  const { isMetered, ownerQueue } = open;
  const destination = { ...known, isMetered, ownerQueue };
  try {
    return { destination, uploads: await listUploads(open, { name, streams }, signal) };
  } catch (error) {
    return { destination: { ...destination, stagesProblem: failed(`stages of ${name}`, error) }, uploads: [] };
  }
}

/** Of all streams: of one that config has no longer, nothing else would ever be found. */
async function listUploads(
  { stages }: Destination,
  { name, streams }: Used,
  signal: AbortSignal,
): Promise<ExaminedStage[]> {
  if (stages === null) return [];
  const schemas = [...new Set(streams.map(({ table }) => table.schema))];
  const found = await Promise.all(
    schemas.map(async (schema) =>
      (await stages.listRuns({ schema }, signal)).map((run) => ({ ...run, uploadedTo: { destination: name, schema } })),
    ),
  );
  return found.flat();
}
