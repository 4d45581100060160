import type { ClaimRequest, ClaimResult } from '../../model/destination.ts';
import { requireGeneration } from '../../model/fenced.ts';
import { passClaim } from './claims.ts';
import { buildFenceColumns, buildStoreClaims, fenceTable, readFenceRow, takeFence } from './fence.ts';
import { quoteTable } from './identifiers.ts';
import { buildMarkLost, findProgress } from './runs.ts';
import { numberOf, type Session, type Statement } from './session.ts';
import { listStreamTables, readStreamState } from './state.ts';
import { systemTable } from './system-tables.ts';
import { withinTransaction } from './within-transaction.ts';

/** Passes the claim to the run in a transaction of its own; what the run has to know is read once it is the only one to change it. */
export async function claimInSession(session: Session, request: ClaimRequest): Promise<ClaimResult> {
  const { stream, table, run, mode } = request;
  const target = { stream, table };
  const generation = await session.transaction(async () => {
    const row = await takeFence(session, { ...target, taker: run }, buildClaimFacts(request));
    const fence = readFenceRow(row);
    const opened = row['own_generation'];
    if (opened !== null) requireGeneration({ stream, generation: Number(opened) }, fence.generation);
    const claims = passClaim(fence.claims, request);
    if (claims !== fence.claims) await session.execute(buildStoreClaims(target, claims));
    // Last, since it locks the runs of all streams. A run that was terminated could not close itself.
    if (numberOf(row, 'lost') > 0) {
      const others = { sql: `mode = ? AND run <> ? AND ${withinTransaction}`, binds: [mode, run] };
      await session.execute(buildMarkLost(target, others));
    }
    return { end: 'commit', value: fence.generation };
  });
  const progress = await findProgress(session, { ...target, run, mode, generation });
  const state = await readStreamState(session, target, await listStreamTables(session, target));
  return { generation, ...progress, state };
}

/** One row: the fence, the generation the run was opened in, and how many runs of its mode are no more and still open. */
function buildClaimFacts({ mode, run, ...target }: ClaimRequest): Statement {
  const { stream, table } = target;
  return {
    sql:
      `SELECT ${buildFenceColumns()}, r.own_generation, r.lost ` +
      `FROM ${quoteTable(fenceTable(target))} f CROSS JOIN (` +
      'SELECT MAX(IFF(run = ?, generation, NULL)) AS own_generation, ' +
      "COUNT_IF(mode = ? AND run <> ? AND status = 'running') AS lost " +
      `FROM ${systemTable(table.schema, 'sync_runs')} WHERE stream = ?) r`,
    binds: [run, mode, run, stream],
  };
}
