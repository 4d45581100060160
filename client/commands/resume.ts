import type { Command } from 'commander';
import { modeFlag } from '../mode-flag.ts';
import { steerEach } from '../steer.ts';
import { defineVerb } from '../verb.ts';

export const resumeCommand = (): Command =>
  defineVerb<{ mode?: string }>({
    usage: 'resume <streams...>',
    summary: 'let what is paused of a stream go on, schedules too',
    examples: ['sluice resume crm.contacts', 'sluice resume crm.contacts crm.companies --mode incremental'],
    seeAlso: ['pause', 'status', 'schedules'],
    exits: [0, 1, 2, 4, 5],
    flags: (command) => command.option(...modeFlag),
    run: (call) => steerEach(call, 'resume', async () => (await import('../resume-stream.ts')).resumeStream),
  });
