import { randomBytes } from 'node:crypto';
import { readdir, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { StagedRun } from '../model/staged-run.ts';

/** `<root>/<pipeline.stream>/<mode>/<run>/<sequence>-<attempt>`: nothing of one attempt can be taken for another's. */
export interface StageOwner {
  readonly stageRoot: string;
  readonly stream: string;
  /** A mode, or `verify`. */
  readonly mode: string;
  readonly run: string;
}

export function newStageFolder(owner: StageOwner, sequence: number): string {
  const attempt = randomBytes(4).toString('hex');
  return join(runFolder(owner), `${String(sequence).padStart(6, '0')}-${attempt}`);
}

/** The folders of the other attempts at a sequence, by the folder of one. */
export async function attemptsBeside(folder: string): Promise<string[]> {
  const run = dirname(folder);
  const own = basename(folder);
  const sequence = own.slice(0, own.indexOf('-') + 1);
  const names = await readdir(run).catch(() => []);
  return names.filter((name) => name !== own && name.startsWith(sequence)).map((name) => join(run, name));
}

/** Removes all stages of a run. */
export async function removeRunStages(owner: StageOwner): Promise<void> {
  await rm(runFolder(owner), { recursive: true, force: true });
}

/**
 * Removes what other runs of the stream and mode left behind: terminate and kill -9 run no clean-up. Call it once this
 * run holds the fence, since nothing they staged can be merged from then on.
 */
export async function sweepOtherRuns(owner: StageOwner): Promise<void> {
  const folder = join(owner.stageRoot, owner.stream, owner.mode);
  const runs = await readdir(folder).catch(() => []);
  const others = runs.filter((run) => run !== owner.run);
  await Promise.all(others.map((run) => rm(join(folder, run), { recursive: true, force: true })));
}

/** Keeps the answer far below what Temporal accepts as one payload. */
export const mostListed = 1_000;

/** What is staged, of every stream, mode and run, oldest first and at most 1,000. Something that goes away meanwhile is left out. */
export async function listStagedRuns(stageRoot: string): Promise<StagedRun[]> {
  const found: StagedRun[] = [];
  for (const stream of await namesIn(stageRoot)) {
    for (const mode of await namesIn(join(stageRoot, stream))) {
      for (const run of await namesIn(join(stageRoot, stream, mode))) {
        const measured = await measure(join(stageRoot, stream, mode, run));
        if (measured !== null) found.push({ stream, mode, run, ...measured });
      }
    }
  }
  return found.toSorted((a, b) => a.modifiedAt.localeCompare(b.modifiedAt)).slice(0, mostListed);
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}

async function measure(folder: string): Promise<Pick<StagedRun, 'sizeBytes' | 'modifiedAt'> | null> {
  try {
    let { mtimeMs } = await stat(folder);
    let sizeBytes = 0;
    for (const name of await readdir(folder, { recursive: true })) {
      const entry = await stat(join(folder, name));
      mtimeMs = Math.max(mtimeMs, entry.mtimeMs);
      if (entry.isFile()) sizeBytes += entry.size;
    }
    return { sizeBytes, modifiedAt: new Date(mtimeMs).toISOString() };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function runFolder({ stageRoot, stream, mode, run }: StageOwner): string {
  return join(stageRoot, stream, mode, run);
}
