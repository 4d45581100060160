import type { Command } from 'commander';
import { runStreams, waitFlags, type WaitFlags } from '../run-streams.ts';
import { defineVerb } from '../verb.ts';

export const softDeleteCommand = (): Command =>
  defineVerb<WaitFlags>({
    usage: 'soft-delete [streams...]',
    summary: 'flag what was archived or merged at the source',
    description:
      'Flag rows whose record was archived or merged at the source, and take back what was restored;\nwithout streams, in every one of the config.',
    examples: ['sluice soft-delete --wait', 'sluice soft-delete crm.contacts --wait --json'],
    seeAlso: ['sync', 'reconcile', 'history'],
    exits: [0, 1, 2, 3, 4, 5, 6, 130],
    flags: waitFlags,
    run: (call) =>
      runStreams(call, 'soft-delete', (streams) =>
        streams.map((stream) => ({
          mode: 'softDelete',
          input: { stream },
          summary: `soft delete of ${stream}, by hand`,
        })),
      ),
  });
