import { readFile, stat } from 'node:fs/promises';
import { SyncError } from '../../model/errors.ts';

/** Files of this machine that are to be uploaded. */

export async function stagedSize(path: string): Promise<number> {
  return (await readable(path, () => stat(path))).size;
}

export function stagedContent(path: string): Promise<Buffer> {
  return readable(path, () => readFile(path));
}

async function readable<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw new SyncError('Unavailable', `${path} cannot be read (${(error as NodeJS.ErrnoException).code})`, {
      next: 'let it be tried again',
    });
  }
}
