import type { WaitReason } from '../../model/errors.ts';
import { isFrontierEmpty, type Frontier } from '../../model/frontier.ts';
import type { StreamPlan } from '../../model/plan.ts';
import type { BackfillScope, ExtractOutcome, ExtractRequest, Source, StagedRow } from '../../model/source.ts';

const never = new AbortController().signal;

export interface ExtractedChunk extends ExtractOutcome {
  readonly rows: readonly StagedRow[];
}

/** One chunk, its rows collected. The frontier goes through JSON on both sides, as it does on its way through Temporal. */
export async function extractChunk(
  source: Source,
  request: Pick<ExtractRequest, 'plan' | 'frontier'> & Partial<ExtractRequest>,
): Promise<ExtractedChunk> {
  const rows: StagedRow[] = [];
  const outcome = await source.extract({
    chunkRecords: 25_000,
    signal: never,
    onProgress: () => {},
    ...request,
    frontier: throughJson(request.frontier),
    write: async (page) => {
      await request.write?.(page);
      rows.push(...page);
    },
  });
  return { ...outcome, frontier: throughJson(outcome.frontier), rows };
}

export interface ExtractAllOptions {
  readonly plan: StreamPlan;
  readonly scope?: BackfillScope;
  readonly frontier?: Frontier;
  readonly chunkRecords?: number;
  /** Called where a chunk ends in a wait; without it, a wait fails the test. */
  readonly onWait?: (wait: WaitReason) => Promise<void> | void;
}

/** Chunk after chunk until the frontier is empty. */
export async function extractAll(
  source: Source,
  { plan, scope = { kind: 'whole' }, frontier: given, chunkRecords = 25_000, onWait }: ExtractAllOptions,
): Promise<{ rows: StagedRow[]; chunks: ExtractedChunk[] }> {
  let frontier = given ?? (await source.planBackfill(plan.object, scope, never)).frontier;
  const rows: StagedRow[] = [];
  const chunks: ExtractedChunk[] = [];
  while (!isFrontierEmpty(frontier)) {
    const chunk = await extractChunk(source, { plan, frontier, chunkRecords });
    if (chunk.wait !== null && onWait === undefined) throw new Error(`unexpected wait: ${chunk.wait.reason}`);
    if (chunk.wait !== null) await onWait?.(chunk.wait);
    rows.push(...chunk.rows);
    chunks.push(chunk);
    frontier = chunk.frontier;
  }
  return { rows, chunks };
}

function throughJson<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
