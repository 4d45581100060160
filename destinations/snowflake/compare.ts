import { workBatch } from '../../model/chain-step.ts';
import type { CompareOutcome, CompareRequest } from '../../model/comparison.ts';
import { zeroCounts } from '../../model/counts.ts';
import { asTableIs } from '../../model/fit-plan.ts';
import { headAfter } from '../../model/head-after.ts';
import { describeTable } from './catalogue.ts';
import { takePlace } from './chain.ts';
import { columnTypeOf } from './column-types.ts';
import { buildCountCompared, buildCreateFound, buildFindDifferences, buildKeepWork } from './compare-statements.ts';
import { appendBatch } from './ledger.ts';
import { numberOf, type Session, type SqlRow } from './session.ts';
import { digestVanished, requireListing } from './work.ts';

/** Differences become work, and a ledger row whose frontier is that work, in one transaction. */
export async function compareInSession(session: Session, request: CompareRequest): Promise<CompareOutcome> {
  const { plan, run, mode } = request;
  const target = { stream: plan.stream, table: plan.table, run, mode };
  const batchId = `${run}-${request.sequence}-compare`;
  await requireListing(session, target);
  await session.execute(buildCreateFound(plan));
  return session.transaction(async () => {
    const { record, head, isRepeat } = await takePlace(session, { ...request, ...target }, batchId);
    if (!isRepeat) {
      const current = asTableIs(plan, await describeTable(session, plan.table), columnTypeOf).plan;
      await session.execute(buildFindDifferences(request, current));
      for (const statement of buildKeepWork(target)) await session.execute(statement);
    }
    const [counted] = await session.query(buildCountCompared(target));
    const differences = readDifferences(counted);
    const outcome = {
      differences,
      liveRows: numberOf(counted, 'live_rows'),
      listed: numberOf(counted, 'listed'),
      digest: differences.vanished === 0 ? null : await digestVanished(session, target),
    };
    if (isRepeat) return { end: 'rollback', value: { ...outcome, head } };
    const { missing, stale, recalculated, doubtful } = differences;
    const isDone = missing + stale + recalculated + doubtful === 0;
    const batch = workBatch(batchId, request, { task: 'repair', isDone });
    await appendBatch(session, { ...request, scope: record.scope, positions: null, batch }, zeroCounts);
    return { end: 'commit', value: { ...outcome, head: headAfter(head, batch, zeroCounts) } };
  });
}

function readDifferences(row: SqlRow | undefined): CompareOutcome['differences'] {
  return {
    missing: numberOf(row, 'missing'),
    stale: numberOf(row, 'stale'),
    recalculated: numberOf(row, 'recalculated'),
    doubtful: numberOf(row, 'doubtful'),
    vanished: numberOf(row, 'vanished'),
  };
}
