import { judgeFreshness, staleReason, type Freshness } from '../model/freshness.ts';
import type { Positions } from '../model/positions.ts';
import type { StreamLook } from './look-at-stream.ts';

/** Temporal is asked about a stream in doubt at most this often. */
const mostOftenMs = 60_000;

export interface Judgement {
  readonly freshness: Freshness;
  readonly before: Freshness['state'] | null;
}

/** What this worker knows of one stream, and what it last made of it. Instants are ms since the epoch unless ISO. */
export class StreamWatch {
  readonly stream: string;
  readonly limitMs: number | null;
  /** ISO; null while this worker knows of none. */
  lastGoodAt: string | null = null;
  positions: Positions | null = null;
  #look: StreamLook | null = null;
  #lookedAtMs: number | null = null;
  #isUnreachable = false;
  #excusedAtMs: number | null = null;
  #state: Freshness['state'] | null = null;

  constructor({ stream, limitMs }: { readonly stream: string; readonly limitMs: number | null }) {
    this.stream = stream;
    this.limitMs = limitMs;
  }

  /** A run ended well and brought the table up to date. */
  noteGood(at: string, positions: Positions | null): void {
    if (this.lastGoodAt === null || at > this.lastGoodAt) this.lastGoodAt = at;
    if (positions !== null) this.positions = positions;
  }

  noteLook(look: StreamLook | 'unreachable', nowMs: number): void {
    this.#lookedAtMs = nowMs;
    this.#isUnreachable = look === 'unreachable';
    if (look === 'unreachable') return;
    this.#look = look;
    if (look.lastGoodAt !== null) this.noteGood(look.lastGoodAt, this.positions ?? look.positions);
    if (look.schedule?.isPaused === true) this.#excusedAtMs = nowMs;
  }

  /** Other workers run the stream's runs too: what this one knows is old before it is wrong. */
  isInDoubt(nowMs: number): boolean {
    if (this.limitMs === null) return false;
    if (this.#lookedAtMs !== null && nowMs - this.#lookedAtMs < Math.min(mostOftenMs, this.limitMs)) return false;
    return this.#lookedAtMs === null || this.#judge(nowMs).state !== 'fresh';
  }

  /** What the stream is now, and what it was at the last judgement. */
  judge(nowMs: number): Judgement {
    const freshness = this.#judge(nowMs);
    const before = this.#state;
    this.#state = freshness.state;
    return { freshness, before };
  }

  get isPaused(): boolean {
    return this.#look?.schedule?.isPaused === true;
  }

  whyStale(): { readonly why: string; readonly next: string } {
    const { schedule = null, trouble = null, openSince = null } = this.#look ?? {};
    const temporal = this.#isUnreachable ? 'unreachable' : null;
    return staleReason(this.stream, { temporal, hasSchedule: schedule !== null, trouble, openSince });
  }

  #judge(nowMs: number): Freshness {
    const { schedule = null, isBackfilling = false } = this.#look ?? {};
    const { limitMs, lastGoodAt } = this;
    return judgeFreshness({ limitMs, lastGoodAt, schedule, isBackfilling, excusedAtMs: this.#excusedAtMs }, nowMs);
  }
}
