import type { AssociationStage } from '../../model/batch.ts';
import { unusableAssociations } from '../../model/batch-errors.ts';
import { addCounts, type Counts, zeroCounts } from '../../model/counts.ts';
import type { MergeRequest } from '../../model/destination.ts';
import type { StreamPlan } from '../../model/plan.ts';
import type { TableName } from '../../model/stream-table.ts';
import {
  buildClassifyLinks,
  buildCreateAssociations,
  buildDropDeadHeads,
  buildInsertLinks,
  buildLoadHeads,
  buildLoadLinks,
  buildRemoveLinks,
  buildUpdateLinks,
  countLinkFates,
  noLinks,
  reduceHeads,
  summariseAssociations,
} from './association-statements.ts';
import { buildKeepDoubtful } from './doubt.ts';
import type { PartOutcome } from '../../model/part-outcome.ts';
import { numberOf, type Session } from './session.ts';
import { stagePaths } from './stage-files.ts';
import { readColumnTypes } from './target-table.ts';

/** Merges the associations of a stage, after its records and tombstones. */
export async function mergeAssociations(session: Session, request: MergeRequest): Promise<PartOutcome> {
  let counts: Counts = zeroCounts;
  for (const stage of request.batch.stage.associations) {
    if (stage.heads.files.length === 0) continue;
    const outcome = await mergeTable(session, request, stage);
    if (outcome.kind !== 'counted') return outcome;
    counts = addCounts(counts, outcome.counts);
  }
  return { kind: 'counted', counts };
}

async function mergeTable(session: Session, request: MergeRequest, stage: AssociationStage): Promise<PartOutcome> {
  const { plan, run, batch } = request;
  const { table, heads, links } = stage;
  const ends = await findEnds(session, plan, table);
  await session.execute(buildCreateAssociations(plan, table));
  await session.execute(buildLoadHeads(plan, stagePaths(heads)));
  await session.execute(links.files.length === 0 ? noLinks : buildLoadLinks(plan, stagePaths(links)));
  const [summary] = await session.query(summariseAssociations);
  if (numberOf(summary, 'heads') !== heads.rowCount || numberOf(summary, 'links') !== links.rowCount) {
    return { kind: 'lost' };
  }
  if (numberOf(summary, 'unusable') > 0) throw unusableAssociations(request, table);
  await session.execute(reduceHeads);
  await session.execute(buildDropDeadHeads(plan));
  await session.execute(buildClassifyLinks(plan, table, ends), { stream: plan.stream, run });
  const [fates] = await session.query(countLinkFates);
  // A count of associations: `doubtful` is one of the records read, and has to close with them.
  if (numberOf(fates, 'doubtful') > 0) {
    if (request.onDoubt === 'rewind') return { kind: 'doubtful' };
    await session.execute(buildKeepDoubtful(plan, request.mode, { table: '_sluice_link_fate', id: 'from_id' }));
  }
  const [inserted, updated] = [numberOf(fates, 'inserted'), numberOf(fates, 'updated')];
  const unlinked = numberOf(fates, 'removed');
  const values = { batch: batch.batchId };
  if (inserted > 0) await session.execute(buildInsertLinks(table), values);
  if (updated > 0) await session.execute(buildUpdateLinks(table), values);
  if (unlinked > 0) await session.execute(buildRemoveLinks(table), values);
  return { kind: 'counted', counts: { ...zeroCounts, linked: inserted + updated, unlinked } };
}

/** Of the tables at the other end those that exist, and are kept by Sluice. */
async function findEnds(session: Session, plan: StreamPlan, table: TableName): Promise<TableName[]> {
  const known = plan.associations.find((association) => association.table.table === table.table)?.ends ?? [];
  const found: TableName[] = [];
  for (const end of known) {
    const columns = await readColumnTypes(session, end);
    if ([plan.key.name, '_deleted', '_state_observed_at'].every((name) => columns.has(name))) found.push(end);
  }
  return found;
}
