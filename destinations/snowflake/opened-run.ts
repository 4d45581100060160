import type { LedgerHead } from '../../model/batch.ts';
import type { CloseRunRequest, OpenedRun, WidenRequest } from '../../model/destination.ts';
import { asSent, type TableTypes, type WidenedColumn } from '../../model/fit-plan.ts';
import { listNewlyHashed } from '../../model/newly-hashed.ts';
import type { StreamPlan, SyncMode } from '../../model/plan.ts';
import type { OpenRunRequest } from '../../model/run.ts';
import { noFence, unknownRun } from '../../model/stream-errors.ts';
import type { StreamTable, TableName } from '../../model/stream-table.ts';
import { describeTable, hasTable, listTables } from './catalogue.ts';
import { requireHeld } from './claims.ts';
import { buildColumnStep, settleColumns } from './column-steps.ts';
import { columnTypeOf } from './column-types.ts';
import { buildFenceColumns, type Fence, fenceTable, readFenceRow, takeFence } from './fence.ts';
import { quoteTable, storedName } from './identifiers.ts';
import {
  buildCreateListingTables,
  buildDropListingTables,
  listedColumns,
  listingsAmong,
  listingTables,
} from './listing-tables.ts';
import { createReshaping } from './reshaping.ts';
import { buildCloseRun, buildStorePlan, readRun, recordRun } from './runs.ts';
import type { Session, SqlRow, Statement } from './session.ts';
import { readComparedPlan } from './state.ts';
import { systemTable } from './system-tables.ts';
import { buildDropTable } from './table-statements.ts';
import type { TableShapes } from './table-shape.ts';
import { openTargetTable } from './target-table.ts';

type RunOf = StreamTable & { readonly run: string };

/**
 * Tables first, then the run's row in a transaction of its own: what creates or changes a table commits. A run that was opened
 * before keeps its plan and its listing.
 */
export async function openRunInSession(
  session: Session,
  request: OpenRunRequest,
  shapes: TableShapes,
): Promise<OpenedRun> {
  const { run, mode } = request;
  const target = { stream: request.plan.stream, table: request.plan.table };
  // Listed before the claim is looked at: so none of them is of a run that claimed the mode since.
  const left = request.keepsListing
    ? listingsAmong(await listTables(session, target.table.schema, { startingWith: 'sync_' }), target, mode)
    : [];
  const before = await readFenceAndPlan(session, { ...target, run });
  requireHeld(before.claims, { ...target, mode, run });
  if (before.plan !== null) return { plan: before.plan, addedColumns: [], widenedColumns: [] };

  const reshaping = createReshaping(session, { ...target, run, fence: before });
  const { plan: fitted, added, widened, isNew, types } = await openTargetTable(session, request.plan, reshaping);
  const plan =
    mode === 'reconcile' ? listNewlyHashed(fitted, await readComparedPlan(session, target, before.generation)) : fitted;
  if (request.keepsListing) await createListing(session, { plan, mode, run, left });
  for (const { table } of plan.associations) await shapes.createAssociations(session, run, plan, table);

  const opened = await session.transaction<OpenedRun & { fence: Fence | null }>(async () => {
    const after = readFenceAndPlanRow(
      await takeFence(session, { ...target, taker: run }, buildFenceAndPlan({ ...target, run })),
    );
    const startedAt = requireHeld(after.claims, { ...target, mode, run });
    if (after.plan !== null) {
      return { end: 'rollback', value: { plan: after.plan, addedColumns: [], widenedColumns: [], fence: null } };
    }
    await recordRun(session, { ...request, plan, startedAt, generation: after.generation });
    const isChanged = isNew || reshaping.isBegun;
    if (isChanged) await reshaping.settle();
    const isSame = after.shape === before.shape && after.generation === before.generation;
    const fence = isSame ? { ...after, shape: after.shape + (isChanged ? 1 : 0) } : null;
    const names = { addedColumns: added.map(nameOf), widenedColumns: widened.map(nameOf) };
    return { end: 'commit', value: { plan, ...names, fence } };
  });
  const { fence, ...value } = opened;
  if (fence !== null) shapes.note({ ...target, run }, fence, types);
  return value;
}

