import { mkdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { SyncError } from '../../model/errors.ts';
import type { DuckDbConfig } from './config.ts';
import { toSyncError } from './driver-errors.ts';
import { publishReadCopy } from './read-copy.ts';
import { createSession, type Session } from './session.ts';

/** Other programs may open the file this long after the last use. */
const idleCloseMs = 2_000;

/**
 * What is not yet checkpointed stays in memory, 30 MB for 25,000 rows x 65 columns. A checkpoint runs after the merge has
 * answered: inside COMMIT it would add 0.2 to 0.9 s. It then closes the file, since what DuckDB caches of it grows with it.
 * Peak over forty such merges, with one thread: 365 MB; without closing, and at 64 MB: 578 MB.
 */
const checkpointWalBytes = 16 * 2 ** 20;

export interface DatabaseFile {
  /** Runs `work` alone on the file, opening (and creating) it if need be. Waits for its turn. */
  use<T>(signal: AbortSignal, work: (session: Session) => Promise<T>): Promise<T>;
  exists(): Promise<boolean>;
  /** Publishes the read copy, in its turn: the file is checkpointed and closed for as long as the copying takes. */
  publishCopy(): Promise<void>;
  close(): Promise<void>;
}

interface OpenFile {
  readonly instance: DuckDBInstance;
  readonly connection: DuckDBConnection;
  /** Of the file that is open, which may no longer be the one at its path. */
  readonly inode: string;
}

/** Queues by real path: the driver's lock does not stop a second instance in the same process, which would corrupt the file. */
const turns = new Map<string, Promise<void>>();

/** How whatever this process has open is closed, and its real path: a file is copied once nobody has it open. */
const holders = new Map<() => void, string>();

/**
 * Opens nothing yet: the file is opened by the first use and closed, checkpointed, soon after the last. `whileOpen` is given
 * whatever is done with it, one at a time, while no other process can write it.
 */
export function createDatabaseFile(
  config: DuckDbConfig,
  whileOpen: <T>(work: () => Promise<T>) => Promise<T> = (work) => work(),
): DatabaseFile {
  let open: OpenFile | null = null;
  let idleTimer: NodeJS.Timeout | undefined;

  const inTurn = async <T>(work: () => Promise<T>): Promise<T> => {
    const key = await realPathOf(config.path);
    const before = turns.get(key) ?? Promise.resolve();
    const { promise: mine, resolve: done } = Promise.withResolvers<void>();
    const tail = before.then(() => mine);
    turns.set(key, tail);
    await before;
    try {
      return await work();
    } finally {
      done();
      if (turns.get(key) === tail) turns.delete(key);
    }
  };

  const release = () => {
    if (open === null) return;
    const { instance, connection } = open;
    open = null;
    holders.delete(release);
    connection.closeSync();
    instance.closeSync();
  };

  const checkpoint = async () => {
    // Closing checkpoints too, but would block the event loop while it does. On failure the rows are safe in the WAL.
    const held = open;
    if (held !== null) await whileOpen(() => held.connection.run('CHECKPOINT')).catch(release);
  };

  /** Whoever has it open in this process shares one instance of it. */
  const letAllGo = async () => {
    const path = await realPathOf(config.path);
    for (const [letGo, held] of holders) if (held === path) letGo();
  };

  const acquire = async () => {
    if (open !== null && open.inode === (await inodeOf(config.path))) return open;
    // Somebody has put another file in its place: what is written into the old one nobody would ever see.
    if (open !== null) {
      await letAllGo();
      release();
    }
    await createFolder(config.path);
    try {
      const instance = await DuckDBInstance.fromCache(config.path, instanceOptions(config));
      const connection = await instance.connect();
      await connection.run("SET GLOBAL TimeZone = 'UTC'");
      holders.set(release, await realPathOf(config.path));
      return (open = { instance, connection, inode: await inodeOf(config.path) });
    } catch (error) {
      throw toSyncError(error, config.path).error;
    }
  };

  /** Upkeep may fail without a word: the next use of the file meets the cause, and has somebody to tell. */
  const inBackground = (work: () => Promise<void>): void => {
    inTurn(work).catch(() => undefined);
  };

  const afterUse = () => {
    clearTimeout(idleTimer);
    idleTimer = setTimeout(() => {
      inBackground(async () => {
        await checkpoint();
        release();
      });
    }, idleCloseMs).unref();
    inBackground(async () => {
      if ((await walBytes(config.path)) <= checkpointWalBytes) return;
      await checkpoint();
      release();
    });
  };

  return {
    use: (signal, work) =>
      inTurn(async () => {
        signal.throwIfAborted();
        clearTimeout(idleTimer);
        const { connection } = await acquire();
        let isBroken = false;
        const onBroken = () => (isBroken = true);
        try {
          return await whileOpen(() => work(createSession({ connection, path: config.path, signal, onBroken })));
        } finally {
          if (isBroken) release();
          afterUse();
        }
      }),
    publishCopy: () =>
      inTurn(async () => {
        clearTimeout(idleTimer);
        const { connection } = await acquire();
        try {
          await whileOpen(() => connection.run('CHECKPOINT'));
        } catch (error) {
          throw toSyncError(error, config.path).error;
        } finally {
          await letAllGo();
        }
        await publishReadCopy(config.path);
      }),
    exists: async () => (await sizeOf(config.path)) !== null,
    close: () =>
      inTurn(async () => {
        clearTimeout(idleTimer);
        await checkpoint();
        release();
      }),
  };
}

export function instanceOptions(config: Pick<DuckDbConfig, 'memoryLimit' | 'threads'>): Record<string, string> {
  return {
    memory_limit: config.memoryLimit,
    threads: String(config.threads),
    // A backstop only: see checkpointWalBytes.
    checkpoint_threshold: '1GB',
    // A checkpoint would merge small row groups, 350,000 rows at once: 844 instead of 365 MB at the peak of forty merges,
    // and 46 instead of 22 s of CPU.
    max_vacuum_tasks: '0',
    // Hand freed memory back: 235 instead of 349 MB resident after four chunks of 25,000 rows x 62 columns.
    allocator_flush_threshold: '1MB',
    allocator_bulk_deallocation_flush_threshold: '8MB',
    // No statement of ours needs an extension, and none may go to the network for one.
    autoinstall_known_extensions: 'false',
  };
}

export async function createFolder(path: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
  } catch (error) {
    throw new SyncError('ConfigInvalid', `the folder ${dirname(path)} cannot be created (${errorCode(error)})`, {
      next: 'choose a path in a folder this user may write to',
    });
  }
}

/** With links followed, of the folder where the file is not there yet. */
export async function realPathOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    return join(await realpath(dirname(path)).catch(() => dirname(path)), basename(path));
  }
}

/** Of the file a path leads to; empty where there is none. */
async function inodeOf(path: string): Promise<string> {
  const found = await stat(path, { bigint: true }).catch(() => null);
  return found === null ? '' : `${found.dev}:${found.ino}`;
}

async function walBytes(path: string): Promise<number> {
  return (await sizeOf(`${path}.wal`)) ?? 0;
}

async function sizeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw new SyncError('ConfigInvalid', `${path} cannot be looked at (${errorCode(error)})`, {
      next: 'choose a path this user may read',
    });
  }
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason';
}
