/** Before this many were seen, the least may not be among them. */
const fewestSeen = 5;
/** For clocks and timers, and for a least that might be less still. */
const marginMs = 20;

/**
 * How much sooner than one window after its response a slot of a `RateWindow` may be free. A request is counted before its
 * answer's way back, and the one that takes its slot only after its own way there; what the two take together is at least
 * the least round trip there is. So a lead of no more than that lets two requests be counted a window apart as well, and
 * what delays a request on its way shows in its own response. It rests on the least round trip having been seen:
 * where a limit is passed in spite of it, `distrust` ends it for good.
 */
export class RoundTrips {
  #leastMs = Infinity;
  #seen = 0;
  #isTrusted = true;

  /** The least seen; null before there are enough to tell. */
  get leastMs(): number | null {
    return this.#seen < fewestSeen ? null : this.#leastMs;
  }

  get leadMs(): number {
    return this.#isTrusted ? Math.max(0, (this.leastMs ?? 0) - marginMs) : 0;
  }

  add(roundTripMs: number): void {
    this.#seen++;
    this.#leastMs = Math.min(this.#leastMs, roundTripMs);
  }

  distrust(): void {
    this.#isTrusted = false;
  }
}
