import { unreadableTombstones } from '../../model/batch-errors.ts';
import { type Counts, zeroCounts } from '../../model/counts.ts';
import type { MergeRequest } from '../../model/destination.ts';
import type { PartOutcome } from '../../model/part-outcome.ts';
import { keyHeldTwice } from '../../model/stream-errors.ts';
import { eraseAssociations, unlinkDeleted } from './associations-of-deleted.ts';
import { buildDoubtfulUntil, buildKeepDoubtful } from './doubt.ts';
import { listTombstones } from './listing.ts';
import type { StagedRows } from './load-statements.ts';
import { type KeyRange, readKeyRange } from './matching.ts';
import { describeTable } from './catalogue.ts';
import { forgetPayloads, quarantineTombstones } from './quarantine.ts';
import { numberOf, type Session } from './session.ts';
import {
  buildAddMergedFates,
  buildClassifyTombstones,
  buildCountFates,
  buildCountMergedFates,
  buildErase,
  buildMergeFates,
  buildSummariseTombstones,
  erasedIds,
  fateTable,
} from './tombstone-statements.ts';

/** The tombstones of a stage in their temporary table, read once. */
interface LoadedTombstones {
  readonly read: number;
  readonly keyed: number;
  readonly distinct: number;
  readonly unreadable: number;
  readonly merges: 'none' | 'some';
  readonly range: KeyRange | null;
}

/** Null where they are not as many as were written. */
async function readLoaded(session: Session, { plan, batch }: MergeRequest): Promise<LoadedTombstones | null> {
  const [summary] = await session.query(buildSummariseTombstones(plan));
  const read = numberOf(summary, 'loaded');
  if (read !== batch.stage.tombstones.rowCount) return null;
  return {
    read,
    keyed: numberOf(summary, 'keyed'),
    distinct: numberOf(summary, 'keys'),
    unreadable: numberOf(summary, 'unreadable'),
    merges: numberOf(summary, 'merged') > 0 ? 'some' : 'none',
    range: readKeyRange(summary),
  };
}

/** Merges the tombstones of a stage, after its records: `records` are those, null where it has none. */
export async function mergeTombstones(
  session: Session,
  request: MergeRequest,
  records: StagedRows | null,
): Promise<PartOutcome> {
  const { plan } = request;
  const loaded = await readLoaded(session, request);
  if (loaded === null) return { kind: 'lost' };
  if (loaded.unreadable > 0) throw unreadableTombstones(request);
  const { read, keyed, distinct, range } = loaded;
  if (keyed < read) await quarantineTombstones(session, request);
  let counts: Counts = zeroCounts;
  if (range !== null) {
    const { merges } = loaded;
    const doubtfulUntil = buildDoubtfulUntil({ ...request, seen: 'records' });
    await session.execute(buildClassifyTombstones(plan, { range, merges, records, doubtfulUntil }));
    const [fates] = await session.query(buildCountFates(plan));
    if (numberOf(fates, 'found') !== distinct) throw keyHeldTwice(plan);
    if (numberOf(fates, 'doubtful_count') > 0) {
      if (request.onDoubt === 'rewind') return { kind: 'doubtful' };
      await session.execute(buildKeepDoubtful(request, { table: fateTable(plan), id: 'id' }));
    }
    counts = await writeFates(session, request, { fates: readFates(fates), range });
    if (request.keepsListing) await listTombstones(session, request);
  }
  return {
    kind: 'counted',
    counts: { ...counts, read, tombstones: read, rejected: read - keyed, duplicate: keyed - distinct },
  };
}

type Fates = ReturnType<typeof readFates>;

function readFates(row: Parameters<typeof numberOf>[0]) {
  return {
    inserted: numberOf(row, 'insert_count'),
    flipped: numberOf(row, 'flip_count'),
    refined: numberOf(row, 'refine_count'),
    erased: numberOf(row, 'erase_count'),
    erasedLive: numberOf(row, 'erased_live'),
    unchanged: numberOf(row, 'unchanged_count'),
    superseded: numberOf(row, 'superseded_count'),
    doubtful: numberOf(row, 'doubtful_count'),
  };
}

async function writeFates(
  session: Session,
  request: MergeRequest,
  { fates, range }: { readonly fates: Fates; readonly range: KeyRange },
): Promise<Counts> {
  const { plan, batch } = request;
  const { inserted, flipped, refined, erased } = fates;
  if (inserted + flipped + refined > 0) await session.execute(buildMergeFates(plan, range, batch.batchId));
  const unlinked = inserted + flipped > 0 ? await unlinkDeleted(session, plan, batch.batchId) : 0;
  const erasedMerged = erased > 0 ? await erase(session, request) : 0;
  return {
    ...zeroCounts,
    inserted,
    updated: flipped + refined + erased,
    unchanged: fates.unchanged,
    superseded: fates.superseded,
    deleted: inserted + flipped + fates.erasedLive,
    erased: erased + erasedMerged,
    doubtful: fates.doubtful,
    unlinked,
  };
}

/** Leaves bare ids, here and of all that was merged into them over any number of merges. Returns how many those are. */
async function erase(session: Session, { plan, batch }: MergeRequest): Promise<number> {
  let hops = 0;
  while ((await session.execute(buildAddMergedFates(plan))).changedRows > 0) hops++;
  const merged = hops === 0 ? 0 : numberOf((await session.query(buildCountMergedFates(plan)))[0], 'erased');
  const columns = await describeTable(session, plan.table);
  await session.execute(buildErase(plan, [...columns.keys()], batch.batchId));
  await eraseAssociations(session, plan);
  await forgetPayloads(session, plan, { sql: erasedIds(plan) });
  return merged;
}
