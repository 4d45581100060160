import { createHash, randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

const idForm = /^[0-9a-f]{16}$/;

/**
 * The queue that the one owner of a database file polls (rule 15 of docs/spec.md), however its path is spelled. Named by an id
 * in `<path>.queue`, made here where there is none, since runs that wait on a queue must find it again: a machine's name and,
 * in a container, a path may change. Where no id can be kept, the path names the queue.
 */
export function ownerQueueOf(path: string): string {
  const file = realFile(path);
  return `duckdb-${readOrMakeId(`${file}.queue`) ?? createHash('sha256').update(file).digest('hex').slice(0, 16)}`;
}

function readOrMakeId(idPath: string): string | null {
  try {
    mkdirSync(dirname(idPath), { recursive: true });
    return readId(idPath) ?? makeId(idPath);
  } catch {
    return null;
  }
}

/** Null where there is no such file. */
function readId(idPath: string): string | null {
  let text: string;
  try {
    text = readFileSync(idPath, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  if (!idForm.test(text)) throw new Error(`${idPath} holds no id`);
  return text;
}

/** Of processes that make one at once, all get that of the first: the file appears with its content. */
function makeId(idPath: string): string | null {
  const id = randomBytes(8).toString('hex');
  const draft = `${idPath}.${id}`;
  try {
    writeFileSync(draft, id, { mode: 0o600, flag: 'wx', flush: true });
    linkSync(draft, idPath);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  return readId(idPath);
}

/** The file may not be there before the first run, nor its folder. */
function realFile(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(realFile(parent), basename(path));
  }
}
