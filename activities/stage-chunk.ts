import type { RequestCounts, Stage, StageKind } from '../model/batch.ts';
import { SyncError, type WaitReason } from '../model/errors.ts';
import { firstPart, isFrontierEmpty, withRest, type Frontier, type SourceFrontier } from '../model/frontier.ts';
import { listingPlan, type StreamPlan, type SyncMode } from '../model/plan.ts';
import type { AbsentIds, ExtractOutcome, ExtractProgress, ExtractSoFar, Source } from '../model/source.ts';
import { trafficOf } from '../model/traffic.ts';
import { CheckpointClock } from './checkpoint-clock.ts';
import { writeCheckpoint } from './checkpoint.ts';
import { ChunkSink } from './chunk-sink.ts';
import { afterReading, beginChunk, type ChunkState } from './chunk-state.ts';
import type { ActivityDeps } from './deps.ts';
import { StageWriter } from './stage-writer.ts';
import { takeOver } from './take-over.ts';
import { readWorkSlice } from './work-slice.ts';

export interface ChunkRequest {
  readonly mode: SyncMode;
  readonly run: string;
  readonly plan: StreamPlan;
  readonly frontier: Frontier;
  readonly chunkRecords: number;
  /** Folder of the stage; must not exist. */
  readonly folder: string;
  readonly isKnown: (id: string, version: string) => boolean;
  readonly maxHits: number | null;
  /** Names the extraction, the same for each of its attempts; null where every attempt begins anew. */
  readonly reuseKey: string | null;
}

export interface ChunkControl {
  /** Aborted on pause, cancel and worker shutdown: what is staged by then is handed back as a short chunk. */
  readonly signal: AbortSignal;
  readonly onProgress: (progress: ExtractProgress) => void;
}

export interface StagedChunk {
  readonly frontier: Frontier;
  /** Null when nothing was staged and the frontier did not move; the folder is gone then. */
  readonly stage: Stage | null;
  readonly records: number;
  readonly roundedValues: number;
  readonly requests: RequestCounts;
  readonly wait: WaitReason | null;
  readonly tooManyHits: number | null;
  /** Versions of the staged records, by id; empty unless the frontier is one of windows. */
  readonly versions: ReadonlyMap<string, string>;
}

type Part = NonNullable<ReturnType<typeof firstPart>>['part'];

/**
 * Reads about a chunk's worth of a frontier into a new stage, part after part: a part that ends makes room for the next, as long
 * as both are staged in the same form. With a `reuseKey`, what is staged is closed and listed every few seconds, and an
 * attempt that follows goes on from there. What stops the reading later, be it the source or a full disk, costs nothing of what
 * is closed: that is handed back as a short chunk, and the failure meets the next one.
 */
export async function stageChunk(
  deps: ActivityDeps,
  request: ChunkRequest,
  control: ChunkControl,
): Promise<StagedChunk> {
  const { plan, folder, reuseKey } = request;
  const source = await deps.source(plan.source);
  const { maxTextBytes } = await deps.destination(plan.destination);
  const taken = reuseKey === null ? null : await takeOver(folder, reuseKey);
  if (taken !== null) deps.log.info({ stream: plan.stream, records: taken.state.records }, 'closed parts reused');
  const stage = await StageWriter.open(folder, taken?.stage ?? null);
  const begun = taken?.state ?? beginChunk(request.frontier);
  const closed: ClosedSoFar = { state: begun.records > 0 ? begun : null };
  try {
    const { state, ...chunk } = await readParts(
      deps,
      { ...request, source, stage, maxTextBytes, begun, closed },
      control,
    );
    const { kind, absentColumns, ...read } = state;
    const isUnmoved = JSON.stringify(state.frontier) === JSON.stringify(request.frontier);
    if (state.records === 0 && isUnmoved) {
      await stage.discard();
      return { ...read, ...chunk, stage: null };
    }
    return { ...read, ...chunk, stage: await stage.close(kind ?? 'content', absentColumns) };
  } catch (error) {
    if (closed.state === null || !(error instanceof SyncError)) {
      await stage.discard();
      throw error;
    }
    deps.log.warn({ stream: plan.stream, reason: error.message }, 'a chunk ends early');
    await stage.unwrite();
    const { kind, absentColumns, ...read } = closed.state;
    const short = { wait: null, tooManyHits: null, versions: new Map<string, string>() };
    return { ...read, ...short, stage: stage.sealed(kind ?? 'content', absentColumns) };
  }
}

/** Of what is staged, that which is closed; null for nothing. */
interface ClosedSoFar {
  state: ChunkState | null;
}

interface ReadChunk extends Pick<StagedChunk, 'wait' | 'tooManyHits' | 'versions'> {
  readonly state: ChunkState;
}

