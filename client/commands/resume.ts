import type { Command } from 'commander';
import { callerName } from '../caller-name.ts';
import { steerEach } from '../steer.ts';
import { defineVerb } from '../verb.ts';

export const resumeCommand = (): Command =>
  defineVerb({
    usage: 'resume <streams...>',
    summary: 'let a paused backfill go on',
    examples: ['sluice resume crm.contacts', 'sluice resume crm.contacts crm.companies'],
    seeAlso: ['pause', 'status'],
    exits: [0, 1, 2, 4, 5],
    run: (call) =>
      steerEach(call, 'resume', async ({ temporal, stream, runs, observe }) => {
        const before = await observe();
        if (!(await runs.resumeBackfill(temporal, stream, { by: callerName() }))) return null;
        const phase = before?.progress?.phase;
        const wasPaused = phase === undefined || phase === 'paused' || phase === 'pausing';
        return wasPaused ? `resumed ${stream}` : `${stream} was not paused; it goes on`;
      }),
  });
