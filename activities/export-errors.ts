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
  const exports = join(deps.stageRoot, stream, 'exports');
  const id = randomBytes(8).toString('hex');
  const folder = join(exports, id);
  const format = input.format === 'jsonl' ? 'jsonl' : 'csv';
  const form = {
    format,
    values: input.values === 'include' ? 'include' : 'leaveOut',
    stream,
    hashedProperties,
  } as const;
  const file = `errors.${format}`;
  let rejects = 0;
  let opened: FileHandle | null = null;
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await sweepOld(exports);
    const written = (opened = await open(join(folder, file), 'wx', 0o600));
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
    await opened?.close().catch(() => undefined);
    await rm(folder, { recursive: true, force: true });
    throw error instanceof Error && 'syscall' in error ? stageError(error, folder) : error;
  }
  return { verb: 'exportErrors', stream, id, folder, file, rejects };
}

export function filterOf({ column, reason, since }: RejectFilter): RejectFilter {
  return {
    ...(column === undefined ? {} : { column }),
    ...(reason === undefined ? {} : { reason }),
    ...(since === undefined ? {} : { since }),
  };
}

async function sweepOld(exports: string): Promise<void> {
  for (const id of await readdir(exports)) {
    const path = join(exports, id);
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > keptMs) await rm(path, { recursive: true, force: true });
  }
}
