import type { ResetRequest } from '../../model/destination.ts';
import { SyncError } from '../../model/errors.ts';
import { syncModes } from '../../model/plan.ts';
import { nothingToReset } from '../../model/stream-errors.ts';
import { listTables } from './catalogue.ts';
import { noClaims, writeClaims } from './claims.ts';
import { fenceTable, readFence, readFenceRow, takeFence } from './fence.ts';
import { quoteTable, storedName } from './identifiers.ts';
import { listingsAmong } from './listing-tables.ts';
import { resetMark } from './reshaping.ts';
import { buildRecordGeneration } from './schema-setup.ts';
import type { Session } from './session.ts';
import { systemTable } from './system-tables.ts';
import { buildDropTable } from './table-statements.ts';
import { withinTransaction } from './within-transaction.ts';

type Reset = { readonly generation: number };

/**
 * A new generation, under which no position, resume point or claim is left. The ledger keeps its rows. Tables are dropped
 * between two transactions, of which the second one ends the reset: until then the fence says that it is under way, and nothing
 * is merged. A repeat of one that has ended drops nothing, since a later run may have filled the table again.
 */
export async function resetInSession(session: Session, target: ResetRequest): Promise<Reset> {
  const { stream, table, request, tableRows } = target;
  const present = await listTables(session, table.schema, { startingWith: 'sync_' });
  if (!present.has(storedName(fenceTable(target).table))) throw nothingToReset(stream);
  const mark = resetMark(request);
  const fence = quoteTable(fenceTable(target));

  const begun = await session.transaction(async () => {
    const before = readFenceRow(await takeFence(session, { ...target, taker: request }));
    const { generation } = before;
    if (before.resetBy === request) {
      return { end: 'rollback', value: { generation, isEnded: before.reshapedBy !== mark } };
    }
    const isEnded = tableRows === 'keep';
    await session.execute({
      sql:
        `UPDATE ${fence} SET generation = generation + 1, reset_by = ?, claims = ?, shape = shape + 1` +
        `${isEnded ? '' : ', reshaped_by = ?'} WHERE ${withinTransaction}`,
      binds: [request, writeClaims(noClaims), ...(isEnded ? [] : [mark])],
    });
    await session.execute(buildRecordGeneration(target, generation + 1, withinTransaction));
    return { end: 'commit', value: { generation: generation + 1, isEnded } };
  });

  // Listed before: none of them is of a run that began since.
  for (const name of syncModes.flatMap((mode) => listingsAmong(present, target, mode))) {
    await session.execute(buildDropTable({ schema: table.schema, table: name }));
  }
  if (begun.isEnded) return { generation: begun.generation };

  for (const dropped of [table, ...target.associationTables]) {
    // DDL knows no fence: an attempt that was given up, and goes on all the same, is to drop nothing that was filled since.
    if ((await readFence(session, target)).reshapedBy !== mark) throw overtaken(stream);
    await session.execute(buildDropTable(dropped));
  }
  return session.transaction(async () => {
    await takeFence(session, { ...target, taker: request });
    await session.execute({
      sql: `UPDATE ${fence} SET reshaped_by = IFF(reshaped_by = ?, NULL, reshaped_by), shape = shape + 1 WHERE ${withinTransaction}`,
      binds: [mark],
    });
    // The account that the rows came from counts for as long as there are rows of it.
    await session.execute({
      sql: `UPDATE ${systemTable(table.schema, 'sync_runs')} SET access = NULL WHERE stream = ? AND ${withinTransaction}`,
      binds: [stream],
    });
    return { end: 'commit', value: { generation: begun.generation } };
  });
}

function overtaken(stream: string): SyncError {
  return new SyncError('Conflict', `a run of ${stream} began while it was being reset`, {
    next: 'reset it again',
  });
}
