import { associationEnds } from '../../model/association-ends.ts';
import type { StreamPlan } from '../../model/plan.ts';
import { buildEraseAssociations, buildUnlinkDeleted, type TypedEnd } from './association-statements.ts';
import { readColumnTypes } from './catalogue.ts';
import { columnTypeOf } from './column-types.ts';
import type { Session } from './session.ts';

/** Makes tombstones of the associations, at either end, of records that have become tombstones. Returns how many. */
export async function unlinkDeleted(session: Session, plan: StreamPlan, batchId: string): Promise<number> {
  let unlinked = 0;
  for (const end of await findAssociations(session, plan)) {
    const { changedRows } = await session.execute(buildUnlinkDeleted(plan, end, batchId));
    unlinked += changedRows;
  }
  return unlinked;
}

/** Removes the associations, at either end, of records that are erased. */
export async function eraseAssociations(session: Session, plan: StreamPlan): Promise<void> {
  for (const end of await findAssociations(session, plan)) {
    await session.execute(buildEraseAssociations(plan, end));
  }
}

/** Those of the plan's association tables that exist. */
async function findAssociations(session: Session, plan: StreamPlan): Promise<TypedEnd[]> {
  const found: TypedEnd[] = [];
  for (const { table, end } of associationEnds(plan)) {
    const types = await readColumnTypes(session, table);
    const type = types.get(end);
    if (type !== undefined) found.push({ table, end, type: columnTypeOf(type) });
  }
  return found;
}
