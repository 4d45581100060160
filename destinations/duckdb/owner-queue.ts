import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';

/** Names the file by machine and real path, however it is spelled: its one owner polls this queue (rule 15 of docs/spec.md). */
export function ownerQueueOf(path: string): string {
  const identity = JSON.stringify([hostname(), join(realFolder(dirname(path)), basename(path))]);
  return `duckdb-${createHash('sha256').update(identity).digest('hex').slice(0, 16)}`;
}

/** The folder may not be there before the first run. */
function realFolder(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    const parent = dirname(folder);
    return parent === folder ? folder : join(realFolder(parent), basename(folder));
  }
}
