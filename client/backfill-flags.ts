import { readFileSync } from 'node:fs';
import { maxInlineIds } from '../model/backfill-request.ts';
import type { BackfillInput } from '../workflows/messages.ts';
import { CliError } from './cli-error.ts';
import { exitCode } from './exit-code.ts';
import { wholeNumber } from './whole-number.ts';

export interface BackfillFlags {
  readonly wait?: true;
  readonly timeout?: string;
  readonly limit?: string;
  readonly ids?: string;
  readonly chunkRecords?: string;
  readonly resume?: true;
  readonly fresh?: true;
}

/** The workflow inputs that the flags ask for, one per stream; throws a usage error for flags that exclude each other. */
export function backfillInputs(streams: readonly string[], flags: BackfillFlags): BackfillInput[] {
  if (flags.timeout !== undefined && !flags.wait) throw usage('--timeout needs --wait');
  if (flags.resume && flags.fresh) throw usage('--resume and --fresh exclude each other');
  if (flags.limit !== undefined && flags.ids !== undefined) throw usage('--limit and --ids exclude each other');
  if ((flags.limit ?? flags.ids) !== undefined && (flags.resume || flags.fresh)) {
    throw usage('--limit and --ids have no resume point', 'leave out --resume or --fresh');
  }
  if (flags.ids !== undefined && streams.length > 1) throw usage('--ids is for one stream', 'name that stream alone');
  const shared = {
    ...(flags.limit === undefined ? {} : { limit: wholeNumber(flags.limit, '--limit') }),
    ...(flags.ids === undefined ? {} : { ids: parseIds(flags.ids) }),
    ...(flags.chunkRecords === undefined ? {} : { chunkRecords: wholeNumber(flags.chunkRecords, '--chunk-records') }),
    ...(flags.resume ? { resume: 'require' as const } : {}),
    ...(flags.fresh ? { resume: 'never' as const } : {}),
  };
  return streams.map((stream) => ({ stream, ...shared }));
}

/** `a,b,c`, or `@file` with ids separated by commas or white space; each once, in their order. */
export function parseIds(text: string): string[] {
  const listed = text.startsWith('@') ? readIdsFile(text.slice(1)) : text;
  const ids = [...new Set(listed.split(/[\s,]+/).filter((id) => id !== ''))];
  if (ids.length === 0) throw usage('--ids names no id');
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

function usage(message: string, next = 'sluice backfill --help'): CliError {
  return new CliError(exitCode.usage, message, { next });
}
