import type { Command } from 'commander';
import type { RejectFilter } from '../../model/reject.ts';
import { CliError } from '../cli-error.ts';
import { exitCode } from '../exit-code.ts';
import { parseSince } from '../instant-flag.ts';
import { waitFlags, type WaitFlags } from '../run-streams.ts';
import { openConfig } from '../session.ts';
import { defineVerb, type VerbCall } from '../verb.ts';
import { wholeNumber } from '../whole-number.ts';

interface ErrorsFlags extends WaitFlags {
  readonly list?: true;
  readonly limit?: string;
  readonly column?: string;
  readonly reason?: string;
  readonly since?: string;
  readonly refetch?: true;
  readonly export?: string;
  readonly includeValues?: true;
}

export const errorsCommand = (): Command =>
  defineVerb<ErrorsFlags>({
    usage: 'errors [streams...]',
    summary: 'show what was rejected and why; read it again, export it',
    description: 'Show rejected records and values by stream, column and reason, and never the values.',
    examples: [
      'sluice errors',
      'sluice errors crm.contacts --list --column annualrevenue --since 24h',
      'sluice errors crm.contacts --column annualrevenue --refetch --wait',
      'sluice errors crm.contacts --export rejects.csv',
    ],
    seeAlso: ['history', 'resync', 'discover'],
    exits: [0, 1, 2, 3, 4, 5, 6, 130],
    flags: (command) =>
      waitFlags(
        command
          .option('--column <name>', 'only of this column')
          .option('--reason <text>', 'only where the reason has this text in it')
          .option('--since <when>', 'only since then: 24h, 2026-01-31 or an instant')
          .option('--list', 'one line for each, newest first')
          .option('--limit <n>', 'with --list: at most so many (default: 100)')
          .option('--refetch', 'read these records again, at most 1000 a run')
          .option('--export <file>', 'write all of them to a new .csv or .jsonl file')
          .option('--include-values', 'with --export: the values too, except those of hashed columns'),
      ),
    run: async (call) => {
      const { words, options, output } = call;
      const action = actionOf(options);
      const limit = wholeNumber(options.limit ?? '100', '--limit');
      const session = await openConfig(options);
      const filter = filterOf(options);
      const streams = words.length > 0 ? session.resolveStreams(words) : session.streams;
      if (action === 'groups') {
        const { showGroups } = await import('../reject-groups.ts');
        return showGroups({ session, streams, filter, output });
      }
      const [stream, another] = streams;
      if (stream === undefined || another !== undefined) {
        throw usage(`${flagOf[action]} takes one stream, and these are ${streams.length}`, 'name one of them');
      }
      switch (action) {
        case 'list': {
          const { showRejects } = await import('../reject-list.ts');
          return showRejects({ session, stream, filter, limit, output });
        }
        case 'export': {
          const { exportRejects } = await import('../reject-export.ts');
          const values = options.includeValues ? 'include' : 'leaveOut';
          return exportRejects({ session, stream, filter, values, file: options.export!, output });
        }
        case 'refetch': {
          const { refetchRejects } = await import('../reject-refetch.ts');
          return refetchRejects({ session, stream, filter, call });
        }
      }
    },
  });

const flagOf = { list: '--list', refetch: '--refetch', export: '--export' } as const;

/** What is asked for; throws a usage error where flags contradict each other. */
function actionOf(options: VerbCall<ErrorsFlags>['options']): 'groups' | keyof typeof flagOf {
  const asked = (['list', 'refetch', 'export'] as const).filter((action) => options[action] !== undefined);
  if (asked.length > 1) {
    throw usage(`${asked.map((action) => flagOf[action]).join(' and ')} are asked for at once`, 'give one of them');
  }
  const [action = options.limit === undefined ? 'groups' : 'list'] = asked;
  if (options.limit !== undefined && action !== 'list') throw usage('--limit needs --list', 'sluice errors --help');
  if (options.includeValues && action !== 'export')
    throw usage('--include-values needs --export', 'sluice errors --help');
  if (options.wait && action !== 'refetch') throw usage('--wait needs --refetch', 'sluice errors --help');
  if (options.timeout !== undefined && !options.wait) throw usage('--timeout needs --wait', 'sluice errors --help');
  return action;
}

function filterOf({ column, reason, since }: ErrorsFlags): RejectFilter {
  return {
    ...(column === undefined ? {} : { column }),
    ...(reason === undefined ? {} : { reason }),
    ...(since === undefined ? {} : { since: parseSince(since, '--since', new Date()) }),
  };
}

function usage(message: string, next: string): CliError {
  return new CliError(exitCode.usage, message, { next });
}
