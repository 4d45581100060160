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
  buildCreateAssociations,
  buildCreateLinkFates,
  buildMergeLinks,
  buildSummariseLinks,
  type EndTable,
  type LinkStaging,
  linkStaging,
} from './association-statements.ts';
import { columnTypeOf } from './column-types.ts';
import { buildDoubtfulUntil, buildKeepDoubtful } from './doubt.ts';
import { type KeyRange, readKeyRange } from './matching.ts';
import { numberOf, type Session } from './session.ts';
import { loadStaging } from './staging.ts';
import { readColumnTypes } from './target-table.ts';

/** The associations for one table, loaded as texts and read once. */
export interface LoadedLinks {
  readonly table: TableName;
  readonly staging: LinkStaging;
  readonly ends: readonly EndTable[];
  readonly unusable: number;
  readonly range: KeyRange | null;
}

/** Before the transaction. Null where files are gone, or hold another number of rows than were written. */
export async function loadAssociations(
  session: Session,
  { plan, batch }: MergeRequest,
  location: string,
): Promise<readonly LoadedLinks[] | null> {
  const loaded: LoadedLinks[] = [];
  for (const [place, stage] of batch.stage.associations.entries()) {
    if (stage.heads.files.length === 0) continue;
    const one = await loadTable(session, plan, { stage, location, staging: linkStaging(plan, place) });
    if (one === null) return null;
    loaded.push(one);
  }
  return loaded;
}

async function loadTable(
  session: Session,
  plan: StreamPlan,
  { stage, location, staging }: { stage: AssociationStage; location: string; staging: LinkStaging },
): Promise<LoadedLinks | null> {
  const { table, heads, links } = stage;
  await session.execute(buildCreateAssociations(plan, table));
  await session.execute(buildCreateLinkFates(plan, staging));
  for (const [into, part] of [[staging.heads, heads], [staging.links, links]] as const) {
    if (!(await loadStaging(session, into, { location, part }))) return null;
  }
  const [summary] = await session.query(buildSummariseLinks(plan, staging));
  if (numberOf(summary, 'heads') !== heads.rowCount || numberOf(summary, 'links') !== links.rowCount) return null;
  return {
    table,
    staging,
    ends: await findEnds(session, plan, table),
    unusable: numberOf(summary, 'unusable'),
    range: readKeyRange(summary),
  };
}

/** Merges the associations of a stage, after its records and tombstones. */
export async function mergeAssociations(
  session: Session,
  request: MergeRequest,
  loaded: readonly LoadedLinks[],
): Promise<PartOutcome> {
  let counts: Counts = zeroCounts;
  for (const one of loaded) {
    const outcome = await mergeTable(session, request, one);
    if (outcome.kind !== 'counted') return outcome;
    counts = addCounts(counts, outcome.counts);
  }
  return { kind: 'counted', counts };
}

async function mergeTable(session: Session, request: MergeRequest, loaded: LoadedLinks): Promise<PartOutcome> {
  const { plan, batch } = request;
  const { table, staging, ends, range } = loaded;
  if (loaded.unusable > 0) throw unusableAssociations(request, table);
  if (range === null) return { kind: 'counted', counts: zeroCounts };
  const doubtfulUntil = buildDoubtfulUntil({ ...request, seen: 'associations' });
  await session.execute(buildClassifyLinks(plan, staging, { table, ends, range, doubtfulUntil }));
  const [fates] = await session.query(buildCountLinkFates(staging));
  // A count of associations: `doubtful` is one of the records read, and has to close with them.
  if (numberOf(fates, 'doubtful_count') > 0) {
    if (request.onDoubt === 'rewind') return { kind: 'doubtful' };
    await session.execute(buildKeepDoubtful(plan, request.mode, { table: staging.fates, id: 'from_id' }));
  }
  const [linked, unlinked] = [
    numberOf(fates, 'insert_count') + numberOf(fates, 'update_count'),
    numberOf(fates, 'remove_count'),
  ];
  if (linked + unlinked > 0) {
    const merge = buildMergeLinks(plan, staging, { table, range, batchId: batch.batchId });
    const { changedRows } = await session.execute(merge);
    if (changedRows !== linked + unlinked) throw changedMeanwhile(request, table);
  }
  return { kind: 'counted', counts: { ...zeroCounts, linked, unlinked } };
}

/** Of the tables at the other end those that exist, and are kept by Sluice. */
async function findEnds(session: Session, plan: StreamPlan, table: TableName): Promise<EndTable[]> {
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
