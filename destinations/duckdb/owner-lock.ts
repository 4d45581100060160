import { DatabaseSync } from 'node:sqlite';
import { SyncError } from '../../model/errors.ts';
import { createFolder, realPathOf } from './database.ts';

/** SQLite's codes for a lock that somebody else holds. */
const heldElsewhere: ReadonlySet<number> = new Set([5, 6]);

/**
 * Makes this process the owner of a database file: null while another process is. The lock is that of an empty SQLite file
 * beside it, which the system frees however the owner ends. The database's own lock will not do: it is let go of whenever the
 * file is idle.
 */
export async function acquireOwnership(path: string): Promise<Disposable | null> {
  await createFolder(path);
  const lockPath = `${await realPathOf(path)}.owner`;
  let lock: DatabaseSync | null = null;
  try {
    lock = new DatabaseSync(lockPath, { timeout: 0 });
    lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    lock?.close();
    const { errcode, errstr } = error as { errcode?: number; errstr?: string };
    if (errcode !== undefined && heldElsewhere.has(errcode)) return null;
    throw new SyncError('ConfigInvalid', `${lockPath} cannot be locked (${errstr ?? 'unknown reason'})`, {
      next: 'choose a path in a folder this user may write to, and remove that file if it is not empty',
      cause: error,
    });
  }
}
