import { statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { orAborted } from '../model/or-aborted.ts';
import type { Log } from '../model/log.ts';
import type { Traffic } from '../model/traffic.ts';
import { hurry, openBudgetFile, openBudgetMemory } from './budget-file.ts';
import type { LaneRules, RequestEnd } from './lane-rules.ts';
import { becomeMember, isAlive, removeLock, type Member } from './member-lock.ts';
import { monotonicMs } from './monotonic-clock.ts';
import { SharedLanes, type LaneLook } from './shared-lanes.ts';
import { isBusy, shortReason } from './sqlite-errors.ts';

/** Upper bound on how long a waiter sleeps before it looks again: an answer elsewhere may have raised the limit meanwhile. */
const maxSleepMs = 50;
/** How often one process looks whether others that have requests in flight are still there. */
const lookForDeadEveryMs = 1_000;
/** How soon what found the file busy is tried again. */
const busyRetryMs = 20;
/** How soon a file that could not be used is tried again. */
const rejoinAfterMs = 30_000;

/** One request's place in its lane: taken until it is settled, and for a window after that. */
export interface Slot {
  settle(end: RequestEnd): void;
}

/** With whom a budget is kept. */
export type BudgetScope =
  { readonly kind: 'shared'; readonly path: string } | { readonly kind: 'alone'; readonly reason: string };

export interface AccountBudgetOptions {
  /** The file that those who share the account open; null for a budget of this process alone. */
  readonly path: string | null;
  readonly rules: readonly LaneRules[];
  readonly log: Log;
  /** How long a process keeps to itself before it tries the file again; 30 s by default. */
  readonly rejoinAfterMs?: number;
}

interface Queue {
  readonly lane: string;
  readonly traffic: Traffic;
  /** Settles when the request queued last has its slot, or has given up. */
  turn: Promise<void>;
  /** In the order in which they came. */
  readonly waiting: Set<{ readonly sinceMs: number }>;
}

interface OpenLanes {
  readonly lanes: SharedLanes;
  readonly scope: BudgetScope;
  /** Whether others that come now would find the same file. */
  isInPlace(): boolean;
  close(): void;
}

/**
 * One account's request budget, kept with all processes of this machine that read the account, through one small file. Within a
 * traffic class it is first come, first served; of each process only the request that has waited longest looks for a slot. While
 * the file cannot be used, the process keeps a budget of its own, says so once, and tries again every 30 s.
 *
 * The budget of several machines would be another class of this shape: whoever sends knows `take` and `settle` only.
 */
export class AccountBudget {
  readonly #options: AccountBudgetOptions;
  #open: OpenLanes;
  /** By lane and traffic: who waits in this process. */
  readonly #queues = new Map<string, Queue>();
  /** Writes that found the file busy: none may be lost. */
  #unwritten: (() => void)[] = [];
  #retry: NodeJS.Timeout | null = null;
  #lookedForDeadAtMs = 0;
  #triedToShareAtMs = monotonicMs();
  #isClosed = false;

  constructor(options: AccountBudgetOptions) {
    this.#options = options;
    this.#open = this.#openFirst();
  }

  get scope(): BudgetScope {
    return this.#open.scope;
  }

  /** Waits for a slot; rejects with the signal's reason. Every slot has to be settled. */
  async take(lane: string, traffic: Traffic, signal: AbortSignal): Promise<Slot> {
    const queue = this.#queueOf(lane, traffic);
    const { turn } = queue;
    const passOn = Promise.withResolvers<void>();
    queue.turn = passOn.promise;
    const waiting = { sinceMs: monotonicMs() };
    queue.waiting.add(waiting);
    try {
      await orAborted(turn, signal);
      return await this.#takeFirst(queue, signal);
    } finally {
      queue.waiting.delete(waiting);
      // Who gives up lets nobody past those before him.
      void turn.then(passOn.resolve);
    }
  }

  /** After the server refused a request for want of room in a lane. */
  block(lane: string, forMs: number): void {
    this.#insist(() => this.#open.lanes.block(lane, forMs));
  }

  /** Null where the file cannot be read at the moment. */
  look(lane: string): LaneLook | null {
    return this.#isClosed ? null : this.#attempt(() => this.#open.lanes.look(lane));
  }

  /** Settles what is in flight; what is settled later is settled already. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#writeUnwritten();
    this.#open.close();
  }

  #queueOf(lane: string, traffic: Traffic): Queue {
    const key = `${lane} ${traffic}`;
    let queue = this.#queues.get(key);
    if (queue === undefined) {
      queue = { lane, traffic, turn: Promise.resolve(), waiting: new Set() };
      this.#queues.set(key, queue);
    }
    return queue;
  }

  async #takeFirst(queue: Queue, signal: AbortSignal): Promise<Slot> {
    for (;;) {
      const answer = this.#tryTake(queue);
      if (answer.kind === 'taken') return answer.slot;
      const waitMs = Math.min(maxSleepMs, Math.max(1, Math.ceil((answer.untilMs ?? Infinity) - monotonicMs())));
      try {
        await sleep(waitMs, undefined, { signal });
      } catch {
        if (!this.#isClosed) this.#attempt(() => this.#open.lanes.stopWaiting(queue));
        signal.throwIfAborted();
      }
    }
  }

  #tryTake({
    lane,
    traffic,
    waiting,
  }: Queue): { kind: 'taken'; slot: Slot } | { kind: 'wait'; untilMs: number | null } {
    if (this.#isClosed) throw new Error('the request budget is closed');
    this.#rejoin();
    const { lanes } = this.#open;
    const [first, next] = waiting;
    const answer = this.#attempt(() => {
      this.#settleDead(lanes);
      return lanes.tryTake({ lane, traffic, sinceMs: first!.sinceMs, nextSinceMs: next?.sinceMs ?? null });
    });
    if (answer === null) return { kind: 'wait', untilMs: null };
    if (answer.kind === 'wait') return answer;
    const settle = (end: RequestEnd): void => {
      const atMs = monotonicMs();
      this.#insist(() => {
        // What was taken from a file that has been given up since is nobody's any more.
        if (lanes === this.#open.lanes) lanes.settle(answer.slot, end, atMs);
      });
    };
    return { kind: 'taken', slot: { settle } };
  }

  #settleDead(lanes: SharedLanes): void {
    const now = monotonicMs();
    if (now - this.#lookedForDeadAtMs < lookForDeadEveryMs) return;
    this.#lookedForDeadAtMs = now;
    // SQLite goes on with a file that has no name any more, and others begin another.
    if (!this.#open.isInPlace()) throw new Error('the file was removed or replaced');
    lanes.settleDead();
  }

  /** Writes now, or as soon as the file is no longer busy; what came before comes first. */
  #insist(write: () => void): void {
    if (this.#isClosed) return;
    this.#unwritten.push(write);
    this.#writeUnwritten();
  }

  #writeUnwritten(): void {
    while (this.#unwritten.length > 0) {
      const isDone = this.#attempt(() => {
        this.#unwritten[0]!();
        return true;
      });
      if (isDone === null && this.#unwritten.length > 0) {
        this.#retry ??= setTimeout(() => {
          this.#retry = null;
          this.#writeUnwritten();
        }, busyRetryMs).unref();
        return;
      }
      this.#unwritten.shift();
    }
  }

  /** Null where the file is busy, and where it has just been given up. */
  #attempt<T>(work: () => T): T | null {
    try {
      return work();
    } catch (error) {
      if (isBusy(error)) return null;
      if (this.#open.scope.kind === 'alone') throw error;
      this.#unwritten = [];
      this.#open.close();
      this.#open = this.#openAlone(shortReason(error));
      return null;
    }
  }

  /** Goes back to the file, if it is one again. What it spent of told lanes by itself, answers tell as they do of strangers. */
  #rejoin(): void {
    const { path, rules, log } = this.#options;
    const now = monotonicMs();
    if (path === null || this.#open.scope.kind === 'shared') return;
    if (now - this.#triedToShareAtMs < (this.#options.rejoinAfterMs ?? rejoinAfterMs)) return;
    this.#triedToShareAtMs = now;
    let shared: OpenLanes | null = null;
    try {
      shared = openShared(path, rules);
      shared.lanes.addSpent(this.#open.lanes.spentUntold());
    } catch {
      // It is as it was, or no better: the reason has been told.
      shared?.close();
      return;
    }
    this.#open.close();
    this.#open = shared;
    log.info({ path }, 'the request budget is shared again');
  }

  #openFirst(): OpenLanes {
    const { path } = this.#options;
    if (path === null) return openMemory(this.#options.rules, 'no folder for budgets is given');
    try {
      return openShared(path, this.#options.rules);
    } catch (error) {
      return this.#openAlone(shortReason(error));
    }
  }

  #openAlone(reason: string): OpenLanes {
    this.#triedToShareAtMs = monotonicMs();
    this.#options.log.warn(
      { path: this.#options.path, reason },
      'the request budget is kept by this process alone: others that read the account spend of the same limit',
    );
    return openMemory(this.#options.rules, reason);
  }
}

function openShared(path: string, rules: readonly LaneRules[]): OpenLanes {
  const database = openBudgetFile(path);
  const inode = inodeOf(path);
  let member: Member | null = null;
  try {
    const self = becomeMember(path);
    member = self;
    const lanes = new SharedLanes({
      database,
      member: self.id,
      rules,
      nowMs: monotonicMs,
      isAlive: (id) => id === self.id || isAliveElseTidy(path, id),
    });
    hurry(database);
    return {
      lanes,
      scope: { kind: 'shared', path },
      isInPlace: () => inodeOf(path) === inode,
      close() {
        try {
          lanes.leave();
        } catch {
          // Others find out that this process is gone, as they do after a kill.
        }
        database.close();
        self.leave();
      },
    };
  } catch (error) {
    database.close();
    member?.leave();
    throw error;
  }
}

/** Null where there is no such file. */
function inodeOf(path: string): bigint | null {
  return statSync(path, { bigint: true, throwIfNoEntry: false })?.ino ?? null;
}

function isAliveElseTidy(path: string, id: string): boolean {
  if (isAlive(path, id)) return true;
  removeLock(path, id);
  return false;
}

function openMemory(rules: readonly LaneRules[], reason: string): OpenLanes {
  const database = openBudgetMemory();
  const lanes = new SharedLanes({ database, member: 'self', rules, nowMs: monotonicMs, isAlive: () => true });
  return { lanes, scope: { kind: 'alone', reason }, isInPlace: () => true, close: () => database.close() };
}
