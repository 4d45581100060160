import { createHash } from 'node:crypto';
import { open, rm, type FileHandle } from 'node:fs/promises';
import type { StagePart } from '../model/batch.ts';
import { SyncError } from '../model/errors.ts';
import type { StagedRow } from '../model/source.ts';
import { encodeStagedRows } from '../model/staged-csv.ts';

/** One CSV file of a stage, whose size and digest the merge checks before it trusts it. */
export class PartWriter {
  readonly #directory: string;
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #digest = createHash('sha256');
  #rowCount = 0;
  #sizeBytes = 0;
  #lastWrite: Promise<unknown> = Promise.resolve();

  static async open(directory: string, path: string): Promise<PartWriter> {
    try {
      return new PartWriter(directory, path, await open(path, 'wx', 0o600));
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

  async close(): Promise<StagePart> {
    try {
      await this.#lastWrite;
      await this.#file.sync();
      await this.#file.close();
    } catch (error) {
      throw stageError(error, this.#directory);
    }
    const rowCount = this.#rowCount;
    return {
      rowCount,
      files: [{ path: this.#path, rowCount, sizeBytes: this.#sizeBytes, sha256: this.#digest.digest('hex') }],
    };
  }

  /** Lets go of the file and removes it. */
  async remove(): Promise<void> {
    await this.#lastWrite.catch(() => undefined);
    await this.#file.close().catch(() => undefined);
    await rm(this.#path, { force: true }).catch(() => undefined);
  }
}

export function stageError(error: unknown, directory: string): SyncError {
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
