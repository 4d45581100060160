import type { Command } from 'commander';
import type { BackfillInput } from '../../workflows/messages.ts';
import { backfillInputs, type BackfillFlags } from '../backfill-flags.ts';
import { confirm } from '../confirm.ts';
import { runStreams, waitFlags } from '../run-streams.ts';
import { defineVerb } from '../verb.ts';

export const backfillCommand = (): Command =>
  defineVerb<BackfillFlags>({
    usage: 'backfill <streams...>',
    summary: 'read whole streams, or some of their records',
    description: 'Read whole streams, or some of their records, into the destination.',
    examples: [
      'sluice backfill crm.contacts --wait',
      'sluice backfill crm.contacts --limit 100 --wait',
      'sluice backfill crm.contacts --created-after 2026-01-01 --wait',
      'sluice backfill crm.contacts --replace --wait --timeout 30m --json',
      'sluice backfill crm.contacts --adopt --dry-run',
    ],
    seeAlso: ['sync', 'resync', 'status', 'approve', 'errors'],
    exits: [0, 1, 2, 3, 4, 5, 6, 7, 130],
    flags: (command) =>
      waitFlags(command)
        .option('--limit <n>', 'only the first n records by id; touches no watermark')
        .option('--ids <list>', 'only these records: a,b,c or @file; touches no watermark')
        .option('--created-after <time>', 'only records created from 2026-01-31 or an instant on')
        .option('--created-before <time>', 'only records created up to then; touches no watermark')
        .option('--replace', 'read everything, then flag the rows that were not read')
        .option('--chunk-records <n>', 'records per chunk, 20000 to 50000 (fewer with --limit)')
        .option('--resume', 'go on from the last backfill, also a cancelled one, or fail')
        .option('--fresh', 'begin anew, also where the last backfill could go on')
        .option('--adopt', 'take over a table that another tool has filled, and reconcile it')
        .option('--dry-run', 'with --adopt: show what it would do, and change nothing')
        .option('--yes', 'with --adopt: do not ask'),
    run: async (call) => {
      const { words, options, output } = call;
      backfillInputs(words, options);
      if (options.dryRun) {
        const { previewAdoptions } = await import('../adoption-preview.ts');
        return previewAdoptions(call);
      }
      if (options.adopt) {
        const plan = `adopting ${words.join(', ')} (--dry-run shows what that does)`;
        await confirm(plan, { ...(options.yes ? { yes: options.yes } : {}), isJson: output.isJson });
      }
      return runStreams(call, 'backfill', (streams) =>
        backfillInputs(streams, options).map((input) => ({
          mode: 'backfill',
          input,
          summary: `backfill of ${input.stream}, ${scopeText(input)}`,
        })),
      );
    },
  });

function scopeText({ ids, limit, createdAfter, createdBefore, replace, adopt }: BackfillInput): string {
  if (adopt) return 'adopting its table';
  if (ids) return `${ids.length} ids`;
  if (limit) return `first ${limit} records`;
  const after = createdAfter ? ` from ${createdAfter}` : '';
  const before = createdBefore ? ` to ${createdBefore}` : '';
  if (after || before) return `records created${after}${before}`;
  return replace ? 'whole stream, replacing' : 'whole stream';
}
