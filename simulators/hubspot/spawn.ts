import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { toCommandLine } from './command-line.ts';
import type { SimulatorOptions } from './options.ts';

export interface SpawnedSimulator {
  readonly url: string;
  readonly pid: number;
  /** Idempotent. */
  stop(): Promise<void>;
}

/** What can be said on a command line. */
export type SpawnOptions = Omit<
  Partial<SimulatorOptions>,
  | 'now'
  | 'search'
  | 'list'
  | 'associations'
  | 'visibility'
  | 'mergedIdInBatchRead'
  | 'mergedIdInArchivedList'
  | 'portalId'
  | 'timeZone'
> & { readonly search?: { readonly lagMs: number } };

const mainPath = fileURLToPath(new URL('main.ts', import.meta.url));

/**
 * Starts the simulator in a process of its own, which ends with this one. Its standard error is this process's.
 * Throws if it ends before it is ready.
 */
export async function spawnHubspotSimulator(options: SpawnOptions = {}): Promise<SpawnedSimulator> {
  const child = spawn(process.execPath, [mainPath, '--exit-with-stdin', ...toCommandLine(options)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const [line] = (await Promise.race([once(createInterface(child.stdout), 'line'), exited])) as [unknown];
  const { pid } = child;
  if (typeof line !== 'string' || pid === undefined) throw new Error('the HubSpot simulator ended before it was ready');
  const { url } = JSON.parse(line) as { url: string };
  return {
    url,
    pid,
    stop: async () => {
      child.stdin.end();
      child.kill('SIGTERM');
      await exited;
    },
  };
}
