import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { describeError, SyncError } from '../../model/errors.ts';
import type { Finding } from '../../model/finding.ts';
import type { DatabaseFile } from './database.ts';
import { readCopyPath } from './read-copy.ts';

/** Looks at the folder, the file and its lock. Creates nothing. */
export async function checkDatabase(database: DatabaseFile, path: string, signal: AbortSignal): Promise<Finding[]> {
  const folder = await checkFolder(dirname(path));
  if (folder.status === 'failed') return [folder];
  return [folder, await checkFile(database, path, signal)];
}

/** What became of the last read copy, where that is worth saying. */
export function checkCopy(path: string, failure: SyncError | null): Finding[] {
  if (failure === null) return [];
  const text = `${readCopyPath(path)} is not up to date: ${failure.message}`;
  return [{ subject: 'read copy', status: 'warning', text, next: failure.next ?? null, kind: null }];
}

async function checkFolder(folder: string): Promise<Finding> {
  const subject = 'folder';
  const existing = await nearestFolder(folder);
  try {
    await access(existing, constants.W_OK | constants.X_OK);
    if (!(await stat(existing)).isDirectory()) throw new Error('not a folder');
    const text = existing === folder ? `${folder} can be written to` : `${folder} will be created`;
    return { subject, status: 'ok', text, next: null, kind: null };
  } catch {
    const text = `this user may not write to ${existing}`;
    return {
      subject,
      status: 'failed',
      text,
      next: 'choose a path in a folder this user may write to',
      kind: 'config',
    };
  }
}

async function nearestFolder(folder: string): Promise<string> {
  const isPresent = await stat(folder).then(
    () => true,
    () => false,
  );
  const parent = dirname(folder);
  return isPresent || parent === folder ? folder : nearestFolder(parent);
}

async function checkFile(database: DatabaseFile, path: string, signal: AbortSignal): Promise<Finding> {
  const subject = 'database';
  try {
    if (!(await database.exists())) {
      return { subject, status: 'ok', text: `${path} will be created by the first run`, next: null, kind: null };
    }
    await database.use(signal, (session) => session.query('SELECT 1'));
    return { subject, status: 'ok', text: `${path} opens, and no other program holds it`, next: null, kind: null };
  } catch (error) {
    if (!(error instanceof SyncError)) throw error;
    const kind = error.kind === 'ConfigInvalid' ? 'config' : 'unreachable';
    return {
      subject,
      status: 'failed',
      text: describeError({ message: error.message }),
      next: error.next ?? null,
      kind,
    };
  }
}
