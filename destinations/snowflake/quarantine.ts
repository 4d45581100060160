import type { StagePart } from '../../model/batch.ts';
import type { MergeRequest } from '../../model/destination.ts';
import type { StreamPlan } from '../../model/plan.ts';
import { castColumns } from '../../model/staged-columns.ts';
import type { LoadedRecords } from './load.ts';
import {
  buildCountUnstaged,
  buildForgetPayloads,
  buildQuarantineRecords,
  buildQuarantineTombstones,
  buildQuarantineUnstaged,
  buildQuarantineValues,
  type RejectOrigin,
} from './quarantine-statements.ts';
import { numberOf, type Session, type Statement } from './session.ts';
import { tombstoneStaging } from './tombstone-statements.ts';

/** Keeps loaded records that have no usable key. `plan` is the one they were staged by. */
export async function quarantineRecords(session: Session, request: MergeRequest, plan: StreamPlan): Promise<void> {
  await session.execute(buildQuarantineRecords(plan, originOf(request)));
}

export async function quarantineTombstones(session: Session, request: MergeRequest): Promise<void> {
  const { plan } = request;
  await session.execute(buildQuarantineTombstones(plan, originOf(request), tombstoneStaging(plan)));
}

/** Keeps the values of these columns, by name, that did not convert. */
export async function quarantineValues(
  session: Session,
  request: MergeRequest,
  { loaded, nulled }: { readonly loaded: LoadedRecords; readonly nulled: ReadonlyMap<string, number> },
): Promise<void> {
  const columns = castColumns(loaded.plan).filter(({ column }) => nulled.has(column.name));
  await session.execute(
    buildQuarantineValues(loaded.plan, originOf(request), { staged: { keys: loaded.keys }, nulled: columns }),
  );
}

/** Tells of values that were not staged, and returns how many; null where the files hold another number than were written. */
export async function quarantineUnstaged(
  session: Session,
  request: MergeRequest,
  { rowCount }: StagePart,
): Promise<number | null> {
  const [counted] = await session.query(buildCountUnstaged(request.plan));
  if (numberOf(counted, 'loaded') !== rowCount) return null;
  const { changedRows } = await session.execute(buildQuarantineUnstaged(request.plan, originOf(request)));
  return changedRows;
}

/** Removes what quarantine holds of the ids that `erased`, a subquery, names. */
export async function forgetPayloads(session: Session, plan: StreamPlan, erased: Statement): Promise<void> {
  await session.execute(buildForgetPayloads(plan, erased));
}

function originOf({ plan, run, batch }: MergeRequest): RejectOrigin {
  return { stream: plan.stream, run, batchId: batch.batchId };
}
