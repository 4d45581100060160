import type { LedgerHead } from '../../model/batch.ts';
import type { CloseRunRequest, OpenedRun, WidenRequest } from '../../model/destination.ts';
import { asSent } from '../../model/fit-plan.ts';
import { listNewlyHashed } from '../../model/newly-hashed.ts';
import type { StreamPlan } from '../../model/plan.ts';
import type { OpenRunRequest } from '../../model/run.ts';
import { buildWidenColumn } from './dialect.ts';
import { holdsClaim, requireClaim, takeFence } from './fence.ts';
import { readLedgerHead } from './ledger.ts';
import { buildCreateListingTables, buildDropListingTables, listedColumns, listingTables } from './listing-tables.ts';
import { findRun, markRunClosed, readStoredPlan, recordRun, requireRun, storePlan } from './runs.ts';
import type { Session, TransactionEnd } from './session.ts';
import { readComparedPlan } from './state.ts';
import { hasTable, openTargetTable } from './target-table.ts';

/** Each is one transaction. A run that was opened before keeps its plan and its listing. */
export async function openRunInTransaction(
  session: Session,
  request: OpenRunRequest,
): Promise<TransactionEnd<OpenedRun>> {
  const { run, mode } = request;
  const target = { stream: request.plan.stream, table: request.plan.table };
  const generation = await takeFence(session, { ...target, taker: run });
  const startedAt = await requireClaim(session, { ...target, mode, run });
  if ((await findRun(session, { ...target, run })) !== null) {
    const plan = await readStoredPlan(session, { ...target, run });
    return { end: 'rollback', value: { plan, addedColumns: [], widenedColumns: [] } };
  }
  const { plan: fitted, added, widened } = await openTargetTable(session, request.plan);
  const plan =
    mode === 'reconcile' ? listNewlyHashed(fitted, await readComparedPlan(session, fitted, generation)) : fitted;
  await recordRun(session, { ...request, plan, startedAt, generation });
  if (request.keepsListing) {
    for (const statement of buildCreateListingTables(plan, mode)) await session.execute(statement);
  }
  return {
    end: 'commit',
    value: { plan, addedColumns: added.map(nameOf), widenedColumns: widened.map(nameOf) },
  };
}

/** Fits the run's plan, as it is stored, to the table once more, with what the source now writes. */
export async function widenInTransaction(session: Session, request: WidenRequest): Promise<TransactionEnd<StreamPlan>> {
  const { run, mode } = request;
  const target = { stream: request.plan.stream, table: request.plan.table };
  await takeFence(session, { ...target, taker: run });
  await requireClaim(session, { ...target, mode, run });
  const stored = await readStoredPlan(session, { ...target, run });
  const { plan, widened } = await openTargetTable(session, asSent(stored, request.columns));
  await storePlan(session, run, plan);
  const { listing } = listingTables(target, mode);
  if (await hasTable(session, listing)) {
    const listed = listedColumns(plan).map(nameOf);
    for (const column of widened.filter(({ name }) => listed.includes(name))) {
      await session.execute(buildWidenColumn(listing, { ...column, name: `v${listed.indexOf(column.name)}` }));
    }
  }
  return { end: 'commit', value: plan };
}

/** Whatever ended the run. Its listing goes with it, unless a later run has that by now. */
export async function closeRunInTransaction(
  session: Session,
  request: CloseRunRequest,
): Promise<TransactionEnd<LedgerHead>> {
  const { stream, table, run } = request;
  const { mode, startFrontier } = await requireRun(session, request);
  await markRunClosed(session, request);
  if (await holdsClaim(session, { stream, table, mode, run })) {
    for (const statement of buildDropListingTables(request, mode)) await session.execute(statement);
  }
  return { end: 'commit', value: await readLedgerHead(session, { stream, table, run, startFrontier }) };
}

function nameOf({ name }: { readonly name: string }): string {
  return name;
}
