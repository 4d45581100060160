import type { ClaimRequest } from '../../model/destination.ts';
import type { StreamTable } from '../../model/stream-table.ts';
import { fenced, firstGeneration, unclaimed } from '../../model/fenced.ts';
import type { SyncMode } from '../../model/plan.ts';
import { noFence } from '../../model/stream-errors.ts';
import { isoInstant } from './instant.ts';
import type { Session, SqlRow } from './session.ts';
import { systemTable } from './system-tables.ts';

/** Writes the stream's fence row, so that of two writers at once only one commits, and returns the generation. */
export async function takeFence(session: Session, target: StreamTable & { taker: string }): Promise<number> {
  const [row] = await session.query(
    `UPDATE ${systemTable(target.table.schema, 'sync_fence')} SET taken_by = $taker, taken_at = now() ` +
      'WHERE stream = $stream RETURNING generation',
    { stream: target.stream, taker: target.taker },
  );
  if (row === undefined) {
    throw noFence(target);
  }
  return Number(row['generation']);
}

/** Within a transaction: takes the fence, creating it for a stream's first run, and passes the claim to this run. */
export async function claimStream(session: Session, request: ClaimRequest): Promise<number> {
  const { stream, table, mode, run, runStartedAt } = request;
  await session.execute(
    `INSERT INTO ${systemTable(table.schema, 'sync_fence')} (stream, generation) SELECT $stream, ${firstGeneration} ` +
      `WHERE NOT EXISTS (FROM ${systemTable(table.schema, 'sync_fence')} WHERE stream = $stream)`,
    { stream },
  );
  const generation = await takeFence(session, { stream, table, taker: run });
  const claims = systemTable(table.schema, 'sync_claims');
  const [claim] = await session.query(
    `SELECT run, run_started_at >= $runStartedAt::TIMESTAMPTZ AS is_newer FROM ${claims} WHERE stream = $stream AND mode = $mode`,
    { stream, mode, runStartedAt },
  );
  if (claim === undefined) {
    await session.execute(`INSERT INTO ${claims} VALUES ($stream, $mode, $run, $runStartedAt::TIMESTAMPTZ)`, {
      stream,
      mode,
      run,
      runStartedAt,
    });
  } else if (claim['run'] !== run) {
    if (claim['is_newer'] === true) throw fenced({ stream, mode, run, claimant: String(claim['run']) });
    await session.execute(
      `UPDATE ${claims} SET run = $run, run_started_at = $runStartedAt::TIMESTAMPTZ WHERE stream = $stream AND mode = $mode`,
      { stream, mode, run, runStartedAt },
    );
  }
  return generation;
}

type Claimant = StreamTable & { readonly mode: SyncMode; readonly run: string };

export async function holdsClaim(session: Session, claimant: Claimant): Promise<boolean> {
  return (await findClaim(session, claimant))?.['run'] === claimant.run;
}

/** Raises `Fenced` unless the run holds the claim; returns the instant it started. */
export async function requireClaim(session: Session, claimant: Claimant): Promise<string> {
  const { stream, mode, run } = claimant;
  const claim = await findClaim(session, claimant);
  if (claim === undefined) throw unclaimed({ stream, mode, run });
  if (claim['run'] !== run) throw fenced({ stream, mode, run, claimant: String(claim['run']) });
  return isoInstant(String(claim['run_started_at']));
}

async function findClaim(session: Session, { stream, table, mode }: Claimant): Promise<SqlRow | undefined> {
  const [claim] = await session.query(
    `SELECT run, run_started_at FROM ${systemTable(table.schema, 'sync_claims')} WHERE stream = $stream AND mode = $mode`,
    { stream, mode },
  );
  return claim;
}
