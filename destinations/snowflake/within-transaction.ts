import { SyncError } from '../../model/errors.ts';

/**
 * A condition of every statement that changes rows within a transaction, but of the one that takes the fence. The session
 * writes the transaction's id into it. A transaction may be ended from outside while its process stands still: by the next
 * attempt, by an administrator, or by Snowflake for others that wait. What follows would then stand by itself and be kept; so it
 * finds no row.
 */
export const withinTransaction = 'CURRENT_TRANSACTION() = $own_transaction';

const writes = /^\s*(insert|update|delete|merge|truncate|copy)\b/i;

/** Whether a statement changes rows. */
export function changesRows(sql: string): boolean {
  return writes.test(sql);
}

export function isGuarded(sql: string): boolean {
  return sql.includes(withinTransaction);
}

/** For one transaction, by its id. */
export function guardedBy(sql: string, transactionId: string): string {
  return sql.replaceAll(withinTransaction, `CURRENT_TRANSACTION() = '${transactionId}'`);
}

/** Nothing of the transaction was kept. */
export function transactionGone(): SyncError {
  return new SyncError('Conflict', 'a transaction in Snowflake was ended from outside', {
    next: 'let it be tried again: nothing of it counts',
  });
}
