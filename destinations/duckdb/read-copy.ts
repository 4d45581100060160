import { constants } from 'node:fs';
import { copyFile, open, rename, rm, stat } from 'node:fs/promises';
import { SyncError } from '../../model/errors.ts';

/** What other programs may open at any time, while this one keeps writing the file itself (rule 15 of docs/spec.md). */
export function readCopyPath(path: string): string {
  return `${path}.read.duckdb`;
}

/**
 * Puts a copy in the place of the last one, whose readers keep what they have open. The file has to be checkpointed and
 * closed: closing any handle on it would give up the lock that DuckDB holds.
 */
export async function publishReadCopy(path: string): Promise<void> {
  const published = readCopyPath(path);
  const unfinished = `${published}.tmp`;
  try {
    const before = await fingerprint(path);
    await copyFile(path, unfinished, constants.COPYFILE_FICLONE);
    await using copy = await open(unfinished, 'r+');
    await copy.sync();
    if ((await fingerprint(path)) !== before) throw writtenMeanwhile(path);
    // Left by a program that wrote to the last copy: it would be taken for a part of this one.
    await rm(`${published}.wal`, { force: true });
    await rename(unfinished, published);
  } catch (error) {
    await rm(unfinished, { force: true }).catch(() => undefined);
    throw error instanceof SyncError ? error : notWritten(published, error);
  }
}

async function fingerprint(path: string): Promise<string> {
  const { size, mtimeNs } = await stat(path, { bigint: true });
  return `${size} ${mtimeNs}`;
}

function notWritten(published: string, cause: unknown): SyncError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown reason';
  return new SyncError('Unavailable', `${published} cannot be written (${code})`, {
    next: 'see that its disk has space and that this user may write there, or set readCopy to off',
    cause,
  });
}

function writtenMeanwhile(path: string): SyncError {
  return new SyncError('Conflict', `another program wrote to ${path} while it was copied`, {
    next: `let other programs open ${readCopyPath(path)} instead`,
  });
}
