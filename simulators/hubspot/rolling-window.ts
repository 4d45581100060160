/** Counts what happened within the last `windowMs`. Instants must not go back. */
export class RollingWindow {
  readonly #windowMs: number;
  #instants: number[] = [];
  #start = 0;
  #peak = 0;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** Most instants within any one window so far. */
  get peak(): number {
    return this.#peak;
  }

  add(atMs: number): void {
    this.#drop(atMs);
    this.#instants.push(atMs);
    this.#peak = Math.max(this.#peak, this.#instants.length - this.#start);
  }

  /** Instants in `(nowMs - windowMs, nowMs]`. */
  countAt(nowMs: number): number {
    this.#drop(nowMs);
    return this.#instants.length - this.#start;
  }

  #drop(nowMs: number): void {
    while (this.#start < this.#instants.length && (this.#instants[this.#start] as number) <= nowMs - this.#windowMs) {
      this.#start += 1;
    }
    if (this.#start > 1_024 && this.#start * 2 > this.#instants.length) {
      this.#instants = this.#instants.slice(this.#start);
      this.#start = 0;
    }
  }
}
