import { randomUUID } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { isBusy } from './sqlite-errors.ts';

/** One process's share in a budget: alive for as long as it holds the lock on a file of its own. */
export interface Member {
  readonly id: string;
  leave(): void;
}

/**
 * Takes the lock. The system frees it however the process ends, and not before: a process that merely stands still keeps it, so
 * that what it has in flight is never taken for over.
 */
export function becomeMember(budgetPath: string): Member {
  const id = randomUUID().slice(0, 13);
  const path = lockPath(budgetPath, id);
  const lock = new DatabaseSync(path, { timeout: 0 });
  lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  return {
    id,
    leave() {
      lock.close();
      rmSync(path, { force: true });
    },
  };
}

/** Whether the process of a member is there. Without a doubt only if it is not. */
export function isAlive(budgetPath: string, id: string): boolean {
  const path = lockPath(budgetPath, id);
  if (!existsSync(path)) return false;
  const url = pathToFileURL(path);
  // Without it the file would be made anew by whoever asks, and be free.
  url.searchParams.set('mode', 'rw');
  let lock: DatabaseSync | null = null;
  try {
    lock = new DatabaseSync(url, { timeout: 0 });
    lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    return false;
  } catch (error) {
    // Also where several ask at once: one of them finds out.
    return isBusy(error) || existsSync(path);
  } finally {
    lock?.close();
  }
}

/** After a member's end; a second time is none. */
export function removeLock(budgetPath: string, id: string): void {
  rmSync(lockPath(budgetPath, id), { force: true });
}

function lockPath(budgetPath: string, id: string): string {
  return `${budgetPath}.${id}.lock`;
}
