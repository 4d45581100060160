import type { Command } from 'commander';
import { parseIds } from '../id-list.ts';
import { runStreams, waitFlags, type WaitFlags } from '../run-streams.ts';
import { defineVerb } from '../verb.ts';

interface ResyncFlags extends WaitFlags {
  readonly ids: string;
}

export const resyncCommand = (): Command =>
  defineVerb<ResyncFlags>({
    usage: 'resync <stream>',
    summary: 'read some records again, and flag those that are gone',
    description: 'Read some records of a stream again; those that the source no longer has are flagged.',
    examples: [
      'sluice resync crm.contacts --ids 101,102,103 --wait',
      'sluice resync crm.contacts --ids @ids.txt --wait',
    ],
    seeAlso: ['backfill', 'verify', 'errors'],
    exits: [0, 1, 2, 3, 4, 5, 6, 130],
    flags: (command) =>
      waitFlags(command).requiredOption('--ids <list>', 'these records, at most 1000: a,b,c or @file'),
    run: (call) =>
      runStreams(call, 'resync', (streams) => {
        const ids = parseIds(call.options.ids);
        return streams.map((stream) => ({
          mode: 'resync',
          input: { stream, ids },
          summary: `resync of ${stream}, ${ids.length} ids`,
        }));
      }),
  });
