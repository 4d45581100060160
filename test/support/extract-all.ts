import type { WaitReason } from '../../model/errors.ts';
import { isFrontierEmpty, type SourceFrontier } from '../../model/frontier.ts';
import type { AssociationTable, StagedHead, StagedLink } from '../../model/association.ts';
import type { StreamPlan } from '../../model/plan.ts';
import type { BackfillScope, ExtractOutcome, ExtractRequest, Source, StagedRow } from '../../model/source.ts';
import type { StagedTombstone } from '../../model/tombstone.ts';

const never = new AbortController().signal;

/** Associations of one table, as one call of the sink had them. */
export interface ReadAssociations {
  readonly table: AssociationTable;
  readonly heads: readonly StagedHead[];
  readonly links: readonly StagedLink[];
}

/** All that reached the sink. */
export interface Staged {
  readonly rows: readonly StagedRow[];
  readonly tombstones: readonly StagedTombstone[];
  readonly associations: readonly ReadAssociations[];
}

export type ExtractedChunk = ExtractOutcome & Staged;

export interface ChunkRequest extends Partial<Omit<ExtractRequest, 'plan' | 'frontier' | 'sink'>> {
  readonly plan: StreamPlan;
  readonly frontier: SourceFrontier;
  /** Called before each page of records or tombstones is taken. */
  readonly onWrite?: () => Promise<void> | void;
  readonly onAssociations?: () => Promise<void> | void;
}

/** One chunk, all it staged collected. The frontier goes through JSON on both sides, as it does on its way through Temporal. */
export async function extractChunk(
  source: Source,
  { onWrite, onAssociations, ...request }: ChunkRequest,
): Promise<ExtractedChunk> {
  const rows: StagedRow[] = [];
  const tombstones: StagedTombstone[] = [];
  const associations: ReadAssociations[] = [];
  const outcome = await source.extract({
    chunkRecords: 25_000,
    absentIds: 'pass',
    traffic: 'bulk',
    isKnown: () => false,
    maxHits: null,
    signal: never,
    onProgress: () => {},
    checkpoint: null,
    ...request,
    frontier: throughJson(request.frontier),
    sink: {
      records: async (page) => {
        await onWrite?.();
        rows.push(...page);
      },
      tombstones: async (page) => {
        await onWrite?.();
        tombstones.push(...page);
      },
      associations: async (table, read) => {
        await onAssociations?.();
        associations.push({ table, ...read });
      },
    },
  });
  return { ...outcome, frontier: throughJson(outcome.frontier), rows, tombstones, associations };
}

export interface ExtractAllOptions extends Partial<Omit<ChunkRequest, 'plan'>> {
  readonly plan: StreamPlan;
  /** What to read where no frontier is given. */
  readonly scope?: BackfillScope;
  /** Called where a chunk ends in a wait; without it, a wait fails the test. */
  readonly onWait?: (wait: WaitReason) => Promise<void> | void;
}

/** Chunk after chunk until the frontier is empty. */
export async function extractAll(
  source: Source,
  { scope = { kind: 'whole' }, frontier: given, onWait, ...request }: ExtractAllOptions,
): Promise<Staged & { readonly chunks: readonly ExtractedChunk[] }> {
  let frontier = given ?? (await source.planBackfill(request.plan.object, scope, never)).frontier;
  const chunks: ExtractedChunk[] = [];
  while (!isFrontierEmpty(frontier)) {
    const chunk = await extractChunk(source, { ...request, frontier });
    if (chunk.wait !== null && onWait === undefined) throw new Error(`unexpected wait: ${chunk.wait.reason}`);
    if (chunk.wait !== null) await onWait?.(chunk.wait);
    chunks.push(chunk);
    frontier = chunk.frontier;
  }
  return {
    rows: chunks.flatMap(({ rows }) => rows),
    tombstones: chunks.flatMap(({ tombstones }) => tombstones),
    associations: chunks.flatMap(({ associations }) => associations),
    chunks,
  };
}

function throughJson<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
