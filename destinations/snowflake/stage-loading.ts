import type { StagePart } from '../../model/batch.ts';
import type { MergeRequest } from '../../model/destination.ts';
import { listingPlan } from '../../model/plan.ts';
import { buildCreateLinkFates, type EndTable, linkStaging } from './association-statements.ts';
import { findEnds } from './associations.ts';
import { recordStaging } from './load-statements.ts';
import { unstagedStaging } from './quarantine-statements.ts';
import type { Session } from './session.ts';
import { loadStaging } from './staging.ts';
import type { Staging } from './staging-statements.ts';
import type { TableShapes } from './table-shape.ts';
import { buildCreateFates, tombstoneStaging } from './tombstone-statements.ts';

export interface LoadedStage {
  /** False where a file is gone. */
  readonly isWhole: boolean;
  /** The tables at the other end of the stage's associations, by their place. */
  readonly ends: ReadonlyMap<number, readonly EndTable[]>;
}

/**
 * Fills temporary tables with every part of a stage, and creates those that merging it needs: before the transaction, since to
 * create a table commits an open one. What else can be looked at before is, so that the fence is not held meanwhile.
 */
export async function loadStage(
  session: Session,
  request: MergeRequest,
  { location, shapes }: { readonly location: string; readonly shapes: TableShapes },
): Promise<LoadedStage> {
  const ends = new Map<number, readonly EndTable[]>();
  for (const { staging, part } of await prepareParts(session, request, shapes)) {
    if (!(await loadStaging(session, staging, { location, part }))) return { isWhole: false, ends };
  }
  for (const [place, { table, heads }] of request.batch.stage.associations.entries()) {
    if (heads.files.length > 0) ends.set(place, await findEnds(session, request.plan, table));
  }
  return { isWhole: true, ends };
}

async function prepareParts(
  session: Session,
  { run, plan, batch }: MergeRequest,
  shapes: TableShapes,
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
    await shapes.createAssociations(session, run, plan, table);
    await session.execute(buildCreateLinkFates(plan, staging));
    parts.push({ staging: staging.heads, part: heads }, { staging: staging.links, part: links });
  }
  return parts;
}
