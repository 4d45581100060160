import { type AssociationEnd, associationEnds } from '../../model/association-ends.ts';
import type { StreamPlan } from '../../model/plan.ts';
import { buildEraseAssociations, buildUnlinkDeleted } from './association-statements.ts';
import { numberOf, type Session } from './session.ts';
import { hasTable } from './target-table.ts';

/** Makes tombstones of the associations, at either end, of records that have become tombstones. Returns how many. */
export async function unlinkDeleted(session: Session, plan: StreamPlan, batchId: string): Promise<number> {
  let unlinked = 0;
  for (const { table, end } of await findAssociations(session, plan)) {
    const [changed] = await session.query(buildUnlinkDeleted(plan, table, end), { batch: batchId });
    unlinked += numberOf(changed, 'Count');
  }
  return unlinked;
}

/** Removes the associations, at either end, of records that are erased. */
export async function eraseAssociations(session: Session, plan: StreamPlan): Promise<void> {
  for (const { table, end } of await findAssociations(session, plan)) {
    await session.execute(buildEraseAssociations(plan, table, end));
  }
}

/** Those of the plan's association tables that exist. */
async function findAssociations(session: Session, plan: StreamPlan): Promise<AssociationEnd[]> {
  const found: AssociationEnd[] = [];
  for (const one of associationEnds(plan)) {
    if (await hasTable(session, one.table)) found.push(one);
  }
  return found;
}
