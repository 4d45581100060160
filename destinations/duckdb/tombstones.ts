import { unreadableTombstones } from '../../model/batch-errors.ts';
import { type Counts, zeroCounts } from '../../model/counts.ts';
import type { MergeRequest } from '../../model/destination.ts';
import { eraseAssociations, unlinkDeleted } from './associations-of-deleted.ts';
import { buildKeepDoubtful } from './doubt.ts';
import { listTombstones } from './listing.ts';
import { matchRows } from './matching.ts';
import type { PartOutcome } from '../../model/part-outcome.ts';
import { forgetPayloads, quarantineTombstones } from './quarantine.ts';
import { numberOf, type Session } from './session.ts';
import { stagePaths } from './stage-files.ts';
import { readColumnTypes } from './target-table.ts';
import {
  buildAddMergedFates,
  buildClassifyTombstones,
  buildErase,
  buildFlip,
  buildFollowMerges,
  buildInsertTombstones,
  buildLoadTombstones,
  buildRefine,
  countFates,
  countMergedFates,
  erasedIds,
  reduceTombstones,
  summariseTombstones,
} from './tombstone-statements.ts';

/** Merges the tombstones of a stage, after its records. */
export async function mergeTombstones(session: Session, request: MergeRequest): Promise<PartOutcome> {
  const { plan, batch } = request;
  const { tombstones, records } = batch.stage;
  await session.execute(buildLoadTombstones(plan, stagePaths(tombstones)));
  const [summary] = await session.query(summariseTombstones);
  const read = numberOf(summary, 'loaded');
  if (read !== tombstones.rowCount) return { kind: 'lost' };
  if (numberOf(summary, 'unreadable') > 0) throw unreadableTombstones(request);
  const rejected = read - numberOf(summary, 'keyed');
  const duplicate = numberOf(summary, 'keyed') - numberOf(summary, 'keys');
  if (rejected > 0) await quarantineTombstones(session, request);
  await session.execute(reduceTombstones);
  if (numberOf(summary, 'merged') > 0) await session.execute(buildFollowMerges(plan));
  const matches = await matchRows(session, plan, { table: '_sluice_gone', key: 'id' });
  const hasRecords = records.files.length > 0;
  await session.execute(buildClassifyTombstones(plan, { matches, hasRecords }), {
    stream: plan.stream,
    run: request.run,
  });

  const counts = await writeFates(session, request);
  if (counts.doubtful > 0) {
    if (request.onDoubt === 'rewind') return { kind: 'doubtful' };
    await session.execute(buildKeepDoubtful(plan, request.mode, { table: '_sluice_fate', id: 'id' }));
  }
  if (request.keepsListing) await listTombstones(session, request);
  return { kind: 'counted', counts: { ...counts, read, tombstones: read, rejected, duplicate } };
}

async function writeFates(session: Session, { plan, batch }: MergeRequest): Promise<Counts> {
  const [fates] = await session.query(countFates);
  const [inserted, flipped] = [numberOf(fates, 'inserted'), numberOf(fates, 'flipped')];
  const [refined, erased] = [numberOf(fates, 'refined'), numberOf(fates, 'erased')];
  const values = { batch: batch.batchId };
  if (inserted > 0) await session.execute(buildInsertTombstones(plan), values);
  if (flipped > 0) await session.execute(buildFlip(plan), values);
  if (refined > 0) await session.execute(buildRefine(plan), values);
  const unlinked = inserted + flipped > 0 ? await unlinkDeleted(session, plan, batch.batchId) : 0;
  let erasedMerged = 0;
  if (erased > 0) {
    await session.execute(buildAddMergedFates(plan));
    erasedMerged = numberOf((await session.query(countMergedFates))[0], 'erased');
    const columns = await readColumnTypes(session, plan.table);
    await session.execute(buildErase(plan, [...columns.keys()]), values);
    await eraseAssociations(session, plan);
    await forgetPayloads(session, plan, erasedIds);
  }
  return {
    ...zeroCounts,
    inserted,
    updated: flipped + refined + erased,
    unchanged: numberOf(fates, 'unchanged'),
    superseded: numberOf(fates, 'superseded'),
    deleted: inserted + flipped + numberOf(fates, 'erased_live'),
    erased: erased + erasedMerged,
    doubtful: numberOf(fates, 'doubtful'),
    unlinked,
  };
}
