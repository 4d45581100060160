import { addRequests, zeroRequests, type RequestCounts, type Stage, type StageKind } from '../model/batch.ts';
import { SyncError, type WaitReason } from '../model/errors.ts';
import { firstPart, isFrontierEmpty, withRest, type Frontier, type SourceFrontier } from '../model/frontier.ts';
import { listingPlan, type StreamPlan, type SyncMode } from '../model/plan.ts';
import type { AbsentIds, ExtractProgress, Source } from '../model/source.ts';
import { trafficOf } from '../model/traffic.ts';
import { ChunkSink } from './chunk-sink.ts';
import type { ActivityDeps } from './deps.ts';
import { StageWriter } from './stage-writer.ts';
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
 * as both are staged in the same form.
 */
export async function stageChunk(
  deps: ActivityDeps,
  request: ChunkRequest,
  control: ChunkControl,
): Promise<StagedChunk> {
  const { plan } = request;
  const source = await deps.source(plan.source);
  const stage = await StageWriter.open(request.folder);
  try {
    const chunk = await readParts(deps, { ...request, source, stage }, control);
    const isUnmoved = JSON.stringify(chunk.frontier) === JSON.stringify(request.frontier);
    if (chunk.records === 0 && isUnmoved) {
      await stage.discard();
      return { ...chunk, stage: null };
    }
    if (plan.contract === 'freeze' && chunk.absentColumns.length > 0) throw propertiesGone(plan, chunk.absentColumns);
    return { ...chunk, stage: await stage.close(chunk.kind, chunk.absentColumns) };
  } catch (error) {
    await stage.discard();
    throw error;
  }
}

interface ReadChunk extends Omit<StagedChunk, 'stage'> {
  readonly kind: StageKind;
  readonly absentColumns: readonly string[];
}

async function readParts(
  deps: ActivityDeps,
  request: ChunkRequest & { source: Source; stage: StageWriter },
  control: ChunkControl,
): Promise<ReadChunk> {
  const versions = new Map<string, string>();
  const absentColumns = new Set<string>();
  let frontier = request.frontier;
  let kind: StageKind | null = null;
  let records = 0;
  let roundedValues = 0;
  let requests = zeroRequests;
  let wait: WaitReason | null = null;
  let tooManyHits: number | null = null;
  for (;;) {
    const next = firstPart(frontier);
    if (next === null || records >= request.chunkRecords || control.signal.aborted) break;
    const form = formOf(request.mode, next.part);
    if (kind !== null && form !== null && form !== kind) break;
    kind = form ?? kind;
    const read = await readPart(deps, { ...request, part: next.part, form, versions, alreadyRead: records }, control);
    records += read.records;
    roundedValues += read.roundedValues;
    requests = addRequests(requests, read.requests);
    for (const column of read.absentColumns) absentColumns.add(column);
    ({ wait, tooManyHits } = read);
    frontier = withRest(read.part, next.rest);
    if (wait !== null || tooManyHits !== null || !isFrontierEmpty(read.part)) break;
  }
  return {
    frontier,
    records,
    roundedValues,
    requests,
    wait,
    tooManyHits,
    versions,
    kind: kind ?? 'content',
    absentColumns: [...absentColumns],
  };
}

/** Null for a part that stages no records, only tombstones. */
function formOf(mode: SyncMode, part: Part): StageKind | null {
  if (part.kind === 'archivedRanges' || part.kind === 'archivedPages') return null;
  return mode === 'reconcile' && (part.kind === 'idRanges' || part.kind === 'pages') ? 'listing' : 'content';
}

interface PartRead {
  readonly part: Part;
  readonly records: number;
  readonly roundedValues: number;
  readonly requests: RequestCounts;
  readonly wait: WaitReason | null;
  readonly tooManyHits: number | null;
  readonly absentColumns: readonly string[];
}

async function readPart(
  deps: ActivityDeps,
  request: ChunkRequest & {
    source: Source;
    stage: StageWriter;
    part: Part;
    form: StageKind | null;
    versions: Map<string, string>;
    alreadyRead: number;
  },
  { signal, onProgress }: ChunkControl,
): Promise<PartRead> {
  const { part, source, chunkRecords, alreadyRead, isKnown, maxHits } = request;
  const plan = request.form === 'listing' ? listingPlan(request.plan) : request.plan;
  const work = part.kind === 'work' ? await readWorkSlice(deps, { ...request, part }, signal) : null;
  const sink = new ChunkSink(deps, { ...request, plan });
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
  });
  return {
    ...outcome,
    records: outcome.records - sink.passedOver,
    part: work === null ? outcome.frontier : work.after(outcome.frontier),
  };
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
