import type { Batch } from '../../model/batch.ts';
import { type Counts, unexplained, zeroCounts } from '../../model/counts.ts';
import type { MergeOutcome, MergeRequest } from '../../model/destination.ts';
import { SyncError } from '../../model/errors.ts';
import { requireClaim, requireGeneration, takeFence } from './fence.ts';
import { appendBatch, findBatch, readLedgerHead } from './ledger.ts';
import {
  buildClassify,
  buildCountNulled,
  buildDeleteDuplicates,
  buildInsert,
  buildLoadRaw,
  buildLoadStage,
  buildMatch,
  buildQuarantineRecords,
  buildQuarantineValues,
  buildRevive,
  buildSummary,
  buildUpdateContent,
  countVerdicts,
  deleteKeyless,
  dropStaging,
  castColumns,
  spreadStateObservation,
  summariseMatch,
} from './merge-statements.ts';
import { requireRun } from './runs.ts';
import type { Session, SqlRow, TransactionEnd } from './session.ts';

/**
 * One transaction: the fence first, then whether the batch is known, then whether the run may write and stands where the
 * batch expects it, and only then rows and ledger. Leaves nothing behind unless it ends in a commit.
 */
export async function mergeInTransaction(
  session: Session,
  request: MergeRequest,
  isStageIntact: boolean,
): Promise<TransactionEnd<MergeOutcome>> {
  const { plan, batch, run, mode } = request;
  const target = { stream: plan.stream, table: plan.table };
  const generation = await takeFence(session, { ...target, taker: batch.batchId });

  const stored = await findBatch(session, target, batch.batchId);
  if (stored !== null) return { end: 'rollback', value: { kind: 'merged', counts: stored, isRepeat: true } };

  requireGeneration({ stream: plan.stream, generation: request.generation }, generation);
  await requireClaim(session, { ...target, mode, run });
  const { startFrontier } = await requireRun(session, { ...target, run });
  const head = await readLedgerHead(session, { ...target, run, startFrontier });
  if (batch.sequence !== head.sequence + 1 || batch.predecessor !== head.batchId) {
    return { end: 'rollback', value: { kind: 'rewind', reason: 'ledgerAhead', head } };
  }

  const counts = isStageIntact ? await mergeStage(session, request) : null;
  if (counts === null) return { end: 'rollback', value: { kind: 'rewind', reason: 'stageLost', head } };
  if (unexplained(counts) !== 0) {
    throw new SyncError('StateCorrupt', `the counts of batch ${batch.batchId} of ${plan.stream} do not close`, {
      next: 'report this with the batch id: nothing of the batch was written',
    });
  }
  await appendBatch(session, request, counts);
  return { end: 'commit', value: { kind: 'merged', counts, isRepeat: false } };
}

/** Null when the files hold another number of rows than were written. */
async function mergeStage(session: Session, request: MergeRequest): Promise<Counts | null> {
  const { plan, batch } = request;
  if (batch.stage.files.length === 0) return { ...zeroCounts, roundedValues: batch.roundedValues };
  await session.execute(buildLoadStage(plan, stagePaths(batch)));
  const [summary] = await session.query(buildSummary(plan));
  const loaded = numberOf(summary, 'loaded');
  if (loaded !== batch.stage.rowCount) return null;
  if (numberOf(summary, 'unobserved') > 0) {
    throw new SyncError(
      'StateCorrupt',
      `batch ${batch.batchId} of ${plan.stream} holds rows without an observation instant`,
    );
  }

  const rejected = loaded - numberOf(summary, 'keyed');
  const duplicate = numberOf(summary, 'keyed') - numberOf(summary, 'keys');
  const hasNulled = numberOf(summary, 'nulled') > 0;
  if (rejected > 0 || hasNulled) await session.execute(buildLoadRaw(plan, stagePaths(batch)));
  if (rejected > 0) await quarantineRecords(session, request);
  if (duplicate > 0) {
    await session.execute(spreadStateObservation);
    await session.execute(buildDeleteDuplicates(plan));
  }
  const nulledValues = hasNulled ? await quarantineValues(session, request) : 0;
  const written = await writeRows(session, request, loaded - rejected - duplicate);
  await session.execute(dropStaging);
  return {
    ...zeroCounts,
    ...written,
    read: loaded,
    rejected,
    duplicate,
    nulledValues,
    roundedValues: batch.roundedValues,
  };
}

async function quarantineRecords(session: Session, request: MergeRequest): Promise<void> {
  await session.execute(buildQuarantineRecords(request.plan), errorValues(request));
  await session.execute(deleteKeyless);
}

async function quarantineValues(session: Session, request: MergeRequest): Promise<number> {
  const [counted] = await session.query(buildCountNulled(request.plan));
  let nulledValues = 0;
  for (const { column, position } of castColumns(request.plan)) {
    const count = numberOf(counted, `c${position}`);
    if (count === 0) continue;
    await session.execute(buildQuarantineValues(request.plan, column, position), errorValues(request));
    nulledValues += count;
  }
  return nulledValues;
}

async function writeRows(
  session: Session,
  { plan, batch }: MergeRequest,
  staged: number,
): Promise<Pick<Counts, 'inserted' | 'updated' | 'unchanged' | 'superseded'>> {
  await session.execute(buildMatch(plan));
  const [match] = await session.query(summariseMatch);
  if (numberOf(match, 'matched') !== numberOf(match, 'staged')) {
    throw new SyncError('StateCorrupt', `${plan.table.schema}.${plan.table.table} holds a key more than once`, {
      next: `remove the extra rows: Sluice keeps one row per "${plan.key.name}"`,
    });
  }
  const values = { batch: batch.batchId };
  if (numberOf(match, 'matched') === 0) {
    await session.execute(buildInsert(plan, { hasMatches: false }), values);
    return { inserted: staged, updated: 0, unchanged: 0, superseded: 0 };
  }
  await session.execute(buildClassify(plan, { lowest: String(match!['lowest']), highest: String(match!['highest']) }));
  const [verdicts] = await session.query(countVerdicts);
  const counts = {
    inserted: numberOf(verdicts, 'inserted'),
    updated: numberOf(verdicts, 'updated'),
    unchanged: numberOf(verdicts, 'unchanged'),
    superseded: numberOf(verdicts, 'superseded'),
  };
  if (counts.inserted > 0) await session.execute(buildInsert(plan, { hasMatches: true }), values);
  if (numberOf(verdicts, 'won') > 0) await session.execute(buildUpdateContent(plan), values);
  if (numberOf(verdicts, 'revived') > 0) await session.execute(buildRevive(plan), values);
  return counts;
}

function stagePaths(batch: Batch): string[] {
  return batch.stage.files.map((file) => file.path);
}

function errorValues({ plan, run, batch }: MergeRequest) {
  return { stream: plan.stream, run, batch: batch.batchId };
}

function numberOf(row: SqlRow | undefined, column: string): number {
  return Number(row?.[column] ?? 0);
}
