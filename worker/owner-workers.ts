import { setTimeout as delay } from 'node:timers/promises';
import type { Worker } from '@temporalio/worker';
import type { Destination } from '../model/destination.ts';
import { SyncError } from '../model/errors.ts';
import type { Log } from '../model/log.ts';
import type { OwnerState } from './health.ts';
import { runTogether } from './run-together.ts';
import { runWorkerUntil } from './run-worker-until.ts';

const retryMs = 2_000;

export interface OwnerWorkersRequest {
  /** Names in the config's `destinations`. */
  readonly destinations: readonly string[];
  readonly openDestination: (name: string) => Promise<Destination>;
  /** Of a worker for activities only. */
  readonly createWorker: (taskQueue: string) => Promise<Worker>;
  /** Takes every ownership won, to be released after the destinations are closed. */
  readonly owned: DisposableStack;
  readonly onState: (destination: string, state: OwnerState) => void;
  readonly log: Log;
}

/**
 * Runs a worker on the owner queue of each destination that has one, for as long as this process is its owner (rule 15 of
 * docs/spec.md). Where another process is, or a destination cannot be opened, asks again every two seconds until `signal`
 * aborts.
 */
export async function runOwnerWorkers(signal: AbortSignal, request: OwnerWorkersRequest): Promise<void> {
  const queues = new Set<string>();
  await runTogether(
    signal,
    request.destinations.map((name) => (until) => serveAsOwner(until, { ...request, name, queues })),
  );
}

async function serveAsOwner(
  signal: AbortSignal,
  { name, queues, openDestination, createWorker, owned, onState, log }: OwnerWorkersRequest & OneDestination,
): Promise<void> {
  const tell = (state: OwnerState): void => onState(name, state);
  const ask = <T>(what: () => Promise<T | null>): Promise<T | null> => askUntilGiven(signal, what, { name, tell, log });
  tell({ kind: 'asking' });
  const destination = await ask(() => openDestination(name));
  if (destination === null) return;
  const queue = destination.ownerQueue;
  // Two names of one file are served by one worker.
  if (queue === null || queues.has(queue)) return tell({ kind: 'shared' });
  queues.add(queue);

  const ownership = await ask(() => destination.own());
  if (ownership === null) return;
  owned.use(ownership);
  const worker = await ask(() => createWorker(queue));
  if (worker === null) return;
  log.info({ destination: name, taskQueue: queue }, 'owns the destination');
  tell({ kind: 'owner' });
  await runWorkerUntil(signal, worker);
}

interface OneDestination {
  readonly name: string;
  /** Owner queues that this process already serves or waits for. */
  readonly queues: Set<string>;
}

/** Null where the signal aborts first. A reason for failing is logged once, until another one comes. */
async function askUntilGiven<T>(
  signal: AbortSignal,
  ask: () => Promise<T | null>,
  { name, tell, log }: { name: string; tell: (state: OwnerState) => void; log: Log },
): Promise<T | null> {
  let logged: string | null = null;
  while (!signal.aborted) {
    try {
      const given = await ask();
      if (given !== null) return given;
      tell({ kind: 'standby' });
    } catch (error) {
      const reason = error instanceof SyncError ? error.message : (error as Error).name;
      if (reason !== logged) log.warn({ destination: name, reason }, 'cannot own the destination yet');
      logged = reason;
      tell({ kind: 'failing', reason });
    }
    await delay(retryMs, undefined, { signal }).catch(() => undefined);
  }
  return null;
}
