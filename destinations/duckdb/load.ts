import { unobservedRows } from '../../model/batch-errors.ts';
import type { MergeRequest } from '../../model/destination.ts';
import type { StreamPlan } from '../../model/plan.ts';
import {
  buildDeleteDuplicates,
  buildLoadRaw,
  buildLoadStage,
  buildSummary,
  deleteKeyless,
  spreadStateObservation,
} from './load-statements.ts';
import { quarantineRecords } from './quarantine.ts';
import { numberOf, type Session } from './session.ts';
import { stagePaths } from './stage-files.ts';

export interface LoadedRecords {
  readonly read: number;
  readonly rejected: number;
  readonly duplicate: number;
  /** Some values did not convert; `_sluice_raw` has them as they were staged. */
  readonly hasNulled: boolean;
}

/**
 * Leaves `_sluice_staged` with one row per key; records without one go to quarantine. `plan` is the one the records were
 * staged by. Null when the files hold another number of rows than were written.
 */
export async function loadRecords(
  session: Session,
  request: MergeRequest,
  plan: StreamPlan,
): Promise<LoadedRecords | null> {
  const { batch } = request;
  const paths = stagePaths(batch.stage.records);
  await session.execute(buildLoadStage(plan, paths));
  const [summary] = await session.query(buildSummary(plan));
  const read = numberOf(summary, 'loaded');
  if (read !== batch.stage.records.rowCount) return null;
  if (numberOf(summary, 'unobserved') > 0) throw unobservedRows(request);
  const rejected = read - numberOf(summary, 'keyed');
  const duplicate = numberOf(summary, 'keyed') - numberOf(summary, 'keys');
  const hasNulled = numberOf(summary, 'nulled') > 0;
  if (rejected > 0 || hasNulled) await session.execute(buildLoadRaw(plan, paths));
  if (rejected > 0) {
    await quarantineRecords(session, request, plan);
    await session.execute(deleteKeyless);
  }
  if (duplicate > 0) {
    await session.execute(spreadStateObservation);
    await session.execute(buildDeleteDuplicates(plan));
  }
  return { read, rejected, duplicate, hasNulled };
}
