import { zeroCounts } from '../../model/counts.ts';
import type { MergeRequest } from '../../model/destination.ts';
import { listingPlan, type StreamPlan } from '../../model/plan.ts';
import { quoteTable } from './dialect.ts';
import { listedColumns, listingTables } from './listing-tables.ts';
import { loadRecords } from './load.ts';
import type { PartOutcome } from '../../model/part-outcome.ts';
import type { Session } from './session.ts';

/**
 * Puts the records of a stage into the run's listing and merges none of them. A value that does not convert is NULL there, as
 * it is in the table. Leaves `_sluice_staged` for what else the stage brings.
 */
export async function loadListing(session: Session, request: MergeRequest): Promise<PartOutcome> {
  const staged = listingPlan(request.plan);
  const loaded = await loadRecords(session, request, staged);
  if (loaded === null) return { kind: 'lost' };
  const values = listedColumns(request.plan).map(
    ({ name }) => `c${1 + staged.columns.findIndex((column) => column.name === name)}`,
  );
  await session.execute(buildList(request, { staged, values }));
  const { read, rejected } = loaded;
  return { kind: 'counted', counts: { ...zeroCounts, read: rejected, rejected, listed: read - rejected } };
}

/** Adds the ids of records just merged: what a later comparison need not look for. */
export async function listContent(session: Session, request: MergeRequest): Promise<void> {
  const values = listedColumns(request.plan).map(() => 'NULL');
  await session.execute(buildList(request, { staged: request.plan, values }));
}

/** Adds the ids of tombstones that the source told of. */
export async function listTombstones(session: Session, request: MergeRequest): Promise<void> {
  const { listing } = listingTables(request.plan, request.mode);
  await session.execute(
    `INSERT INTO ${quoteTable(listing)} (id, observed_at, state) SELECT id, observed_at, 'archived' FROM _sluice_gone ` +
      "WHERE kind <> 'vanished'",
  );
}

function buildList(
  { plan, mode }: MergeRequest,
  { staged, values }: { staged: StreamPlan; values: readonly string[] },
): string {
  const { listing } = listingTables(plan, mode);
  const columns = ['id', 'version', 'observed_at', 'state', ...values.map((_, n) => `v${n}`)];
  const selected = ['c0', `c${staged.columns.length + 1}`, 'state_at', "'live'", ...values];
  return `INSERT INTO ${quoteTable(listing)} (${columns.join(', ')}) SELECT ${selected.join(', ')} FROM _sluice_staged`;
}
