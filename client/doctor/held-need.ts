import { describeOpenRuns, latestRunOf } from '../describe-run.ts';
import { endOf } from '../run-end.ts';
import type { TemporalConnection } from '../temporal-connection.ts';

/** Whether staged changes still wait for a merge: the latest incremental run says so, or one is under way. */
export async function heldNeed(
  temporal: TemporalConnection,
  { stream, run }: { readonly stream: string; readonly run: string },
): Promise<'needed' | 'left'> {
  const key = { mode: 'incremental', stream } as const;
  if ((await describeOpenRuns(temporal, key)).length > 0) return 'needed';
  const latest = await latestRunOf(temporal, key);
  if (latest === null) return 'left';
  const end = await endOf(temporal, latest);
  // A run that failed has left it to the next one.
  if (end.kind !== 'done') return 'needed';
  return end.result.mode === 'incremental' && end.result.next?.held?.run === run ? 'needed' : 'left';
}