/** Drops what runs that are gone have left. */
async function createListing(
  session: Session,
  { plan, mode, run, left }: { plan: StreamPlan; mode: SyncMode; run: string; left: readonly string[] },
): Promise<void> {
  const own = new Set(
    Object.values(listingTables(plan, { mode, run })).map(({ table }: TableName) => storedName(table)),
  );
  for (const table of left.filter((name) => !own.has(name))) {
    await session.execute(buildDropTable({ schema: plan.table.schema, table }));
  }
  for (const statement of buildCreateListingTables(plan, { mode, run })) await session.execute(statement);
}

/** Fits the run's plan, as it is stored, to the table once more, with what the source now writes. */
export async function widenInSession(session: Session, request: WidenRequest): Promise<StreamPlan> {
  const { run, mode } = request;
  const target = { stream: request.plan.stream, table: request.plan.table };
  const before = await readFenceAndPlan(session, { ...target, run });
  requireHeld(before.claims, { ...target, mode, run });
  if (before.plan === null) throw unknownRun({ ...target, run });
  const reshaping = createReshaping(session, { ...target, run, fence: before });
  const { plan } = await openTargetTable(session, asSent(before.plan, request.columns), reshaping);
  const { listing } = listingTables(target, request);
  if (await hasTable(session, listing)) {
    const { steps, types } = settleColumns(await describeTable(session, listing));
    for (const step of steps) await reshaping.execute(buildColumnStep(listing, step));
    await reshaping.widen(listing, narrowListed(plan, types));
  }
  return session.transaction(async () => {
    const { claims } = readFenceRow(await takeFence(session, { ...target, taker: run }));
    requireHeld(claims, { ...target, mode, run });
    if (reshaping.isBegun) await reshaping.settle();
    await session.execute(buildStorePlan(run, plan));
    return { end: 'commit', value: plan };
  });
}

/** Columns of a listing that have become too narrow for what the plan says of them. */
function narrowListed(plan: StreamPlan, present: TableTypes): WidenedColumn[] {
  return listedColumns(plan).flatMap(({ type: to }, n) => {
    const name = `v${n}`;
    const from = columnTypeOf(present.get(name) ?? '');
    return from === null || from === to ? [] : [{ name, from, to }];
  });
}

/** Whatever ended the run. Its listing goes with it. */
export async function closeRunInSession(session: Session, request: CloseRunRequest): Promise<LedgerHead> {
  const { record, head, keepsListing } = await readRun(session, request);
  await session.execute(buildCloseRun(request));
  if (keepsListing) {
    for (const statement of buildDropListingTables(request, record)) await session.execute(statement);
  }
  return head;
}

/** The stream's fence, and the run's plan; null for a run that was not opened yet. */
type FenceAndPlan = Fence & { readonly plan: StreamPlan | null };

async function readFenceAndPlan(session: Session, { run, ...target }: RunOf): Promise<FenceAndPlan> {
  const [row] = await session.query(buildFenceAndPlan({ ...target, run }));
  if (row === undefined) throw noFence(target);
  return readFenceAndPlanRow(row);
}

function buildFenceAndPlan({ run, ...target }: RunOf): Statement {
  const { stream, table } = target;
  return {
    sql:
      `SELECT ${buildFenceColumns()}, r.plan FROM ${quoteTable(fenceTable(target))} f ` +
      `LEFT JOIN (SELECT plan FROM ${systemTable(table.schema, 'sync_runs')} WHERE stream = ? AND run = ?) r ON TRUE`,
    binds: [stream, run],
  };
}

function readFenceAndPlanRow(row: SqlRow): FenceAndPlan {
  const { plan } = row;
  return { ...readFenceRow(row), plan: typeof plan === 'string' ? (JSON.parse(plan) as StreamPlan) : null };
}

function nameOf({ name }: { readonly name: string }): string {
  return name;
}
