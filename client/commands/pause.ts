import type { Command } from 'commander';
import { callerName } from '../caller-name.ts';
import { steerEach, until, type SteerTarget } from '../steer.ts';
import { defineVerb } from '../verb.ts';

export const pauseCommand = (): Command =>
  defineVerb<{ note?: string }>({
    usage: 'pause <streams...>',
    summary: 'hold the running backfill; what it has read is kept',
    examples: ['sluice pause crm.contacts', 'sluice pause crm.contacts --note "quota needed for the launch"'],
    seeAlso: ['resume', 'status', 'cancel'],
    exits: [0, 1, 2, 4, 5],
    flags: (command) => command.option('--note <text>', 'why, for others to see in status'),
    run: (call) => steerEach(call, 'pause', (target) => pause(target, call.options.note)),
  });

async function pause(
  { temporal, stream, output, runs, observe }: SteerTarget,
  note: string | undefined,
): Promise<string | null> {
  const before = await observe();
  if (before?.progress?.phase === 'paused') {
    const by = before.progress.paused?.by ?? null;
    return by === null ? `${stream} is already paused` : `${stream} is already paused by ${by}`;
  }
  const args = { by: callerName(), ...(note === undefined ? {} : { note }) };
  if (!(await runs.pauseBackfill(temporal, stream, args))) return null;
  if (before?.hasWorker === false) return `${stream} will be paused as soon as a worker is up`;
  output.talk(`pausing ${stream}: it reads no more, and merges what it has read`);
  const settled = await until(async () => {
    const facts = await observe();
    return facts === null || facts.end !== null || facts.progress?.phase === 'paused' ? facts : null;
  });
  if (settled === null) return `${stream} still merges what it had read, then rests; see sluice status ${stream}`;
  return settled.end === null ? `paused ${stream}` : `${stream} ended before it could pause`;
}
