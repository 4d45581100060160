import type { Worker } from '@temporalio/worker';
import type { LoadedConfig } from '../config/load-config.ts';
import type { HealthProbes } from './health-server.ts';
import { ownerHealth, type HealthParts, type OwnerState, type PartHealth } from './health.ts';

/** What a worker's probes are answered from; its parts are put in as they come to be. */
export class WorkerHealth implements HealthProbes {
  temporal: (() => Promise<PartHealth>) | null = null;
  worker: Pick<Worker, 'getState'> | null = null;
  readonly destinations = new Map<string, OwnerState>();
  readonly #config: PartHealth;
  readonly #ending: AbortSignal;

  constructor(config: Pick<LoadedConfig, 'path' | 'streamNames' | 'destinationNames'>, ending: AbortSignal) {
    const text = `${config.path}, read at ${new Date().toISOString()}, ${config.streamNames.length} streams`;
    this.#config = { ok: true, text };
    this.#ending = ending;
    for (const name of config.destinationNames) this.destinations.set(name, { kind: 'asking' });
  }

  readonly healthy = async (): Promise<HealthParts> => ({
    process: { ok: true, text: `up for ${Math.floor(process.uptime())} s` },
    temporal: await this.#askTemporal(),
  });

  readonly ready = async (): Promise<HealthParts> => ({
    temporal: await this.#askTemporal(),
    config: this.#config,
    worker: this.#polling(),
    ...Object.fromEntries([...this.destinations].map(([name, state]) => [`destination ${name}`, ownerHealth(state)])),
  });

  async #askTemporal(): Promise<PartHealth> {
    return (await this.temporal?.()) ?? { ok: false, text: 'not connected yet' };
  }

  #polling(): PartHealth {
    if (this.#ending.aborted) return { ok: false, text: 'is shutting down' };
    const state = this.worker?.getState() ?? 'starting';
    return state === 'RUNNING' ? { ok: true, text: 'polls' } : { ok: false, text: `is ${state.toLowerCase()}` };
  }
}
