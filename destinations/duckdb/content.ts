import { type Counts, zeroCounts } from '../../model/counts.ts';
import type { MergeRequest } from '../../model/destination.ts';
import {
  buildClassify,
  buildErasedMatches,
  buildInsert,
  buildRevive,
  buildUpdateContent,
  countVerdicts,
} from './content-statements.ts';
import { listContent } from './listing.ts';
import { loadRecords } from './load.ts';
import { matchRows } from './matching.ts';
import type { PartOutcome } from '../../model/part-outcome.ts';
import { countNulled, forgetPayloads, quarantineValues } from './quarantine.ts';
import { numberOf, type Session } from './session.ts';

/** Merges the records of a stage into the table. Leaves `_sluice_staged` for what else the stage brings. */
export async function mergeContent(session: Session, request: MergeRequest): Promise<PartOutcome> {
  const { plan } = request;
  const loaded = await loadRecords(session, request, plan);
  if (loaded === null) return { kind: 'lost' };
  const { read, rejected, duplicate } = loaded;

  const nulled = loaded.hasNulled ? await countNulled(session, plan) : new Map<string, number>();
  if (request.onNulled === 'report') {
    const columns = plan.columns.filter(({ name }) => nulled.has(name)).map(({ name }) => name);
    if (columns.length > 0) return { kind: 'nulled', columns };
  }
  await quarantineValues(session, request, nulled);
  const written = await writeRows(session, request, read - rejected - duplicate);
  if (nulled.size > 0) await forgetPayloads(session, plan, buildErasedMatches(plan));
  if (request.keepsListing) await listContent(session, request);
  const nulledValues = [...nulled.values()].reduce((sum, count) => sum + count, 0);
  return { kind: 'counted', counts: { ...zeroCounts, ...written, read, rejected, duplicate, nulledValues } };
}

async function writeRows(
  session: Session,
  { plan, batch }: MergeRequest,
  staged: number,
): Promise<Pick<Counts, 'inserted' | 'updated' | 'unchanged' | 'superseded' | 'restored'>> {
  const matches = await matchRows(session, plan, { table: '_sluice_staged', key: 'c0' });
  const values = { batch: batch.batchId };
  if (matches.matched === 0) {
    await session.execute(buildInsert(plan, { hasMatches: false }), values);
    return { inserted: staged, updated: 0, unchanged: 0, superseded: 0, restored: 0 };
  }
  const contentPlan = { ...plan, absentColumns: batch.stage.absentColumns };
  await session.execute(buildClassify(contentPlan, matches));
  const [verdicts] = await session.query(countVerdicts);
  const counts = {
    inserted: numberOf(verdicts, 'inserted'),
    updated: numberOf(verdicts, 'updated'),
    unchanged: numberOf(verdicts, 'unchanged'),
    superseded: numberOf(verdicts, 'superseded'),
    restored: numberOf(verdicts, 'revived'),
  };
  if (counts.inserted > 0) await session.execute(buildInsert(plan, { hasMatches: true }), values);
  if (numberOf(verdicts, 'won') > 0) await session.execute(buildUpdateContent(contentPlan), values);
  if (counts.restored > 0) await session.execute(buildRevive(plan), values);
  return counts;
}
