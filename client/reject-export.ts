import { constants, existsSync } from 'node:fs';
import { copyFile, rm, rmdir } from 'node:fs/promises';
import { dirname, extname, join, resolve } from 'node:path';
import type { ExportForm } from '../model/inspection.ts';
import type { RejectFilter } from '../model/reject.ts';
import { askWorker } from './ask-worker.ts';
import { CliError } from './cli-error.ts';
import { countText } from './count-text.ts';
import { exitCode, type ExitCode } from './exit-code.ts';
import type { Output } from './output.ts';
import type { ConfigSession } from './session.ts';

/**
 * Lets the worker write a stream's rejects to a file, and moves it to where the caller wants it. Values never pass through
 * Temporal, so a worker on another machine leaves the file there, and the caller is told where.
 */
export async function exportRejects(asked: {
  readonly session: ConfigSession;
  readonly stream: string;
  readonly filter: RejectFilter;
  readonly values: ExportForm['values'];
  /** As the caller named it. */
  readonly file: string;
  readonly output: Output;
}): Promise<ExitCode> {
  const { session, stream, filter, values, output } = asked;
  const format = formatOf(asked.file);
  const file = resolve(asked.file);
  if (existsSync(file)) throw exists(asked.file);
  const written = await askWorker(session, { verb: 'exportErrors', stream, format, values, ...filter });
  // A shared volume may be mounted elsewhere here.
  const folders = [join(session.config.stageDir, stream, 'exports', written.id), written.folder];
  const here = folders.map((folder) => join(folder, written.file)).find((path) => existsSync(path));
  const count = `${countText(written.rejects)} rejects of ${stream}`;
  if (here === undefined) {
    const path = join(written.folder, written.file);
    output.text(`${count} are in ${path} on the worker's machine, for a day\n`);
    output.document('errors', { stream, total: written.rejects, file: null, fileOfWorker: path });
    return exitCode.done;
  }
  await moveTo(file, here, asked.file);
  output.text(`${count} are in ${file}\n`);
  output.document('errors', { stream, total: written.rejects, file, fileOfWorker: null });
  return exitCode.done;
}

function formatOf(file: string): ExportForm['format'] {
  const extension = extname(file).slice(1);
  if (extension === 'csv' || extension === 'jsonl') return extension;
  throw new CliError(exitCode.usage, `--export ${file}: the name ends in neither .csv nor .jsonl`, {
    next: 'choose one of them: it says what the file is to be',
  });
}

async function moveTo(file: string, written: string, named: string): Promise<void> {
  try {
    await copyFile(written, file, constants.COPYFILE_EXCL);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw exists(named);
    throw new CliError(exitCode.usage, `--export ${named} cannot be written (${code})`, {
      next: 'name a file in a folder that is there and that you may write to',
      cause: error,
    });
  } finally {
    await rm(written, { force: true });
    await rmdir(dirname(written));
  }
}

function exists(named: string): CliError {
  return new CliError(exitCode.usage, `--export ${named}: there is such a file; nothing was written`, {
    next: 'choose another name',
  });
}
