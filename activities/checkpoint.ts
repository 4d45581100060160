import { createHash } from 'node:crypto';
import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Stage } from '../model/batch.ts';
import type { ChunkState } from './chunk-state.ts';
import { stageError } from './part-writer.ts';

/** What an attempt leaves to the next one: closed parts, and the frontier that remained when they were closed. */
export interface Checkpoint {
  /** Names the extraction: attempts of another one may not go on from here. */
  readonly key: string;
  readonly state: ChunkState;
  /** Every file closed and fsynced, with count and checksum. */
  readonly stage: Stage;
}

const fileName = 'checkpoint.json';

/** Puts the index of a stage's closed parts beside them, in place of the one before; it is whole or not there. */
export async function writeCheckpoint(checkpoint: Checkpoint): Promise<void> {
  const { directory } = checkpoint.stage;
  const body = JSON.stringify(checkpoint);
  const path = join(directory, fileName);
  try {
    await using file = await open(`${path}.new`, 'w', 0o600);
    await file.writeFile(`${sha256(body)}\n${body}`);
    await file.sync();
    await rename(`${path}.new`, path);
  } catch (error) {
    throw stageError(error, directory);
  }
}

/** Null where there is none, or not as it was written. */
export async function readCheckpoint(directory: string): Promise<Checkpoint | null> {
  const text = await readFile(join(directory, fileName), 'utf8').catch(() => '');
  const end = text.indexOf('\n');
  const body = text.slice(end + 1);
  return end > 0 && text.slice(0, end) === sha256(body) ? (JSON.parse(body) as Checkpoint) : null;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
