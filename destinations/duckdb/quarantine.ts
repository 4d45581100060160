import type { StagePart } from '../../model/batch.ts';
import type { MergeRequest } from '../../model/destination.ts';
import type { StreamPlan } from '../../model/plan.ts';
import { castColumns } from '../../model/staged-columns.ts';
import {
  buildCountNulled,
  buildCountUnstaged,
  buildForgetPayloads,
  buildQuarantineRecords,
  buildQuarantineTombstones,
  buildQuarantineUnstaged,
  buildQuarantineValues,
} from './quarantine-statements.ts';
import { numberOf, type Session } from './session.ts';
import { stagePaths } from './stage-files.ts';

/** Keeps loaded records that have no usable key. `plan` is the one they were staged by. */
export async function quarantineRecords(session: Session, request: MergeRequest, plan: StreamPlan): Promise<void> {
  await session.execute(buildQuarantineRecords(plan), errorValues(request));
}

export async function quarantineTombstones(session: Session, request: MergeRequest): Promise<void> {
  const { plan, batch } = request;
  await session.execute(buildQuarantineTombstones(plan, stagePaths(batch.stage.tombstones)), errorValues(request));
}

/** Tells of values that were not staged, and returns how many; null when the files hold another number than were written. */
export async function quarantineUnstaged(
  session: Session,
  request: MergeRequest,
  unstaged: StagePart,
): Promise<number | null> {
  const paths = stagePaths(unstaged);
  const [counted] = await session.query(buildCountUnstaged(paths));
  if (numberOf(counted, 'loaded') !== unstaged.rowCount) return null;
  await session.execute(buildQuarantineUnstaged(request.plan, paths), errorValues(request));
  return numberOf(counted, 'unstaged');
}

/** How many values of each column, by name, did not convert. Needs `_sluice_raw`. */
export async function countNulled(session: Session, plan: StreamPlan): Promise<ReadonlyMap<string, number>> {
  const [row] = await session.query(buildCountNulled(plan));
  const counts = castColumns(plan).map(({ column, position }) => [column.name, numberOf(row, `c${position}`)] as const);
  return new Map(counts.filter(([, count]) => count > 0));
}

/** Keeps the values of these columns that did not convert. Needs `_sluice_raw`. */
export async function quarantineValues(
  session: Session,
  request: MergeRequest,
  columns: ReadonlyMap<string, number>,
): Promise<void> {
  for (const { column, position } of castColumns(request.plan)) {
    if (!columns.has(column.name)) continue;
    await session.execute(buildQuarantineValues(request.plan, column, position), errorValues(request));
  }
}

/** Removes what quarantine holds of the ids that `erased`, a subquery, names. */
export async function forgetPayloads(session: Session, plan: StreamPlan, erased: string): Promise<void> {
  await session.execute(buildForgetPayloads(plan, erased), { stream: plan.stream });
}

function errorValues({ plan, run, batch }: MergeRequest) {
  return { stream: plan.stream, run, batch: batch.batchId };
}
