import { setTimeout as sleep } from 'node:timers/promises';
import { RateWindow } from '../../model/rate-window.ts';
import { RoundTrips } from '../../model/round-trips.ts';
import { orAborted } from './or-aborted.ts';

/**
 * HubSpot counts search apart from everything else, and its API specification exempts batch reads of associations from the
 * ten-second limit.
 */
export type Bucket = 'burst' | 'search' | 'associations';

/** What the answer's `X-HubSpot-RateLimit-*` headers say of the burst window. */
export interface ServerLimit {
  readonly limit: number;
  readonly remaining: number;
}

/** The lowest limit HubSpot publishes (Free and Starter): in force until a header names the account's own. */
const lowestPublishedLimit = 100;
const burstWindowMs = 10_000;
/** Published: 5 per second and account. Search answers carry no header to correct us. */
export const searchLimit = 5;
const searchWindowMs = 1_000;
/** Per second, of our own accord. */
const associationsLimit = 10;
/** Upper bound on how long a waiter sleeps before it looks again: a header may have raised the limit meanwhile. */
const maxSleepMs = 50;

interface Lane {
  readonly window: RateWindow;
  /** Settles when the request queued last has its slot: first come, first served. */
  turn: Promise<void>;
  /** Nothing is sent before this instant. */
  blockedUntilMs: number;
}

/**
 * One account's request budget within this process. At first, and again after a 429, a single request is let through
 * until its answer tells what the window still holds: a worker that crashed a second ago may have spent it, or another app.
 */
export class RequestBudget {
  readonly #lanes: Readonly<Record<Bucket, Lane>>;
  /** Of searches alone: against a window of ten seconds the way back is short, against one second it is not. */
  readonly #searchTrips = new RoundTrips();
  #needsProbe = true;
  #isLimitNamed = false;

  constructor(options: { requestsPer10s: number | null }) {
    const ownLimit = options.requestsPer10s ?? Infinity;
    const lane = (window: RateWindow): Lane => ({ window, turn: Promise.resolve(), blockedUntilMs: 0 });
    this.#lanes = {
      burst: lane(new RateWindow({ limit: lowestPublishedLimit, windowMs: burstWindowMs, ownLimit })),
      search: lane(new RateWindow({ limit: searchLimit, windowMs: searchWindowMs })),
      associations: lane(new RateWindow({ limit: associationsLimit, windowMs: 1_000 })),
    };
  }

  /** Share of the burst limit in use, 0 to 1; null before a header has named the limit. */
  limitShare(): number | null {
    const { window } = this.#lanes.burst;
    return this.#isLimitNamed ? Math.min(1, window.used(performance.now()) / window.limit) : null;
  }

  /** How many searches at once keep their limit in use; two while that is not known, and so that one may be late. */
  get searchesAtOnce(): number {
    const leastMs = this.#searchTrips.leastMs ?? 0;
    return Math.min(searchLimit, Math.max(2, Math.ceil((searchLimit * leastMs) / searchWindowMs)));
  }

  /** Waits for a slot; rejects with the signal's reason. Every `take` that resolves needs one `settle`. */
  async take(bucket: Bucket, signal: AbortSignal): Promise<void> {
    const lane = this.#lanes[bucket];
    const turn = lane.turn;
    const passOn = Promise.withResolvers<void>();
    lane.turn = passOn.promise;
    try {
      await orAborted(turn, signal);
      while (!this.#tryTake(bucket)) await this.#sleepUntilMaybeFree(lane, signal);
    } finally {
      passOn.resolve();
    }
  }

  /** Ends a request, answered or (null) not. `roundTripMs` is that of a request which was served; null for any other. */
  settle(
    bucket: Bucket,
    { response, roundTripMs }: { response: { readonly limit: ServerLimit | null } | null; roundTripMs: number | null },
  ): void {
    const { window, blockedUntilMs } = this.#lanes[bucket];
    const now = performance.now();
    if (bucket === 'search' && roundTripMs !== null) {
      this.#searchTrips.add(roundTripMs);
      window.leadMs = this.#searchTrips.leadMs;
    }
    // Of a request that was not served nothing tells how long ago it was counted.
    window.settle(roundTripMs === null ? now + window.leadMs : now);
    if (bucket !== 'burst' || response === null) return;
    /* What comes while all wait was sent before, and tells nothing of the window after. */
    if (now >= blockedUntilMs) this.#needsProbe = false;
    const { limit: server } = response;
    if (server === null) return;
    this.#isLimitNamed = true;
    window.limit = server.limit;
    window.observeServerUse(server.limit - server.remaining, now);
  }

  /**
   * After a 429 the window is full with what others sent, so a whole one has to pass: in the lane of the limit that the
   * answer names, and in the request's own.
   */
  block(limit: Bucket, own: Bucket): void {
    const { windowMs } = this.#lanes[limit].window;
    for (const bucket of new Set([limit, own])) {
      const lane = this.#lanes[bucket];
      lane.blockedUntilMs = performance.now() + Math.max(windowMs, lane.window.windowMs);
      if (bucket === 'burst') this.#needsProbe = true;
      if (bucket === 'search') this.#distrustLead();
    }
  }

  #distrustLead(): void {
    this.#searchTrips.distrust();
    this.#lanes.search.window.leadMs = 0;
  }

  #tryTake(bucket: Bucket): boolean {
    const { window, blockedUntilMs } = this.#lanes[bucket];
    const now = performance.now();
    if (now < blockedUntilMs) return false;
    if (bucket === 'burst' && this.#needsProbe && window.inFlight > 0) return false;
    return window.tryTake(now);
  }

  async #sleepUntilMaybeFree({ window, blockedUntilMs }: Lane, signal: AbortSignal): Promise<void> {
    const now = performance.now();
    const freeAt = Math.max(window.nextFreeAt(now) ?? now, blockedUntilMs);
    const waitMs = Math.min(maxSleepMs, Math.max(1, Math.ceil(freeAt - now)));
    try {
      await sleep(waitMs, undefined, { signal });
    } catch {
      signal.throwIfAborted();
    }
  }
}
