/** The window that the rate shown is measured over: short enough to follow a limit, longer than a heartbeat's second. */
const windowMs = 10_000;

/** Records per second over the last ten seconds of samples. */
export class RateMeter {
  readonly #samples: { readonly atMs: number; readonly records: number }[] = [];

  /** Samples come in order of time. A fall (a lost stage, read again) starts the measurement anew. */
  add(atMs: number, records: number): void {
    const last = this.#samples.at(-1);
    if (last !== undefined && records < last.records) this.#samples.length = 0;
    this.#samples.push({ atMs, records });
    while (this.#samples.length > 2 && this.#samples[1]!.atMs <= atMs - windowMs) this.#samples.shift();
  }

  /** Null before there are two samples half a second apart. */
  get perSecond(): number | null {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || last.atMs - first.atMs < 500) return null;
    return ((last.records - first.records) * 1_000) / (last.atMs - first.atMs);
  }
}

/** Before so many chunks or so long a look, a guess at the end would mislead more than help. */
const chunksBeforeGuess = 3;
const elapsedBeforeGuessMs = 20_000;

/** Time left, or null while it would be a guess: no estimate, nothing flowing, or too early to say. */
export function remainingMs(run: {
  readonly records: number;
  readonly estimatedRecords: number | null;
  readonly perSecond: number | null;
  readonly elapsedMs: number;
  readonly chunks: number;
}): number | null {
  if (run.estimatedRecords === null || run.perSecond === null || run.perSecond < 1) return null;
  if (run.chunks < chunksBeforeGuess && run.elapsedMs < elapsedBeforeGuessMs) return null;
  return (Math.max(0, run.estimatedRecords - run.records) * 1_000) / run.perSecond;
}
