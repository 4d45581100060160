import { createHash } from 'node:crypto';
import { mkdir, open, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Stage } from '../model/batch.ts';
import { SyncError } from '../model/errors.ts';
import type { StagedRow } from '../model/source.ts';
import { encodeStagedRows } from '../model/staged-csv.ts';

/** Writes one stage: pages in, one CSV file out, whose size and digest the merge checks before it trusts it. */
export class StageWriter {
  readonly #directory: string;
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #digest = createHash('sha256');
  #rowCount = 0;
  #sizeBytes = 0;
  #lastWrite: Promise<unknown> = Promise.resolve();

  /** Creates the folder, readable by this user only. Raises `Unavailable` where the disk refuses, `ConfigInvalid` where rights do. */
  static async open(directory: string): Promise<StageWriter> {
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      const path = join(directory, 'part-1.csv');
      return new StageWriter(directory, path, await open(path, 'wx', 0o600));
    } catch (error) {
      throw stageError(error, directory);
    }
  }

  private constructor(directory: string, path: string, file: FileHandle) {
    this.#directory = directory;
    this.#path = path;
    this.#file = file;
  }

  /** Resolves when the rows are with the operating system. Calls may overlap; rows keep the order of the calls. */
  async write(rows: readonly StagedRow[]): Promise<void> {
    const bytes = Buffer.from(encodeStagedRows(rows), 'utf8');
    this.#rowCount += rows.length;
    this.#sizeBytes += bytes.length;
    this.#digest.update(bytes);
    const write = this.#lastWrite.then(() => this.#file.appendFile(bytes));
    this.#lastWrite = write;
    try {
      await write;
    } catch (error) {
      throw stageError(error, this.#directory);
    }
  }

  /** Fsyncs and closes: only what this returns may be merged. */
  async close(): Promise<Stage> {
    try {
      await this.#lastWrite;
      await this.#file.sync();
      await this.#file.close();
    } catch (error) {
      throw stageError(error, this.#directory);
    }
    return {
      directory: this.#directory,
      rowCount: this.#rowCount,
      files:
        this.#rowCount === 0
          ? []
          : [
              {
                path: this.#path,
                rowCount: this.#rowCount,
                sizeBytes: this.#sizeBytes,
                sha256: this.#digest.digest('hex'),
              },
            ],
    };
  }

  /** Removes what was written, after a failure. */
  async discard(): Promise<void> {
    await this.#lastWrite.catch(() => undefined);
    await this.#file.close().catch(() => undefined);
    await rm(this.#directory, { recursive: true, force: true });
  }
}

function stageError(error: unknown, directory: string): SyncError {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS' || code === 'ENOTDIR') {
    return new SyncError('ConfigInvalid', `stage folder ${directory}: not writable (${code})`, {
      next: 'give the worker write access, or set dataDir in the config',
    });
  }
  const what = code === 'ENOSPC' ? 'the disk is full' : `writing failed (${code ?? 'unknown reason'})`;
  return new SyncError('Unavailable', `stage folder ${directory}: ${what}`, {
    next: 'free space; the run goes on by itself',
  });
}
