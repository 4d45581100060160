import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { describe, expect, it } from 'vitest';

import { parseCommandLine, toCommandLine } from '../../../simulators/hubspot/command-line.ts';
import { spawnHubspotSimulator } from '../../../simulators/hubspot/spawn.ts';

const mainPath = fileURLToPath(new URL('../../../simulators/hubspot/main.ts', import.meta.url));

describe('the command line', () => {
  it('says all that the options say', () => {
    const options = {
      port: 0,
      records: { contacts: 10, line_items: 3 },
      initialAssociations: { 'contacts>companies': 3, 'deals>contacts': 2 },
      owners: 700,
      limits: { burst: null, search: 4, daily: 900, dailyResetsAt: '2026-01-01T00:00:00Z', background: 20 },
      search: { lagMs: 5 },
      latencyMs: 150,
      jitterMs: 20,
      clockSkewMs: -3_000,
      spread: 'even',
      seed: 9,
      anchor: '2025-01-01T00:00:00Z',
      isHostile: false,
      unconvertibleEvery: 7,
      tokens: ['a', 'b'],
    } as const;
    expect(parseCommandLine(toCommandLine(options))).toEqual({ options, exitsWithStdin: false });
  });

  it.each([
    '--contacts=many',
    '--limit=-1',
    '--spread=wide',
    '--hostile=maybe',
    '--associations=contacts=3',
    '--associations=contacts>companies=few',
    '--unknown=1',
  ])('refuses %s', (argument) => {
    expect(() => parseCommandLine([argument])).toThrow(argument.split('=')[0]);
  });
});

describe('a spawned simulator', () => {
  it('serves until it is stopped', async () => {
    const simulator = await spawnHubspotSimulator({ records: { contacts: 12 }, tokens: ['secret'] });
    const count = (await (await fetch(`${simulator.url}/_sim/count/contacts`)).json()) as { live: number };
    expect(count.live).toBe(12);
    await simulator.stop();
    await simulator.stop();
    expect(() => process.kill(simulator.pid, 0)).toThrow('ESRCH');
  });

  it.each(['stdin', 'SIGTERM', 'SIGINT'] as const)('ends with code 0 on %s', async (cause) => {
    const child = spawn(process.execPath, [mainPath, '--exit-with-stdin', '--contacts=5'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    const exited = once(child, 'exit');
    if (cause === 'stdin') child.stdin.end();
    else child.kill(cause);
    expect(await exited).toEqual([0, null]);
  });

  it('ends where it is given nothing to read', async () => {
    const child = spawn(process.execPath, [mainPath, '--exit-with-stdin', '--contacts=5'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    expect(await once(child, 'exit')).toEqual([0, null]);
  });
});
