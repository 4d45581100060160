import type { BackfillInput } from '../workflows/messages.ts';
import { CliError } from './cli-error.ts';
import { exitCode } from './exit-code.ts';
import { parseIds } from './id-list.ts';
import { parseInstant } from './instant-flag.ts';
import type { WaitFlags } from './run-streams.ts';
import { wholeNumber } from './whole-number.ts';

export interface BackfillFlags extends WaitFlags {
  readonly limit?: string;
  readonly ids?: string;
  readonly createdAfter?: string;
  readonly createdBefore?: string;
  readonly replace?: true;
  readonly chunkRecords?: string;
  readonly resume?: true;
  readonly fresh?: true;
  readonly adopt?: true;
  readonly dryRun?: true;
  readonly yes?: true;
}

/** The workflow inputs that the flags ask for, one per stream; throws a usage error for flags that exclude each other. */
export function backfillInputs(streams: readonly string[], flags: BackfillFlags): BackfillInput[] {
  const scope = scopeName(flags);
  if (flags.resume && flags.fresh) throw usage('--resume and --fresh exclude each other');
  if (scope !== null && (flags.resume || flags.fresh)) {
    throw usage(`${scope} has no resume point`, 'leave out --resume or --fresh');
  }
  if (flags.replace && scope !== null) throw usage(`--replace and ${scope} exclude each other`);
  if (flags.replace && flags.resume) throw usage('--replace and --resume exclude each other');
  requireAdopting(flags, scope);
  if (flags.ids !== undefined && streams.length > 1) throw usage('--ids is for one stream', 'name that stream alone');
  const shared = {
    ...(flags.limit === undefined ? {} : { limit: wholeNumber(flags.limit, '--limit') }),
    ...(flags.ids === undefined ? {} : { ids: parseIds(flags.ids) }),
    ...createdWindow(flags),
    ...(flags.replace ? { replace: true } : {}),
    ...(flags.adopt ? { adopt: true } : {}),
    ...(flags.chunkRecords === undefined ? {} : { chunkRecords: wholeNumber(flags.chunkRecords, '--chunk-records') }),
    ...(flags.resume ? { resume: 'require' as const } : {}),
    ...(flags.fresh ? { resume: 'never' as const } : {}),
  };
  return streams.map((stream) => ({ stream, ...shared }));
}

/** The flags that ask for a part of the stream; null for the whole of it. */
function scopeName({ limit, ids, createdAfter, createdBefore }: BackfillFlags): string | null {
  const created =
    createdAfter !== undefined ? '--created-after' : createdBefore !== undefined ? '--created-before' : null;
  const given = [limit === undefined ? null : '--limit', ids === undefined ? null : '--ids', created].filter(
    (name) => name !== null,
  );
  if (given.length > 1) throw usage(`${given[0]} and ${given[1]} exclude each other`);
  return given[0] ?? null;
}

/** An adoption reads nothing, so that nothing can say what is read. */
function requireAdopting(flags: BackfillFlags, scope: string | null): void {
  if (!flags.adopt) {
    const alone = flags.dryRun ? '--dry-run' : flags.yes ? '--yes' : null;
    if (alone !== null) throw usage(`${alone} is for --adopt`);
    return;
  }
  const others = [
    scope,
    flags.replace ? '--replace' : null,
    flags.resume ? '--resume' : null,
    flags.fresh ? '--fresh' : null,
    flags.chunkRecords === undefined ? null : '--chunk-records',
  ];
  const other = others.find((name) => name !== null);
  if (other !== undefined) throw usage(`--adopt and ${other} exclude each other`);
  if (flags.dryRun && flags.wait) throw usage('--dry-run and --wait exclude each other');
}

function createdWindow(flags: BackfillFlags): Pick<BackfillInput, 'createdAfter' | 'createdBefore'> {
  const after = flags.createdAfter === undefined ? null : parseInstant(flags.createdAfter, '--created-after');
  const before = flags.createdBefore === undefined ? null : parseInstant(flags.createdBefore, '--created-before');
  if (after !== null && before !== null && after >= before) {
    throw usage('--created-after has to be earlier than --created-before');
  }
  return { ...(after === null ? {} : { createdAfter: after }), ...(before === null ? {} : { createdBefore: before }) };
}

function usage(message: string, next = 'sluice backfill --help'): CliError {
  return new CliError(exitCode.usage, message, { next });
}
