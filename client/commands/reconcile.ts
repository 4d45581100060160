import type { Command } from 'commander';
import { runStreams, waitFlags, type WaitFlags } from '../run-streams.ts';
import { defineVerb } from '../verb.ts';

export const reconcileCommand = (): Command =>
  defineVerb<WaitFlags>({
    usage: 'reconcile [streams...]',
    summary: 'compare all ids with the source, and repair',
    description:
      'Compare all ids and versions with the source, read again what is missing or stale, and flag what\nvanished; without streams, in every one of the config. A mass deletion waits for an approval.',
    examples: ['sluice reconcile crm.contacts --wait', 'sluice reconcile --wait --timeout 2h --json'],
    seeAlso: ['approve', 'verify', 'sync', 'history'],
    exits: [0, 1, 2, 3, 4, 5, 6, 7, 130],
    flags: waitFlags,
    run: (call) =>
      runStreams(call, 'reconcile', (streams) =>
        streams.map((stream) => ({
          mode: 'reconcile',
          input: { stream },
          summary: `reconciliation of ${stream}, by hand`,
        })),
      ),
  });
