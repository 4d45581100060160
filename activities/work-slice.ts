import type { IdsFrontier, SourceFrontier, WorkFrontier } from '../model/frontier.ts';
import type { StreamPlan, SyncMode } from '../model/plan.ts';
import type { ActivityDeps } from './deps.ts';

export interface WorkSlice {
  readonly ids: IdsFrontier;
  /** Where the work stands once the source has handed back what it did not get to. */
  readonly after: (left: SourceFrontier) => WorkFrontier;
}

/** The next ids of a task, from the destination that found them. */
export async function readWorkSlice(
  deps: ActivityDeps,
  request: { plan: StreamPlan; mode: SyncMode; run: string; part: WorkFrontier; chunkRecords: number },
  signal: AbortSignal,
): Promise<WorkSlice> {
  const { plan, mode, run, part, chunkRecords: limit } = request;
  const { stream, table } = plan;
  const destination = await deps.destination(plan.destination);
  const { task, after } = part;
  const ids = await destination.readWork(
    { stream, table, mode, run, keyType: plan.key.type, task, after, limit },
    signal,
  );
  return {
    ids: { kind: 'ids', ids },
    after: (left) => {
      const remaining = left.kind === 'ids' ? left.ids : [];
      const [firstLeft] = remaining;
      if (firstLeft === undefined) return { ...part, after: ids.at(-1) ?? after, done: ids.length < limit };
      // Ids are read side by side: what was staged beyond the first that was not is read again, which changes nothing.
      const read = ids.indexOf(firstLeft);
      return { ...part, after: read > 0 ? ids[read - 1]! : after };
    },
  };
}
