import { stat } from 'node:fs/promises';
import type { StreamState } from '../../model/destination.ts';
import type { StreamTable } from '../../model/stream-table.ts';

/**
 * States of streams, kept until their stream is written, or anybody else writes the file. A run that finds no change asks for
 * nothing else, and to open the file for it takes 100 ms of CPU where it holds fifty tables of seventy columns, every few seconds.
 */
export class StateCache {
  readonly #path: string;
  #stamp = '';
  readonly #states = new Map<string, StreamState>();

  constructor(path: string) {
    this.#path = path;
  }

  async find(target: StreamTable): Promise<StreamState | null> {
    const state = this.#states.get(keyOf(target));
    return state !== undefined && (await this.#stampNow()).text === this.#stamp ? state : null;
  }

  /** Keeps what `read` finds. Call it while nobody else can write. */
  async keep(target: StreamTable, read: () => Promise<StreamState>): Promise<StreamState> {
    const before = await this.#stampNow();
    const state = await read();
    const stamp = await this.#stampNow();
    if (isReplaced(before, stamp)) return state;
    if (stamp.text !== this.#stamp) this.#states.clear();
    this.#stamp = stamp.text;
    this.#states.set(keyOf(target), state);
    return state;
  }

  /** Around what this process does while nobody else can write: what it writes concerns the streams that it has forgotten. */
  async own<T>(work: () => Promise<T>): Promise<T> {
    const before = await this.#stampNow();
    try {
      return await work();
    } finally {
      const after = await this.#stampNow();
      if (before.text === this.#stamp && !isReplaced(before, after)) this.#stamp = after.text;
    }
  }

  /** Call it before the stream is written. */
  forget(stream: string): void {
    for (const key of this.#states.keys()) if (streamOf(key) === stream) this.#states.delete(key);
  }

  /** Every commit appends to the log beside the file, and a checkpoint writes the file: neither leaves both as they were. */
  async #stampNow(): Promise<Stamp> {
    const [file, log] = await Promise.all([stampOf(this.#path), stampOf(`${this.#path}.wal`)]);
    return { inode: file.inode, text: `${file.text} ${log.text}` };
  }
}

interface Stamp {
  /** Null where there is no file. */
  readonly inode: string | null;
  readonly text: string;
}

async function stampOf(path: string): Promise<Stamp> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    const inode = `${dev}:${ino}`;
    return { inode, text: [inode, size, mtimeNs, ctimeNs].join(':') };
  } catch (error) {
    return { inode: null, text: String((error as NodeJS.ErrnoException).code) };
  }
}

/** Somebody has put another file in its place meanwhile, of which what was done with the first one says nothing. */
function isReplaced(before: Stamp, after: Stamp): boolean {
  return before.inode !== null && before.inode !== after.inode;
}

function keyOf({ stream, table }: StreamTable): string {
  return JSON.stringify([stream, table.schema, table.table]);
}

function streamOf(key: string): string {
  return (JSON.parse(key) as [stream: string])[0];
}
