import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { addRequests, emptyPart, type Stage, type StagePart } from '../model/batch.ts';
import type { Destination } from '../model/destination.ts';
import { LongWait, SyncError } from '../model/errors.ts';
import type { Frontier } from '../model/frontier.ts';
import type { InspectInput, InspectResults } from '../model/inspection.ts';
import type { SyncMode, StreamPlan } from '../model/plan.ts';
import type { StreamSettings } from '../model/stream-settings.ts';
import { buildPlan } from './build-plan.ts';
import type { ActivityDeps } from './deps.ts';
import { everythingOf } from './full-frontier.ts';
import { stageChunk, type StagedChunk } from './stage-chunk.ts';
import { uploadStage } from './upload-stage.ts';
import { removeUploaded, uploadedRun } from './uploaded-runs.ts';

const longestMs = 6 * 3_600_000;
/** Also of a verification that was cancelled. */
const removeWithinMs = 20_000;
const defaultSample = 1_000;
const maxSample = 10_000;
/** Of each difference; the answer is one payload. */
const maxIds = 100;

/** Compares a stream's source and table as a report: lists every id, samples whole records, and changes nothing. */
export async function verify(
  deps: ActivityDeps,
  input: Extract<InspectInput, { verb: 'verify' }>,
  signal: AbortSignal,
): Promise<InspectResults['verify']> {
  const settings = deps.streamSettings(input.stream);
  const [source, destination] = await Promise.all([
    deps.source(settings.source),
    deps.destination(settings.destination),
  ]);
  if (settings.hold !== null) await deps.applyHeld(input.stream, signal);
  // Observations are told by this machine's clock.
  const listedSince = new Date().toISOString();
  const description = await source.describeObject(settings.object, signal);
  const plan: StreamPlan = { ...buildPlan(settings, description), associations: [], incomingAssociations: [] };
  const verifications = join(deps.stageRoot, input.stream, 'verify');
  await sweepOld(verifications);
  await sweepOldUploads(destination, settings, signal);
  const verification = randomBytes(8).toString('hex');
  const folder = join(verifications, verification);
  const uploads = {
    stages: destination.stages,
    run: uploadedRun({ ...input, mode: 'verify', run: verification }, settings.table),
  };
  const bring = async (stage: Stage | null): Promise<Stage | null> =>
    stage === null ? null : uploadStage({ ...uploads, stage }, signal);
  const read = async (name: string, mode: SyncMode, frontier: Frontier): Promise<StagedChunk> => {
    const chunk = await stageChunk(
      deps,
      {
        mode,
        run: name,
        plan,
        frontier,
        chunkRecords: Number.MAX_SAFE_INTEGER,
        folder: join(folder, name),
        isKnown: () => false,
        maxHits: null,
        reuseKey: null,
      },
      { signal, onProgress: () => undefined },
    );
    if (chunk.wait !== null) throw new LongWait(chunk.wait);
    signal.throwIfAborted();
    return chunk;
  };
  try {
    const listed = await read('listing', 'reconcile', everythingOf(description));
    const ids = await sampleIds(listed.stage?.records ?? emptyPart, sampleSize(input.sample));
    const sampled = await read('sample', 'backfill', { kind: 'ids', ids });
    const listing = await bring(listed.stage);
    const sample = await bring(sampled.stage);
    const target = { stream: input.stream, table: settings.table };
    const report = await destination.reportListing(
      {
        ...target,
        plan,
        listing: listing?.records ?? emptyPart,
        archived: listing?.tombstones ?? emptyPart,
        sample,
        listedSince,
        maxIds,
      },
      signal,
    );
    return {
      verb: 'verify',
      stream: input.stream,
      report,
      requests: addRequests(listed.requests, sampled.requests),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
    await removeUploaded(deps, uploads, AbortSignal.timeout(removeWithinMs));
  }
}

/** Removes what verifications left that were killed: nothing may take longer than this. */
async function sweepOld(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const { mtimeMs } = await stat(join(folder, name));
    if (Date.now() - mtimeMs > longestMs) await rm(join(folder, name), { recursive: true, force: true });
  }
}

async function sweepOldUploads(
  { stages }: Destination,
  { stream, table: { schema } }: StreamSettings,
  signal: AbortSignal,
): Promise<void> {
  if (stages === null) return;
  for (const { modifiedAt, ...name } of await stages.listRuns({ schema }, signal)) {
    const isOld = Date.now() - Date.parse(modifiedAt) > longestMs;
    if (name.stream === stream && name.mode === 'verify' && isOld) await stages.removeRun({ ...name, schema }, signal);
  }
}

function sampleSize(asked: number | undefined): number {
  const size = asked ?? defaultSample;
  if (Number.isInteger(size) && size >= 0 && size <= maxSample) return size;
  throw new SyncError('ConfigInvalid', 'verify: the sample cannot be used', {
    next: `give a whole number from 0 to ${maxSample}`,
  });
}

/** Ids at even distances, so that old and new records are looked at alike. */
async function sampleIds({ files, rowCount }: StagePart, size: number): Promise<string[]> {
  const every = Math.max(1, Math.floor(rowCount / Math.max(1, size)));
  const ids: string[] = [];
  let row = 0;
  for (const { path } of files) {
    const lines = createInterface({ input: createReadStream(path, 'utf8'), crlfDelay: Infinity });
    for await (const line of lines) {
      if (row++ % every === 0 && ids.length < size) ids.push(line.slice(0, line.indexOf(',')));
    }
  }
  return ids;
}
