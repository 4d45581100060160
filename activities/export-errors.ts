import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, rm, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { InspectInput, InspectResults } from '../model/inspection.ts';
import type { RejectFilter } from '../model/reject.ts';
import type { ActivityDeps } from './deps.ts';
import { encodeRejects, exportHeader } from './exported-reject.ts';
import { stageError } from './part-writer.ts';

/** Whoever asked has fetched it long before. */
const keptMs = 24 * 3_600_000;

/**
 * Writes rejects to a new file below the stages of this worker, for its user's eyes only. Where it lies is not the
 * caller's to say: whoever may start a workflow must not choose what is written to on this machine.
 */
export async function exportErrors(
  deps: ActivityDeps,
  input: Extract<InspectInput, { verb: 'exportErrors' }>,
  signal: AbortSignal,
): Promise<InspectResults['exportErrors']> {
  const settings = deps.streamSettings(input.stream);
  const { stream, table, hashedProperties } = settings;
  const destination = await deps.destination(settings.destination);
  const folder = join(deps.stageRoot, stream, 'exports');
  const format = input.format === 'jsonl' ? 'jsonl' : 'csv';
  const form = {
    format,
    values: input.values === 'include' ? 'include' : 'leaveOut',
    stream,
    hashedProperties,
  } as const;
  const name = `errors-${randomBytes(8).toString('hex')}.${format}`;
  const path = join(folder, name);
  let rejects = 0;
  let file: FileHandle | null = null;
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await sweepOld(folder);
    const written = (file = await open(path, 'wx', 0o600));
    await written.appendFile(exportHeader(form));
    await destination.readRejects(
      { stream, table, ...filterOf(input) },
      async (kept) => {
        rejects += kept.length;
        await written.appendFile(encodeRejects(kept, form));
      },
      signal,
    );
    await written.close();
  } catch (error) {
    await file?.close().catch(() => undefined);
    await rm(path, { force: true });
    throw error instanceof Error && 'syscall' in error ? stageError(error, folder) : error;
  }
  return { verb: 'exportErrors', stream, folder, name, rejects };
}

export function filterOf({ column, reason, since }: RejectFilter): RejectFilter {
  return {
    ...(column === undefined ? {} : { column }),
    ...(reason === undefined ? {} : { reason }),
    ...(since === undefined ? {} : { since }),
  };
}

async function sweepOld(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > keptMs) await rm(path, { force: true });
  }
}
