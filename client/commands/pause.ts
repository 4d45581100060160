import type { Command } from 'commander';
import { callerName } from '../caller-name.ts';
import { steerEach, until } from '../steer.ts';
import { defineVerb } from '../verb.ts';

export const pauseCommand = (): Command =>
  defineVerb<{ note?: string }>({
    usage: 'pause <streams...>',
    summary: 'hold the running backfill; what it has read is kept',
    examples: ['sluice pause crm.contacts', 'sluice pause crm.contacts --note "quota needed for the launch"'],
    seeAlso: ['resume', 'status', 'cancel'],
    exits: [0, 1, 2, 4, 5],
    flags: (command) => command.option('--note <text>', 'why, for others to see in status'),
    run: (call) =>
      steerEach(call, 'pause', async ({ temporal, stream, output, runs }) => {
        const before = await runs.observeBackfill(temporal, stream);
        if (before?.progress?.phase === 'paused')
          return `${stream} is already paused ${pausedBy(before.progress.paused)}`.trim();
        const note = call.options.note;
        const by = callerName();
        if (!(await runs.pauseBackfill(temporal, stream, note === undefined ? { by } : { by, note }))) return null;
        if (before?.hasWorker === false) return `${stream} will be paused as soon as a worker is up`;
        output.talk(`pausing ${stream}: it reads no more, and merges what it has read`);
        const isPaused = await until(async () => {
          const facts = await runs.observeBackfill(temporal, stream);
          return facts === null || facts.end !== null || facts.progress?.phase === 'paused' ? facts : null;
        });
        if (isPaused === null)
          return `${stream} is still merging what it had read, then pauses; see sluice status ${stream}`;
        return isPaused.end === null ? `paused ${stream}` : `${stream} ended before it could pause`;
      }),
  });

function pausedBy(paused: { by: string | null; note: string | null } | null): string {
  return paused?.by ? `by ${paused.by}` : '';
}