interface OpenChunk extends ChunkRequest {
  readonly source: Source;
  readonly stage: StageWriter;
  readonly maxTextBytes: number | null;
}

type BegunChunk = OpenChunk & { readonly begun: ChunkState; readonly closed: ClosedSoFar };

async function readParts(
  deps: ActivityDeps,
  { begun, closed, ...request }: BegunChunk,
  control: ChunkControl,
): Promise<ReadChunk> {
  const { stage, plan, reuseKey, chunkRecords } = request;
  const versions = new Map<string, string>();
  let state = begun;
  for (;;) {
    const next = firstPart(state.frontier);
    if (next === null || state.records >= chunkRecords || control.signal.aborted) break;
    const form = formOf(request.mode, next.part);
    if (state.kind !== null && form !== null && form !== state.kind) break;
    const before = state;
    const withRead = (read: PartSoFar): ChunkState => {
      const after = afterReading(before, form, { ...read, frontier: withRest(read.part, next.rest) });
      if (plan.contract === 'freeze' && after.absentColumns.length > 0) throw propertiesGone(plan, after.absentColumns);
      return after;
    };
    const save = async (soFar: PartSoFar): Promise<void> => {
      const after = withRead(soFar);
      await stage.seal();
      closed.state = after;
      await writeCheckpoint({
        key: reuseKey!,
        state: after,
        stage: stage.sealed(after.kind ?? 'content', after.absentColumns),
      });
    };
    const part = { part: next.part, form, alreadyRead: before.records, save: reuseKey === null ? null : save };
    const read = await readPart(deps, { ...request, ...part }, control);
    state = withRead(read);
    for (const [id, version] of read.versions) versions.set(id, version);
    const { wait, tooManyHits } = read;
    if (wait !== null || tooManyHits !== null || !isFrontierEmpty(read.part)) {
      return { state, versions, wait, tooManyHits };
    }
  }
  return { state, versions, wait: null, tooManyHits: null };
}

/** Null for a part that stages no records, only tombstones. */
function formOf(mode: SyncMode, part: Part): StageKind | null {
  if (part.kind === 'archivedRanges' || part.kind === 'archivedPages') return null;
  return mode === 'reconcile' && (part.kind === 'idRanges' || part.kind === 'pages') ? 'listing' : 'content';
}

interface PartSoFar extends Omit<ExtractSoFar, 'frontier'> {
  readonly part: Part;
}

interface PartRead extends PartSoFar, Pick<ExtractOutcome, 'wait' | 'tooManyHits'> {
  readonly versions: ReadonlyMap<string, string>;
}

async function readPart(
  deps: ActivityDeps,
  request: OpenChunk & {
    readonly part: Part;
    readonly form: StageKind | null;
    readonly alreadyRead: number;
    readonly save: ((soFar: PartSoFar) => Promise<void>) | null;
  },
  { signal, onProgress }: ChunkControl,
): Promise<PartRead> {
  const { part, source, chunkRecords, alreadyRead, isKnown, maxHits, save } = request;
  const plan = request.form === 'listing' ? listingPlan(request.plan) : request.plan;
  const work = part.kind === 'work' ? await readWorkSlice(deps, { ...request, part }, signal) : null;
  const versions = new Map<string, string>();
  const sink = new ChunkSink(deps, { ...request, plan, versions });
  const clock = new CheckpointClock(() => performance.now());
  const asPart = <SoFar extends ExtractSoFar>(soFar: SoFar): SoFar & PartSoFar => ({
    ...soFar,
    records: soFar.records - sink.passedOver,
    part: work === null ? soFar.frontier : work.after(soFar.frontier),
  });
  try {
    const outcome = await source.extract({
      plan,
      frontier: work?.ids ?? (part as SourceFrontier),
      chunkRecords: chunkRecords - alreadyRead,
      sink,
      absentIds: absentIdsOf(request.mode, part),
      traffic: trafficOf(request.mode),
      isKnown,
      maxHits,
      signal,
      onProgress: (progress) => onProgress({ ...progress, records: alreadyRead + progress.records }),
      checkpoint: save && {
        isDue: (records) => clock.isDue(records),
        save: async (soFar) => {
          await save(asPart(soFar));
          clock.reset(soFar.records);
        },
      },
    });
    return { ...asPart(outcome), versions };
  } finally {
    sink.end();
  }
}

function absentIdsOf(mode: SyncMode, part: Part): AbsentIds {
  return part.kind === 'work' || mode === 'resync' ? 'tombstone' : 'pass';
}

function propertiesGone(plan: StreamPlan, columns: readonly string[]): SyncError {
  return new SyncError(
    'SchemaConflict',
    `${plan.stream}: ${plan.object} no longer has ${columns.slice(0, 5).join(', ')}, and its contract is freeze`,
    { next: 'remove them from columns, or set contract to evolve, then start again' },
  );
}
