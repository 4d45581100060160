import { unobservedRows } from '../../model/batch-errors.ts';
import { zeroCounts } from '../../model/counts.ts';
import type { MergeRequest } from '../../model/destination.ts';
import type { PartOutcome } from '../../model/part-outcome.ts';
import { buildListRecords, buildListTombstones } from './listing-statements.ts';
import type { LoadedRecords } from './load.ts';
import { quarantineRecords } from './quarantine.ts';
import type { Session } from './session.ts';

/**
 * Puts the records of a stage into the run's listing and merges none of them. A value that does not convert is NULL there, as
 * it is in the table.
 */
export async function mergeListing(
  session: Session,
  request: MergeRequest,
  loaded: LoadedRecords,
): Promise<PartOutcome> {
  if (loaded.unobserved > 0) throw unobservedRows(request);
  const { read, keyed } = loaded;
  if (keyed < read) await quarantineRecords(session, request, loaded.plan);
  await session.execute(buildListRecords(request, { loaded, values: 'staged' }));
  const rejected = read - keyed;
  return { kind: 'counted', counts: { ...zeroCounts, read: rejected, rejected, listed: keyed } };
}

/** Adds the ids of records just merged: what a later comparison need not look for. */
export async function listContent(session: Session, request: MergeRequest, loaded: LoadedRecords): Promise<void> {
  await session.execute(buildListRecords(request, { loaded, values: 'none' }));
}

/** Adds the ids of tombstones that the source told of. */
export async function listTombstones(session: Session, request: MergeRequest): Promise<void> {
  await session.execute(buildListTombstones(request));
}
