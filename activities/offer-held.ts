import type { Batch } from '../model/batch.ts';
import type { Frontier } from '../model/frontier.ts';
import { countJoinable, joinBatches } from '../model/join-batches.ts';
import { digestOf } from './digest.ts';

/**
 * Batches of earlier runs and the newest one as the first batches of the run that merges them, as few as their forms allow. Until
 * the last of them is merged, what they hold is unread as far as the ledger goes. Their names are this run's: another run that
 * held the same ones, and failed half way, has rows of its own in the ledger.
 */
export function offerHeld(
  batches: readonly Batch[],
  { run, startFrontier, frontierAfter }: { run: string; startFrontier: Frontier; frontierAfter: Frontier },
): Batch[] {
  const offered: Batch[] = [];
  let rest = batches;
  while (rest.length > 0) {
    const group = rest.slice(0, countJoinable(rest, rest.length)) as [Batch, ...Batch[]];
    rest = rest.slice(group.length);
    const joined = group.map(({ batchId }) => batchId);
    const batchId = digestOf([run, joined]).slice(0, 32);
    const before = offered.at(-1);
    const head = { sequence: offered.length, batchId: before?.batchId ?? null };
    const after = rest.length === 0 ? frontierAfter : startFrontier;
    offered.push({ ...joinBatches(group, head), batchId, joined, frontierAfter: after });
  }
  return offered;
}
