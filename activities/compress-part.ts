import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { type StageFile, type StagePart } from '../model/batch.ts';
import { SyncError } from '../model/errors.ts';
import { stageError } from './part-writer.ts';

/** Small enough that several are loaded beside one another, large enough that they are few. */
const fullBytes = 16 * 2 ** 20;

/** Level 6 takes five times as long and saves a tenth. */
const gzipLevel = 1;

export interface CompressTo {
  readonly directory: string;
  readonly name: string;
  /** Of compressed bytes: a file that has as many takes no further part file. */
  readonly fullBytes?: number;
}

/**
 * Writes the files of a part as few gzip files of one member each, in the same order: `<name>.csv.gz`, `<name>.2.csv.gz`. Rows
 * have no header, so files follow one another as they are. Raises `Unavailable` where a file is not what was closed.
 */
export async function compressPart(part: StagePart, to: CompressTo, signal: AbortSignal): Promise<StagePart> {
  const unread = [...part.files];
  const files: StageFile[] = [];
  while (unread.length > 0) {
    const number = files.length === 0 ? '' : `.${files.length + 1}`;
    files.push(await compressSome(unread, { ...to, path: join(to.directory, `${to.name}${number}.csv.gz`) }, signal));
  }
  return { files, rowCount: files.reduce((sum, { rowCount }) => sum + rowCount, 0) };
}

/** Takes files off the front of `unread` until the one it writes is full. */
async function compressSome(
  unread: StageFile[],
  { path, directory, fullBytes: full = fullBytes }: CompressTo & { readonly path: string },
  signal: AbortSignal,
): Promise<StageFile> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  let rowCount = 0;
  async function* rows(): AsyncGenerator<Buffer> {
    while (unread.length > 0 && sizeBytes < full) {
      const file = unread.shift()!;
      yield* readAsListed(file, directory);
      rowCount += file.rowCount;
    }
  }
  async function* measured(compressed: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const bytes of compressed) {
      hash.update(bytes);
      sizeBytes += bytes.length;
      yield bytes;
    }
  }
  try {
    await pipeline(rows, createGzip({ level: gzipLevel }), measured, createWriteStream(path, { mode: 0o600 }), {
      signal,
    });
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof SyncError ? error : stageError(error, directory);
  }
  return { path, rowCount, sizeBytes, sha256: hash.digest('hex') };
}

async function* readAsListed({ path, sizeBytes, sha256 }: StageFile, directory: string): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  let read = 0;
  for await (const bytes of createReadStream(path) as AsyncIterable<Buffer>) {
    hash.update(bytes);
    read += bytes.length;
    yield bytes;
  }
  if (read === sizeBytes && hash.digest('hex') === sha256) return;
  throw new SyncError('Unavailable', `stage folder ${directory}: a closed file is not as it was written`, {
    next: 'look after the disk; the run reads its records again by itself',
  });
}
