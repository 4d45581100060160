import { randomBytes } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { SyncMode } from '../model/plan.ts';

/** `<root>/<pipeline.stream>/<mode>/<run>/<sequence>-<attempt>`: nothing of one attempt can be taken for another's. */
export interface StageOwner {
  readonly stageRoot: string;
  readonly stream: string;
  readonly mode: SyncMode;
  readonly run: string;
}

export function newStageFolder(owner: StageOwner, sequence: number): string {
  const attempt = randomBytes(4).toString('hex');
  return join(runFolder(owner), `${String(sequence).padStart(6, '0')}-${attempt}`);
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

function runFolder({ stageRoot, stream, mode, run }: StageOwner): string {
  return join(stageRoot, stream, mode, run);
}
