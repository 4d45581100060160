import { workBatch } from '../../model/chain-step.ts';
import type { CompareOutcome, CompareRequest } from '../../model/comparison.ts';
import { zeroCounts } from '../../model/counts.ts';
import { takePlace } from './chain.ts';
import {
  boundInstants,
  buildCountCompared,
  buildFindDifferences,
  buildKeepWork,
  buildReduceListing,
  buildSummariseWork,
  dropCompared,
} from './compare-statements.ts';
import { appendBatch, readLedgerHead } from './ledger.ts';
import type { Session, SqlRow, TransactionEnd } from './session.ts';
import { requireListing } from './work.ts';

/** One transaction: differences become work, and a ledger row whose frontier is that work. */
export async function compareInTransaction(
  session: Session,
  request: CompareRequest,
): Promise<TransactionEnd<CompareOutcome>> {
  const { plan, run, mode } = request;
  const target = { stream: plan.stream, table: plan.table };
  const batchId = `${run}-${request.sequence}-compare`;
  const { record, isRepeat } = await takePlace(session, { ...request, ...target }, batchId);
  await requireListing(session, { ...target, run, mode });
  if (!isRepeat) {
    await session.execute(buildReduceListing(target, mode));
    await session.execute(buildFindDifferences(plan, mode, request.looksFor), boundInstants(request));
    for (const statement of buildKeepWork(target, mode)) await session.execute(statement);
    await session.execute(dropCompared);
  }

  const [summary] = await session.query(buildSummariseWork(target, mode));
  const [counted] = await session.query(buildCountCompared(target, mode));
  const differences = readDifferences(summary!);
  if (!isRepeat) {
    const { missing, stale, recalculated, doubtful } = differences;
    const isDone = missing + stale + recalculated + doubtful === 0;
    const batch = workBatch(batchId, request, { task: 'repair', isDone });
    await appendBatch(session, { ...request, scope: record.scope, positions: null, batch }, zeroCounts);
  }
  const head = await readLedgerHead(session, { ...target, run, startFrontier: record.startFrontier });
  return {
    end: isRepeat ? 'rollback' : 'commit',
    value: {
      differences,
      liveRows: Number(counted!['live_rows']),
      listed: Number(counted!['listed']),
      digest: summary!['digest'] as string | null,
      head,
    },
  };
}

function readDifferences(row: SqlRow): CompareOutcome['differences'] {
  return {
    missing: Number(row['missing']),
    stale: Number(row['stale']),
    recalculated: Number(row['recalculated']),
    doubtful: Number(row['doubtful']),
    vanished: Number(row['vanished']),
  };
}
