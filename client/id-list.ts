import { readFileSync } from 'node:fs';
import { maxInlineIds } from '../model/backfill-request.ts';
import { CliError } from './cli-error.ts';
import { exitCode } from './exit-code.ts';

/** The ids of a flag `--ids`: `a,b,c`, or `@file` with ids separated by commas or white space; each once, in their order. */
export function parseIds(text: string): string[] {
  const listed = text.startsWith('@') ? readIdsFile(text.slice(1)) : text;
  const ids = [...new Set(listed.split(/[\s,]+/).filter((id) => id !== ''))];
  if (ids.length === 0) throw usage('--ids names no id', 'write them as a,b,c or @file');
  if (ids.length > maxInlineIds) {
    throw usage(`--ids names ${ids.length} ids; at most ${maxInlineIds} go into one run`, 'split the list');
  }
  return ids;
}

function readIdsFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw usage(`--ids: cannot read ${path} (${(error as NodeJS.ErrnoException).code})`, 'look at the path after @');
  }
}

function usage(message: string, next: string): CliError {
  return new CliError(exitCode.usage, message, { next });
}
