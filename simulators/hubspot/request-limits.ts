import type { LimitSettings } from './options.ts';
import { RollingWindow } from './rolling-window.ts';

/** `usage` is the question for the day's usage, which spends of `burst`. All spend of the day's. */
export type Budget = 'burst' | 'search' | 'associations' | 'usage';
export type LimitPolicy = 'TEN_SECONDLY_ROLLING' | 'SECONDLY' | 'DAILY';

/** Either the request may pass, or the policy that stops it. `headers` belong on the answer either way. */
export interface Admission {
  readonly stoppedBy: LimitPolicy | null;
  readonly headers: Readonly<Record<string, string>>;
}

const burstWindowMs = 10_000;
const searchWindowMs = 1_000;
const dayMs = 86_400_000;

/** Without a limit the headers tell one that no client reaches, so that none holds back for want of a number. */
const shownWhenUnlimited = 1_000_000;

/** The account's budgets. Requests count when they arrive; those stopped do not count. */
export class RequestLimits {
  #settings: LimitSettings;
  #burst = new RollingWindow(burstWindowMs);
  #search = new RollingWindow(searchWindowMs);
  #associations = new RollingWindow(burstWindowMs);
  #dailyUsage = 0;
  #dailyResetsAtMs: number;
  /** When the other app sends its next request; null while it has not begun. */
  #backgroundNextMs: number | null = null;

  constructor(settings: LimitSettings) {
    this.#settings = settings;
    this.#dailyResetsAtMs = Date.parse(settings.dailyResetsAt);
  }

  get settings(): LimitSettings {
    return this.#settings;
  }

  /** Spent requests stay spent under new settings, unless `dailyUsage` says otherwise. */
  change({ dailyUsage, ...settings }: Partial<LimitSettings> & { dailyUsage?: number }): void {
    this.#settings = { ...this.#settings, ...settings };
    if (dailyUsage !== undefined) this.#dailyUsage = dailyUsage;
    if (settings.dailyResetsAt !== undefined) this.#dailyResetsAtMs = Date.parse(settings.dailyResetsAt);
    if (settings.background !== undefined) this.#backgroundNextMs = null;
  }

  daily(nowMs: number): { currentUsage: number; usageLimit: number | null; resetsAt: string } {
    this.#advance(nowMs);
    const resetsAt = new Date(this.#dailyResetsAtMs).toISOString();
    return { currentUsage: this.#dailyUsage, usageLimit: this.#settings.daily, resetsAt };
  }

  admit(budget: Budget, nowMs: number): Admission {
    this.#advance(nowMs);
    const stoppedBy = this.#stoppedBy(budget, nowMs);
    if (stoppedBy === null) {
      this.#windowOf(budget).add(nowMs);
      this.#dailyUsage += 1;
    }
    return { stoppedBy, headers: this.#headers(budget, nowMs) };
  }

  #stoppedBy(budget: Budget, nowMs: number): LimitPolicy | null {
    const { burst, search, associations, daily, isUsageExempt } = this.#settings;
    const isExempt = budget === 'usage' && isUsageExempt;
    if (daily !== null && this.#dailyUsage >= daily && !isExempt) return 'DAILY';
    const most = { burst, search, associations, usage: burst }[budget];
    if (most === null || this.#windowOf(budget).countAt(nowMs) < most) return null;
    return budget === 'search' ? 'SECONDLY' : 'TEN_SECONDLY_ROLLING';
  }

  #windowOf(budget: Budget): RollingWindow {
    if (budget === 'search') return this.#search;
    return budget === 'associations' ? this.#associations : this.#burst;
  }

  /** Search tells nothing; what does not count to `burst` does not tell of it. */
  #headers(budget: Budget, nowMs: number): Record<string, string> {
    const { burst, daily } = this.#settings;
    if (budget === 'search') return {};
    const headers: Record<string, string> = {};
    if (budget !== 'associations') {
      const shown = burst ?? shownWhenUnlimited;
      headers['X-HubSpot-RateLimit-Max'] = String(shown);
      headers['X-HubSpot-RateLimit-Remaining'] = String(Math.max(0, shown - this.#burst.countAt(nowMs)));
      headers['X-HubSpot-RateLimit-Interval-Milliseconds'] = String(burstWindowMs);
    }
    if (daily !== null) {
      headers['X-HubSpot-RateLimit-Daily'] = String(daily);
      headers['X-HubSpot-RateLimit-Daily-Remaining'] = String(Math.max(0, daily - this.#dailyUsage));
    }
    return headers;
  }

  /** Brings the day and the other app's requests up to `nowMs`: it sends evenly, and is stopped by the same limits. */
  #advance(nowMs: number): void {
    while (nowMs >= this.#dailyResetsAtMs) {
      this.#dailyUsage = 0;
      this.#dailyResetsAtMs += dayMs;
    }
    const { background } = this.#settings;
    if (background <= 0) return;
    const everyMs = burstWindowMs / background;
    let nextMs = Math.max(this.#backgroundNextMs ?? nowMs - burstWindowMs + everyMs, nowMs - burstWindowMs);
    for (; nextMs <= nowMs; nextMs += everyMs) {
      if (this.#stoppedBy('burst', nextMs) !== null) continue;
      this.#burst.add(nextMs);
      this.#dailyUsage += 1;
    }
    this.#backgroundNextMs = nextMs;
  }
}
