import type { Worker } from '@temporalio/worker';
import { expect, it } from 'vitest';
import type { Destination } from '../../model/destination.ts';
import { SyncError } from '../../model/errors.ts';
import { runOwnerWorkers } from '../../worker/owner-workers.ts';
import { runTogether } from '../../worker/run-together.ts';
import { eventually } from '../support/eventually.ts';

/** What `runOwnerWorkers` uses of a destination and of a worker. */
function destinationOf(ownerQueue: string | null, own: Destination['own'] = neverOwned): Destination {
  return { ownerQueue, own } as Partial<Destination> as Destination;
}

const neverOwned: Destination['own'] = () => Promise.reject(new Error('there is nothing to own'));

function fakeWorker(): Worker {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { run: () => promise, shutdown: resolve } as Partial<Worker> as Worker;
}

function ownership(): { readonly [Symbol.dispose]: () => void; isReleased: boolean } {
  const owned = { isReleased: false, [Symbol.dispose]: () => void (owned.isReleased = true) };
  return owned;
}

async function run(destinations: Readonly<Record<string, () => Promise<Destination>>>) {
  const ending = new AbortController();
  const queues: string[] = [];
  const warnings: object[] = [];
  const owned = new DisposableStack();
  const states = new Map<string, string>();
  const running = runOwnerWorkers(ending.signal, {
    destinations: Object.keys(destinations),
    openDestination: (name) => destinations[name]!(),
    createWorker: async (queue) => {
      queues.push(queue);
      return fakeWorker();
    },
    owned,
    onState: (name, { kind }) => states.set(name, kind),
    log: { info: () => {}, error: () => {}, warn: (fields) => warnings.push(fields) },
  });
  return {
    queues,
    warnings,
    owned,
    states,
    end: async () => {
      ending.abort();
      await running;
    },
  };
}

it('serves each queue once, and none where there is none', async () => {
  const lock = ownership();
  const { queues, owned, states, end } = await run({
    one: async () => destinationOf('a', async () => lock),
    same: async () => destinationOf('a', async () => lock),
    other: async () => destinationOf('b', async () => ownership()),
    shared: async () => destinationOf(null),
  });
  await eventually('both workers', () => queues.length === 2);
  await end();
  expect([...states.values()].toSorted()).toEqual(['owner', 'owner', 'shared', 'shared']);
  expect(queues.toSorted()).toEqual(['a', 'b']);
  expect(lock.isReleased).toBe(false);
  owned.dispose();
  expect(lock.isReleased).toBe(true);
});

it('asks again while another process is the owner, and where a destination cannot be opened, with one warning', async () => {
  let asked = 0;
  let opened = 0;
  const { queues, warnings, states, end } = await run({
    held: async () => destinationOf('held', async () => (++asked === 1 ? null : ownership())),
    broken: async () => {
      opened++;
      throw new SyncError('ConfigInvalid', 'TOKEN is not set');
    },
  });
  await eventually('the owner and a second look', () => queues.length === 1 && opened >= 2);
  await end();
  expect(asked).toBe(2);
  expect(Object.fromEntries(states)).toEqual({ held: 'owner', broken: 'failing' });
  expect(warnings).toEqual([{ destination: 'broken', reason: 'TOKEN is not set' }]);
});

it('runs together end together, and the first failure is thrown once all have ended', async () => {
  const ended: string[] = [];
  const untilAborted = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      signal.addEventListener('abort', () => {
        ended.push('other');
        resolve();
      });
    });
  const failing = async (): Promise<void> => {
    throw new Error('first');
  };
  await expect(runTogether(new AbortController().signal, [untilAborted, failing])).rejects.toThrow('first');
  expect(ended).toEqual(['other']);
  await expect(runTogether(AbortSignal.abort(), [async () => undefined])).resolves.toBeUndefined();
});
