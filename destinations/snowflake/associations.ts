import type { AssociationStage } from '../../model/batch.ts';
import { unusableAssociations } from '../../model/batch-errors.ts';
import { addCounts, type Counts, zeroCounts } from '../../model/counts.ts';
import type { MergeRequest } from '../../model/destination.ts';
import { SyncError } from '../../model/errors.ts';
import type { PartOutcome } from '../../model/part-outcome.ts';
import type { StreamPlan } from '../../model/plan.ts';
import type { TableName } from '../../model/stream-table.ts';
import {
  buildClassifyLinks,
  buildCountLinkFates,
  buildMergeLinks,
  buildSummariseLinks,
  type EndTable,
  type LinkStaging,
  linkStaging,
} from './association-statements.ts';
import { readColumnTypes } from './catalogue.ts';
import { columnTypeOf } from './column-types.ts';
import { buildDoubtfulUntil, buildKeepDoubtful } from './doubt.ts';
import { readKeyRange } from './matching.ts';
import { numberOf, type Session } from './session.ts';

/** Merges the associations of a stage, after its records and tombstones. `ends`: the tables at their other end, by place. */
export async function mergeAssociations(
  session: Session,
  request: MergeRequest,
  ends: ReadonlyMap<number, readonly EndTable[]>,
): Promise<PartOutcome> {
  let counts: Counts = zeroCounts;
  for (const [place, stage] of request.batch.stage.associations.entries()) {
    if (stage.heads.files.length === 0) continue;
    const staging = linkStaging(request.plan, place);
    const outcome = await mergeTable(session, request, { stage, staging, ends: ends.get(place) ?? [] });
    if (outcome.kind !== 'counted') return outcome;
    counts = addCounts(counts, outcome.counts);
  }
  return { kind: 'counted', counts };
}

async function mergeTable(
  session: Session,
  request: MergeRequest,
  {
    stage,
    staging,
    ends,
  }: { readonly stage: AssociationStage; readonly staging: LinkStaging; readonly ends: readonly EndTable[] },
): Promise<PartOutcome> {
  const { plan, batch } = request;
  const { table, heads, links } = stage;
  const [summary] = await session.query(buildSummariseLinks(plan, staging));
  if (numberOf(summary, 'heads') !== heads.rowCount || numberOf(summary, 'links') !== links.rowCount) {
    return { kind: 'lost' };
  }
  const unusable = numberOf(summary, 'unusable_heads') + numberOf(summary, 'unusable_links');
  if (unusable > 0) throw unusableAssociations(request, table);
  const range = readKeyRange(summary);
  if (range === null) return { kind: 'counted', counts: zeroCounts };
  const doubtfulUntil = buildDoubtfulUntil({ ...request, seen: 'associations' });
  await session.execute(buildClassifyLinks(plan, staging, { table, ends, range, doubtfulUntil }));
  const [fates] = await session.query(buildCountLinkFates(staging));
  // A count of associations: `doubtful` is one of the records read, and has to close with them.
  if (numberOf(fates, 'doubtful_count') > 0) {
    if (request.onDoubt === 'rewind') return { kind: 'doubtful' };
    await session.execute(buildKeepDoubtful(request, { table: staging.fates, id: 'from_id' }));
  }
  const linked = numberOf(fates, 'insert_count') + numberOf(fates, 'update_count');
  const unlinked = numberOf(fates, 'remove_count');
  if (linked + unlinked > 0) {
    const merge = buildMergeLinks(plan, staging, { table, range, batchId: batch.batchId });
    const { changedRows } = await session.execute(merge);
    if (changedRows !== linked + unlinked) throw changedMeanwhile(request, table);
  }
  return { kind: 'counted', counts: { ...zeroCounts, linked, unlinked } };
}

/** Of the tables at the other end those that exist, and are kept by Sluice. */
export async function findEnds(session: Session, plan: StreamPlan, table: TableName): Promise<EndTable[]> {
  const known = plan.associations.find((association) => association.table.table === table.table)?.ends ?? [];
  const found: EndTable[] = [];
  for (const end of known) {
    const types = await readColumnTypes(session, end);
    const key = types.get(plan.key.name.toLowerCase());
    if (key === undefined || !types.has('_deleted') || !types.has('_state_observed_at')) continue;
    found.push({ table: end, keyType: columnTypeOf(key) });
  }
  return found;
}

/** The fence is the stream's own: streams at the other end write the same table. */
function changedMeanwhile({ plan, batch }: MergeRequest, { schema, table }: TableName): SyncError {
  return new SyncError(
    'Conflict',
    `another stream changed ${schema}.${table} beside batch ${batch.batchId} of ${plan.stream}`,
    { next: 'let it be tried again' },
  );
}
