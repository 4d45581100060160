import { AccountBudget, type BudgetScope, type Slot } from '../../budget/account-budget.ts';
import { budgetPath } from '../../budget/budget-path.ts';
import type { LaneRules } from '../../budget/lane-rules.ts';
import type { Log } from '../../model/log.ts';
import type { Traffic } from '../../model/traffic.ts';

/**
 * HubSpot counts search apart from everything else, and its API specification exempts batch reads of associations from the
 * ten-second limit.
 */
export type Bucket = 'burst' | 'search' | 'associations';

/** Published: 5 per second and account. Search answers carry no header to correct us. */
export const searchLimit = 5;
const searchWindowMs = 1_000;

const lanes: readonly (LaneRules & { readonly name: Bucket })[] = [
  // The lowest limit HubSpot publishes (Free and Starter): in force until a header names the account's own.
  { name: 'burst', limit: 100, windowMs: 10_000, ownLimit: Infinity, isTold: true, hasLead: false },
  // Against a window of ten seconds the way back is short, against one second it is not.
  { name: 'search', limit: searchLimit, windowMs: searchWindowMs, ownLimit: Infinity, isTold: false, hasLead: true },
  // Ten per second, of our own accord.
  { name: 'associations', limit: 10, windowMs: 1_000, ownLimit: Infinity, isTold: false, hasLead: false },
];

export interface RequestBudgetOptions {
  readonly requestsPer10s: number | null;
  readonly baseUrl: string;
  /** Where processes of this machine share budgets; null to keep one for this process alone. */
  readonly folder: string | null;
  readonly log: Log;
}

/**
 * The request budget of one HubSpot token, shared with all processes of this machine that send by it. The ten-second limit is an
 * app's, which is what a token names; search and daily limits are the account's, of which a second app's token does not know.
 */
export class RequestBudget {
  readonly #options: RequestBudgetOptions;
  readonly #budgets = new Map<string, AccountBudget>();
  #current: AccountBudget | null = null;

  constructor(options: RequestBudgetOptions) {
    this.#options = options;
  }

  /** With whom the budget of a token is kept. */
  scope(token: string): BudgetScope {
    return this.#of(token).scope;
  }

  /** Share of the burst limit in use, 0 to 1; null before a header has named the limit. */
  limitShare(): number | null {
    const look = this.#current?.look('burst') ?? null;
    return look !== null && look.isLimitTold ? Math.min(1, look.used / look.limit) : null;
  }

  /** How many searches at once keep their limit in use; two while that is not known, and so that one may be late. */
  get searchesAtOnce(): number {
    const leastMs = this.#current?.look('search')?.leastRoundTripMs ?? 0;
    return Math.min(searchLimit, Math.max(2, Math.ceil((searchLimit * leastMs) / searchWindowMs)));
  }

  /** Waits for a slot; rejects with the signal's reason. Every slot has to be settled. */
  take(
    bucket: Bucket,
    { token, traffic, signal }: { token: string; traffic: Traffic; signal: AbortSignal },
  ): Promise<Slot> {
    return this.#of(token).take(bucket, traffic, signal);
  }

  /** After a 429: in the lane of the limit that the answer names, and in the request's own. */
  block(limit: Bucket, own: Bucket): void {
    const { windowMs } = lanes.find(({ name }) => name === limit)!;
    for (const bucket of new Set([limit, own])) this.#current?.block(bucket, windowMs);
  }

  close(): void {
    for (const budget of this.#budgets.values()) budget.close();
  }

  /** A rotated token is another budget: what is left of it the first answer tells. */
  #of(token: string): AccountBudget {
    const { requestsPer10s, baseUrl, folder, log } = this.#options;
    let budget = this.#budgets.get(token);
    if (budget === undefined) {
      const rules = lanes.map((lane) =>
        lane.name === 'burst' ? { ...lane, ownLimit: requestsPer10s ?? lane.ownLimit } : lane,
      );
      const path = folder === null ? null : budgetPath(folder, 'hubspot', [addressOf(baseUrl), token]);
      budget = new AccountBudget({ path, rules, log });
      this.#budgets.set(token, budget);
    }
    this.#current = budget;
    return budget;
  }
}

/** The same for every way to write it. */
function addressOf(baseUrl: string): string {
  const { origin, pathname } = new URL(baseUrl);
  return origin + pathname.replace(/\/$/, '');
}
