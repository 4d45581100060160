import type { ChainPlace, ChainStep } from '../../model/chain-step.ts';
import { notInPlace, requireGeneration } from '../../model/fenced.ts';
import { unknownRun } from '../../model/stream-errors.ts';
import type { Session } from './session.ts';
import { requireStanding, takeStanding } from './standing.ts';

/**
 * Within a transaction, in the order of a merge: takes the fence, looks the step up, and only for one that is new asks
 * whether the run may write and stands where the step expects it. Raises `Fenced`.
 */
export async function takePlace(session: Session, step: ChainStep, batchId: string): Promise<ChainPlace> {
  const { stream, table, run } = step;
  const standing = await takeStanding(session, { stream, table, run, batchId });
  if (standing.stored !== null) {
    if (standing.progress === null) throw unknownRun(step);
    return { ...standing.progress, isRepeat: true };
  }
  requireGeneration(step, standing.generation);
  const progress = requireStanding(standing, step);
  const { head } = progress;
  if (step.sequence !== head.sequence + 1 || step.predecessor !== head.batchId) throw notInPlace(step);
  return { ...progress, isRepeat: false };
}
