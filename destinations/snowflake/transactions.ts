import { SyncError } from '../../model/errors.ts';
import type { Session } from './session.ts';

/**
 * Ends the transaction of an attempt that is dead, so that its locks need not be waited for: by its id, since an attempt that
 * lives has another one. One that has ended stays as it ended.
 */
export async function abortTransaction(session: Session, id: string): Promise<void> {
  if (!/^\d+$/.test(id)) throw new RangeError('not the id of a transaction');
  try {
    await session.query({ sql: `SELECT SYSTEM$ABORT_TRANSACTION(${id})` });
  } catch (error) {
    // Then it is no longer known there, or not ours to end, and the fence is waited for as it always is.
    if (!(error instanceof SyncError)) throw error;
  }
}
