import type { ChainPlace, ChainStep } from '../../model/chain-step.ts';
import { notInPlace, requireGeneration } from '../../model/fenced.ts';
import { requireClaim, takeFence } from './fence.ts';
import { findBatch, readLedgerHead } from './ledger.ts';
import { requireRun } from './runs.ts';
import type { Session } from './session.ts';

/**
 * Within a transaction, in the order of a merge: takes the fence, looks the step up, and only for one that is new asks
 * whether the run may write and stands where the step expects it. Raises `Fenced`.
 */
export async function takePlace(session: Session, step: ChainStep, batchId: string): Promise<ChainPlace> {
  const { stream, table, run } = step;
  const generation = await takeFence(session, { stream, table, taker: batchId });
  const isRepeat = (await findBatch(session, step, batchId)) !== null;
  if (!isRepeat) {
    requireGeneration(step, generation);
    await requireClaim(session, step);
  }
  const record = await requireRun(session, step);
  const head = await readLedgerHead(session, { stream, table, run, startFrontier: record.startFrontier });
  if (!isRepeat && (step.sequence !== head.sequence + 1 || step.predecessor !== head.batchId)) {
    throw notInPlace(step);
  }
  return { record, head, isRepeat };
}
