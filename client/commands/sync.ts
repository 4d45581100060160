import type { Command } from 'commander';
import { runStreams, waitFlags, type WaitFlags } from '../run-streams.ts';
import { defineVerb } from '../verb.ts';

interface SyncFlags extends WaitFlags {
  readonly full?: true;
}

export const syncCommand = (): Command =>
  defineVerb<SyncFlags>({
    usage: 'sync [streams...]',
    summary: 'read what changed since the last run',
    description: 'Read what changed at the source since the last run; without streams, in every one of the config.',
    examples: [
      'sluice sync --wait',
      'sluice sync crm.contacts --wait --json',
      'sluice sync crm.contacts --full --wait',
    ],
    seeAlso: ['backfill', 'soft-delete', 'reconcile', 'schedules'],
    exits: [0, 1, 2, 3, 4, 5, 6, 7, 130],
    flags: (command) => waitFlags(command).option('--full', 'read the whole stream once in place of its changes'),
    run: (call) => {
      const { full } = call.options;
      return runStreams(call, 'sync', (streams) =>
        streams.map((stream) => ({
          mode: 'incremental',
          input: { stream, ...(full ? { forceFullSync: true } : {}) },
          summary: `${full ? 'full' : 'incremental'} sync of ${stream}, by hand`,
        })),
      );
    },
  });
