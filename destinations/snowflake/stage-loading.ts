import type { StagePart } from '../../model/batch.ts';
import type { MergeRequest } from '../../model/destination.ts';
import { listingPlan } from '../../model/plan.ts';
import { buildCreateAssociations, buildCreateLinkFates, linkStaging } from './association-statements.ts';
import { recordStaging } from './load-statements.ts';
import { unstagedStaging } from './quarantine-statements.ts';
import type { Session } from './session.ts';
import { loadStaging } from './staging.ts';
import type { Staging } from './staging-statements.ts';
import { buildCreateFates, tombstoneStaging } from './tombstone-statements.ts';

/**
 * Fills temporary tables with every part of a stage, and creates those that merging it needs: before the transaction, since to
 * create a table commits an open one. False where a file is gone.
 */
export async function loadStage(session: Session, request: MergeRequest, location: string): Promise<boolean> {
  for (const { staging, part } of await prepareParts(session, request)) {
    if (!(await loadStaging(session, staging, { location, part }))) return false;
  }
  return true;
}

async function prepareParts(
  session: Session,
  { plan, batch }: MergeRequest,
): Promise<readonly { readonly staging: Staging; readonly part: StagePart }[]> {
  const { kind, records, unstaged, tombstones, associations } = batch.stage;
  const parts = [];
  if (records.files.length > 0) {
    parts.push({ staging: recordStaging(kind === 'listing' ? listingPlan(plan) : plan), part: records });
  }
  if (kind === 'content' && unstaged !== undefined) parts.push({ staging: unstagedStaging(plan), part: unstaged });
  if (tombstones.files.length > 0) {
    await session.execute(buildCreateFates(plan));
    parts.push({ staging: tombstoneStaging(plan), part: tombstones });
  }
  for (const [place, { table, heads, links }] of associations.entries()) {
    if (heads.files.length === 0) continue;
    const staging = linkStaging(plan, place);
    await session.execute(buildCreateAssociations(plan, table));
    await session.execute(buildCreateLinkFates(plan, staging));
    parts.push({ staging: staging.heads, part: heads }, { staging: staging.links, part: links });
  }
  return parts;
}
