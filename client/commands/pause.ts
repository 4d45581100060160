import type { Command } from 'commander';
import { modeFlag } from '../mode-flag.ts';
import { steerEach } from '../steer.ts';
import { defineVerb } from '../verb.ts';

interface PauseFlags {
  readonly note?: string;
  readonly mode?: string;
}

export const pauseCommand = (): Command =>
  defineVerb<PauseFlags>({
    usage: 'pause <streams...>',
    summary: 'hold a stream: its schedules and whatever runs',
    description: 'Hold a stream: no schedule starts a run, and those that run keep what they have read.',
    examples: ['sluice pause crm.contacts', 'sluice pause crm.contacts --note "quota needed for the launch"'],
    seeAlso: ['resume', 'status', 'cancel', 'schedules'],
    exits: [0, 1, 2, 4, 5],
    flags: (command) => command.option('--note <text>', 'why, for others to see in status').option(...modeFlag),
    run: (call) =>
      steerEach(call, 'pause', async () => {
        const { pauseStream } = await import('../pause-stream.ts');
        return (target) => pauseStream(target, call.options.note);
      }),
  });
