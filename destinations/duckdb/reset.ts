import type { ResetRequest } from '../../model/destination.ts';
import { syncModes } from '../../model/plan.ts';
import { nothingToReset } from '../../model/stream-errors.ts';
import { quoteTable } from './dialect.ts';
import { buildDropListingTables } from './listing-tables.ts';
import type { Session, TransactionEnd } from './session.ts';
import { buildSystemTables, systemTable } from './system-tables.ts';
import { hasTable } from './target-table.ts';

/**
 * One transaction: a new generation, under which no position, resume point or claim is left. The ledger keeps its rows. A
 * repeat drops nothing, since a later run may have filled the table again.
 */
export async function resetInTransaction(
  session: Session,
  target: ResetRequest,
): Promise<TransactionEnd<{ readonly generation: number }>> {
  const { stream, table, request } = target;
  if (!(await hasTable(session, { schema: table.schema, table: 'sync_fence' }))) throw nothingToReset(stream);
  for (const statement of buildSystemTables(table.schema)) await session.execute(statement);
  const fence = systemTable(table.schema, 'sync_fence');
  const [before] = await session.query(`SELECT generation, reset_by FROM ${fence} WHERE stream = $stream`, { stream });
  if (before === undefined) throw nothingToReset(stream);
  if (before['reset_by'] === request) return { end: 'rollback', value: { generation: Number(before['generation']) } };

  const [raised] = await session.query(
    `UPDATE ${fence} SET generation = generation + 1, reset_by = $request, taken_by = $request, taken_at = now() ` +
      'WHERE stream = $stream RETURNING generation',
    { stream, request },
  );
  await session.execute(`DELETE FROM ${systemTable(table.schema, 'sync_claims')} WHERE stream = $stream`, { stream });
  for (const mode of syncModes) {
    for (const statement of buildDropListingTables(target, mode)) await session.execute(statement);
  }
  if (target.tableRows === 'drop') {
    // The account that the rows came from counts for as long as there are rows of it.
    await session.execute(`UPDATE ${systemTable(table.schema, 'sync_runs')} SET access = NULL WHERE stream = $stream`, {
      stream,
    });
    for (const dropped of [table, ...target.associationTables]) {
      await session.execute(`DROP TABLE IF EXISTS ${quoteTable(dropped)}`);
    }
  }
  return { end: 'commit', value: { generation: Number(raised!['generation']) } };
}
