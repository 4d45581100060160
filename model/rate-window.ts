/**
 * N requests per rolling window, without the server's help: a slot is free again one window after its *response*
 * arrived. The server counted that request somewhere between sending and response, so at no moment can it see more
 * than N in a window, whatever the latency. (A token bucket with any burst gets 429s; this gets none at any jitter, and
 * a backfill still takes 0.97 to 1.05 of the time that the limit alone would set.)
 *
 * Pure: time comes in as milliseconds of any monotonic clock.
 */
export class RateWindow {
  readonly windowMs: number;
  /** Most slots of our own, however much the limit leaves: room kept for others. */
  readonly #ownLimit: number;
  /** How much sooner than a window after its response a slot is free; see `RoundTrips`. */
  leadMs = 0;
  #limit: number;
  #inFlight = 0;
  /** When responses arrived; entries before `#head` have been freed. */
  #settledAt: number[] = [];
  #head = 0;
  /** What others were seen to use, each until a window later; falling, so that the first is the most. */
  #foreign: { readonly slots: number; readonly untilMs: number }[] = [];

  constructor(options: { limit: number; windowMs: number; ownLimit?: number }) {
    this.#limit = options.limit;
    this.#ownLimit = options.ownLimit ?? Infinity;
    this.windowMs = options.windowMs;
  }

  get limit(): number {
    return this.#limit;
  }

  set limit(limit: number) {
    this.#limit = Math.max(1, Math.floor(limit));
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Slots taken: in flight, answered less than a window ago, or used by others. */
  used(now: number): number {
    while (this.#foreign.length > 0 && this.#foreign[0]!.untilMs <= now) this.#foreign.shift();
    return this.#ownUse(now) + (this.#foreign[0]?.slots ?? 0);
  }

  #ownUse(now: number): number {
    while (this.#firstFreeAt <= now) this.#head++;
    if (this.#head > 1024 && this.#head * 2 > this.#settledAt.length) {
      this.#settledAt = this.#settledAt.slice(this.#head);
      this.#head = 0;
    }
    return this.#inFlight + this.#settledAt.length - this.#head;
  }

  get #firstFreeAt(): number {
    const settledAt = this.#settledAt[this.#head];
    return settledAt === undefined ? Infinity : settledAt + this.windowMs - this.leadMs;
  }

  tryTake(now: number): boolean {
    if (this.used(now) >= this.#limit || this.#ownUse(now) >= this.#ownLimit) return false;
    this.#inFlight++;
    return true;
  }

  /** Ends a request, answered or given up: its slot stays taken for one more window. */
  settle(now: number): void {
    this.#inFlight--;
    this.#settledAt.push(now);
  }

  /**
   * Takes what the server says is used (`limit - remaining`) into account: what we cannot explain was spent by somebody
   * else, who is taken to go on like that. The most seen within a window counts, since a request of ours still on its way
   * to the server hides one of theirs.
   */
  observeServerUse(serverUsed: number, now: number): void {
    const slots = Math.min(serverUsed, this.#limit) - this.#ownUse(now);
    if (slots <= 0) return;
    while (this.#foreign.length > 0 && this.#foreign.at(-1)!.slots <= slots) this.#foreign.pop();
    this.#foreign.push({ slots, untilMs: now + this.windowMs });
  }

  /** When a slot may be free next; null while only requests in flight could free one. */
  nextFreeAt(now: number): number | null {
    if (this.used(now) === this.#inFlight) return null;
    return Math.min(this.#firstFreeAt, this.#foreign[0]?.untilMs ?? Infinity);
  }
}
