import type { MergeRequest } from '../../model/destination.ts';
import { asTableIs } from '../../model/fit-plan.ts';
import { listingPlan, type StreamPlan } from '../../model/plan.ts';
import { loadAssociations, type LoadedLinks } from './associations.ts';
import { columnTypeOf } from './column-types.ts';
import { type LoadedRecords, loadRecords } from './load.ts';
import type { Session } from './session.ts';
import { readColumnTypes } from './target-table.ts';
import { type LoadedTombstones, loadTombstones } from './tombstones.ts';

/** The parts of a stage in temporary tables. Null for a part that the stage does not have. */
export interface LoadedStage {
  readonly records: LoadedRecords | null;
  readonly tombstones: LoadedTombstones | null;
  readonly links: readonly LoadedLinks[];
}

/** Before the transaction, since to create a table commits an open one. Null where anything of the stage is lost. */
export async function loadStage(session: Session, request: MergeRequest, location: string): Promise<LoadedStage | null> {
  const { records, tombstones } = request.batch.stage;
  let loadedRecords: LoadedRecords | null = null;
  if (records.files.length > 0) {
    const plan = await stagedPlan(session, request);
    loadedRecords = await loadRecords(session, request, { plan, location });
    if (loadedRecords === null) return null;
  }
  let loadedTombstones: LoadedTombstones | null = null;
  if (tombstones.files.length > 0) {
    loadedTombstones = await loadTombstones(session, request, location);
    if (loadedTombstones === null) return null;
  }
  const links = await loadAssociations(session, request, location);
  return links === null ? null : { records: loadedRecords, tombstones: loadedTombstones, links };
}

/** A run of another mode may have widened columns since this one was planned. */
async function stagedPlan(session: Session, { plan, batch }: MergeRequest): Promise<StreamPlan> {
  if (batch.stage.kind === 'listing') return listingPlan(plan);
  return asTableIs(plan, await readColumnTypes(session, plan.table), columnTypeOf).plan;
}
