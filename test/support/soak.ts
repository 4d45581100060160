import type { SyncMode } from '../../model/plan.ts';
import { createRandom, shuffled, type Random } from '../../simulators/hubspot/seeded-random.ts';
import type { WorkerProcess } from '../../examples/sandbox.ts';
import { pauseSignal, resumeSignal, type SyncResult } from '../../workflows/messages.ts';
import type { AccountSteps, AccountStep } from './account-steps.ts';
import type { ChaosWorld } from './chaos-world.ts';
import { longestLagMs } from './crm-world.ts';
import { eventually } from './eventually.ts';

/** How often each step comes; their order is the seed's. */
const deck: Readonly<Record<Step, number>> = {
  'change few': 30,
  'change many': 4,
  create: 16,
  archive: 16,
  restore: 10,
  'merge into a new record': 8,
  'merge into the first': 6,
  erase: 4,
  purge: 2,
  recalculate: 10,
  associate: 12,
  dissociate: 8,
  'add a property': 2,
  backfill: 6,
  incremental: 26,
  softDelete: 10,
  reconcile: 5,
  resync: 8,
  pause: 5,
  resume: 5,
  kill: 4,
  'limit storm': 3,
  'index lag': 4,
};

type Step = AccountStep | SyncMode | 'pause' | 'resume' | 'kill' | 'limit storm' | 'index lag';

interface Running {
  readonly name: string;
  readonly handle: Awaited<ReturnType<ChaosWorld['begin']>>;
  readonly result: Promise<SyncResult | Error>;
}

/** Everything at once that may happen to a pipeline, one step after another by a seed. */
export class Soak {
  readonly #world: ChaosWorld;
  readonly #account: AccountSteps;
  readonly #random: Random;
  readonly #running = new Map<string, Running>();
  readonly #paused = new Set<string>();
  readonly #longestRunMs: number;
  #worker: WorkerProcess;
  /** What was done so far. */
  readonly done: string[] = [];
  readonly results: SyncResult[] = [];

  constructor(parts: {
    world: ChaosWorld;
    account: AccountSteps;
    worker: WorkerProcess;
    seed: number;
    /** Runs wait for a killed worker's heartbeats to be missed, and for budgets that a storm has emptied. */
    longestRunMs: number;
  }) {
    this.#world = parts.world;
    this.#account = parts.account;
    this.#worker = parts.worker;
    this.#random = createRandom(parts.seed);
    this.#longestRunMs = parts.longestRunMs;
  }

  get worker(): WorkerProcess {
    return this.#worker;
  }

  async takeAll(): Promise<void> {
    const cards = Object.entries(deck).flatMap(([step, count]) => Array<Step>(count).fill(step as Step));
    for (const step of shuffled(cards, this.#random)) {
      const at = this.done.push(`${step}, which did not end`) - 1;
      const startedAt = performance.now();
      const what = await this.#take(step);
      const tookMs = Math.round(performance.now() - startedAt);
      this.done[at] = tookMs < 100 ? what : `${what} (${tookMs} ms)`;
    }
    for (const name of this.#paused) await this.#resume(name);
    for (const { name } of this.#running.values()) await this.#join(name);
  }

  async #take(step: Step): Promise<string> {
    switch (step) {
      case 'backfill':
      case 'incremental':
      case 'softDelete':
      case 'reconcile':
      case 'resync': {
        const running = await this.#begin(step);
        if (this.#random.chance(0.5)) return `${running.name}, left running`;
        await this.#join(running.name);
        return running.name;
      }
      case 'pause': {
        const { name, handle } = await this.#begin(this.#random.pick(['backfill', 'softDelete', 'incremental']));
        await handle.signal(pauseSignal, { by: 'soak' }).catch(ignoreEnded);
        this.#paused.add(name);
        return `pause ${name}`;
      }
      case 'resume': {
        const names = [...this.#paused];
        for (const name of names) await this.#resume(name);
        return `resume ${names.join(', ')}`;
      }
      case 'kill':
        await this.#worker.stop('SIGKILL');
        this.#worker = this.#world.startWorker();
        return 'kill';
      case 'limit storm':
        return this.#storm();
      case 'index lag': {
        const lagMs = this.#random.between(0, longestLagMs);
        this.#world.simulator.configure({ search: { lagMs, slowShare: 0.2, slowLagMs: longestLagMs } });
        return `index lag: ${lagMs} ms`;
      }
      default:
        return this.#account.take(step);
    }
  }

  /** Two runs of one mode and stream never meet: the second waits for the first. */
  async #begin(mode: SyncMode): Promise<Running> {
    const stream = this.#random.chance(0.7) ? 'crm.contacts' : 'crm.companies';
    const name = `${mode} ${stream}`;
    const input = this.#inputOf(mode, stream);
    await this.#join(name);
    const handle = await this.#world.begin(mode, { stream, ...input });
    const result = handle.result().catch((error: unknown) => error as Error) as Promise<SyncResult | Error>;
    const running = { name, handle, result };
    this.#running.set(name, running);
    return running;
  }

  #inputOf(mode: SyncMode, stream: string): object {
    if (mode === 'resync') return { ids: this.#someIds(stream) };
    if (mode !== 'backfill') return {};
    return this.#random.pick([{}, { replace: true }, { limit: 250 }, { resume: 'never' }]);
  }

  /** Of records that are there, that were, and that never have been. */
  #someIds(stream: string): string[] {
    const kind = stream === 'crm.contacts' ? 'contacts' : 'companies';
    const ids: string[] = ['1', '77'];
    this.#world.simulator.portal.data(kind).store.visitFrom(0, ({ id }) => {
      ids.push(String(id));
      return true;
    });
    return shuffled(ids, this.#random).slice(0, this.#random.between(1, 80));
  }

  async #resume(name: string): Promise<void> {
    this.#paused.delete(name);
    // A run with little to do may be done before it hears of a pause.
    await this.#running.get(name)?.handle.signal(resumeSignal, { by: 'soak' }).catch(ignoreEnded);
  }

  async #join(name: string): Promise<void> {
    const running = this.#running.get(name);
    if (running === undefined) return;
    await this.#resume(name);
    const outcome = await eventually(`${name} ends`, soon(running.result), this.#longestRunMs);
    this.#running.delete(name);
    if (outcome instanceof Error) throw new Error(`${name} failed`, { cause: outcome.cause ?? outcome });
    this.results.push(outcome);
  }

  /** Someone else spends the account's budget: the ten-second one takes ten seconds to come back, so it is spent once. */
  #storm(): string {
    const { faults } = this.#world.simulator;
    if (this.#random.chance(0.4)) {
      faults.add({ kind: 'rateLimited', policy: 'TEN_SECONDLY_ROLLING', count: 1 });
      return 'limit storm: one answer in the ten-second budget';
    }
    const count = this.#random.between(2, 6);
    faults.add({ kind: 'rateLimited', policy: 'SECONDLY', count, probability: 0.5, match: { route: 'search' } });
    return `limit storm: ${count} searches`;
  }
}

export const soakSteps = Object.values(deck).reduce((sum, count) => sum + count, 0);

function soon<T>(promise: Promise<T>): () => T | undefined {
  let value: T | undefined;
  void promise.then((settled) => (value = settled));
  return () => value;
}

function ignoreEnded(error: unknown): void {
  if (!(error instanceof Error) || !/not found|already completed/i.test(error.message)) throw error;
}
