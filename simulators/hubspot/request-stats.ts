import type { FaultRule } from './faults.ts';
import { isoText } from './iso-text.ts';
import { RollingWindow } from './rolling-window.ts';

/** What one route has seen. */
export interface RouteStats {
  readonly requests: number;
  readonly rateLimited: number;
  /** By status; an answer that never came counts as `none`. */
  readonly statuses: Readonly<Record<string, number>>;
  readonly faults: Readonly<Record<string, number>>;
  /** Of bodies as sent. */
  readonly bytes: number;
  /** Answers with status 200 or 207. */
  readonly pages: number;
  readonly records: number;
  /** Most arrivals within any ten seconds, rejected ones included. */
  readonly peakTenSeconds: number;
  /** Most arrivals within any ten seconds that no limit stopped. */
  readonly peakAdmittedTenSeconds: number;
  readonly maxConcurrent: number;
  readonly firstAt: string | null;
  readonly lastAt: string | null;
}

interface Tally {
  requests: number;
  statuses: Record<string, number>;
  faults: Record<string, number>;
  bytes: number;
  pages: number;
  records: number;
  concurrent: number;
  maxConcurrent: number;
  firstMs: number | null;
  lastMs: number | null;
  readonly arrivals: RollingWindow;
  readonly admitted: RollingWindow;
}

export interface Outcome {
  /** Null where nothing was answered. */
  readonly status: number | null;
  readonly bytes: number;
  readonly records: number;
  readonly fault: FaultRule['kind'] | null;
}

/** One arrival, in the order of arrival. */
export interface LoggedRequest {
  readonly route: string;
  /** By the simulator's clock, in ms since the epoch. */
  readonly atMs: number;
  /** No limit has stopped it. */
  isAdmitted: boolean;
}

const windowMs = 10_000;

/** Counts requests by route, `list contacts` for example, and over all as `all`. */
export class RequestStats {
  #tallies = new Map<string, Tally>();
  #log: LoggedRequest[] | null = null;

  /** Every request from now on, as they come. */
  keepLog(): readonly LoggedRequest[] {
    return (this.#log ??= []);
  }

  reset(): void {
    this.#tallies = new Map();
  }

  /** Begins one request; call the result's `admitted` if no limit stops it, and `end` once when it is over. */
  begin(route: string, nowMs: number): { admitted(): void; end(outcome: Outcome): void } {
    const tallies = [this.#tally('all'), this.#tally(route)];
    for (const tally of tallies) {
      tally.requests += 1;
      tally.arrivals.add(nowMs);
      tally.firstMs ??= nowMs;
      tally.lastMs = nowMs;
      tally.concurrent += 1;
      tally.maxConcurrent = Math.max(tally.maxConcurrent, tally.concurrent);
    }
    const logged: LoggedRequest = { route, atMs: nowMs, isAdmitted: false };
    this.#log?.push(logged);
    return {
      admitted: () => {
        logged.isAdmitted = true;
        for (const tally of tallies) tally.admitted.add(nowMs);
      },
      end: ({ status, bytes, records, fault }) => {
        for (const tally of tallies) {
          tally.concurrent -= 1;
          increment(tally.statuses, String(status ?? 'none'));
          if (fault !== null) increment(tally.faults, fault);
          tally.bytes += bytes;
          if (status === 200 || status === 207) tally.pages += 1;
          tally.records += records;
        }
      },
    };
  }

  snapshot(): Record<string, RouteStats> {
    return Object.fromEntries([...this.#tallies].map(([route, tally]) => [route, statsOf(tally)]));
  }

  #tally(route: string): Tally {
    let tally = this.#tallies.get(route);
    if (tally === undefined) {
      tally = {
        requests: 0,
        statuses: {},
        faults: {},
        bytes: 0,
        pages: 0,
        records: 0,
        concurrent: 0,
        maxConcurrent: 0,
        firstMs: null,
        lastMs: null,
        arrivals: new RollingWindow(windowMs),
        admitted: new RollingWindow(windowMs),
      };
      this.#tallies.set(route, tally);
    }
    return tally;
  }
}

function increment(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}

function statsOf(tally: Tally): RouteStats {
  const { requests, statuses, faults, bytes, pages, records, maxConcurrent } = tally;
  return {
    requests,
    rateLimited: statuses['429'] ?? 0,
    statuses: { ...statuses },
    faults: { ...faults },
    bytes,
    pages,
    records,
    peakTenSeconds: tally.arrivals.peak,
    peakAdmittedTenSeconds: tally.admitted.peak,
    maxConcurrent,
    firstAt: tally.firstMs === null ? null : isoText(tally.firstMs),
    lastAt: tally.lastMs === null ? null : isoText(tally.lastMs),
  };
}
