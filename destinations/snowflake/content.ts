import { unobservedRows } from '../../model/batch-errors.ts';
import { type Counts, zeroCounts } from '../../model/counts.ts';
import type { MergeRequest } from '../../model/destination.ts';
import { SyncError } from '../../model/errors.ts';
import type { PartOutcome } from '../../model/part-outcome.ts';
import type { ContentPlan } from '../../model/staged-columns.ts';
import { keyHeldTwice } from '../../model/stream-errors.ts';
import { buildClassify, buildErasedMatches, buildMergeContent, type StagedContent } from './content-statements.ts';
import { listContent } from './listing.ts';
import { countNulled, type LoadedRecords } from './load.ts';
import { forgetPayloads, quarantineRecords, quarantineValues } from './quarantine.ts';
import { numberOf, type Session } from './session.ts';

/** Merges the records of a stage, once loaded, into the table. */
export async function mergeContent(
  session: Session,
  request: MergeRequest,
  loaded: LoadedRecords,
): Promise<PartOutcome> {
  if (loaded.unobserved > 0) throw unobservedRows(request);
  const { plan, read, keyed, distinct } = loaded;
  const nulled = await countNulled(session, loaded);
  if (request.onNulled === 'report') {
    const columns = plan.columns.filter(({ name }) => nulled.has(name)).map(({ name }) => name);
    if (columns.length > 0) return { kind: 'nulled', columns };
  }
  if (keyed < read) await quarantineRecords(session, request, plan);
  if (nulled.size > 0) await quarantineValues(session, request, { loaded, nulled });
  const written = await writeRows(session, request, { loaded, nulled });
  if (request.keepsListing) await listContent(session, request, loaded);
  const nulledValues = [...nulled.values()].reduce((sum, count) => sum + count, 0);
  return {
    kind: 'counted',
    counts: { ...zeroCounts, ...written, read, rejected: read - keyed, duplicate: keyed - distinct, nulledValues },
  };
}

type Written = Pick<Counts, 'inserted' | 'updated' | 'unchanged' | 'superseded' | 'restored'>;

async function writeRows(
  session: Session,
  { batch }: MergeRequest,
  { loaded, nulled }: { loaded: LoadedRecords; nulled: ReadonlyMap<string, number> },
): Promise<Written> {
  const { range, keys } = loaded;
  if (range === null) return { inserted: 0, updated: 0, unchanged: 0, superseded: 0, restored: 0 };
  const plan: ContentPlan = { ...loaded.plan, absentColumns: batch.stage.absentColumns };
  const staged: StagedContent = { keys, range };
  const [verdicts] = await session.query(buildClassify(plan, staged));
  if (numberOf(verdicts, 'compared') !== loaded.distinct) throw keyHeldTwice(plan);
  const counts = {
    inserted: numberOf(verdicts, 'inserted'),
    updated: numberOf(verdicts, 'updated'),
    unchanged: numberOf(verdicts, 'unchanged'),
    superseded: numberOf(verdicts, 'superseded'),
    restored: numberOf(verdicts, 'revived'),
  };
  const expected = counts.inserted + counts.updated;
  if (expected > 0) {
    const { changedRows } = await session.execute(buildMergeContent(plan, staged, batch.batchId));
    if (changedRows !== expected) throw changedOtherwise(plan, batch.batchId);
  }
  if (nulled.size > 0 && numberOf(verdicts, 'erased') > 0) {
    await forgetPayloads(session, plan, buildErasedMatches(plan, staged));
  }
  return counts;
}

/** The fence keeps others of Sluice off; nobody else may write the table between two statements. */
function changedOtherwise({ stream, table }: ContentPlan, batchId: string): SyncError {
  return new SyncError(
    'StateCorrupt',
    `batch ${batchId} of ${stream} met other rows in ${table.schema}.${table.table} when it was written than when it was counted`,
    { next: `let nothing else write ${table.schema}.${table.table}: nothing of the batch was written` },
  );
}
