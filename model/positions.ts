/**
 * How far a stream is known to be read by modification time (rule 7 of docs/spec.md), as ISO instants by the source's
 * clock. What was modified before `fast` has been read unless the index trailed; what was modified before `settled`, the
 * watermark, has been read after the index had time to settle.
 */
export interface Positions {
  readonly fast: string;
  readonly settled: string;
}

export interface WindowSettings {
  /** Read again before `fast` by every run. */
  readonly overlapMs: number;
  /** How old a modification has to be for the index to be trusted. */
  readonly horizonMs: number;
  /** How often the settled pass is made. */
  readonly settledEveryMs: number;
}

export const defaultWindows: WindowSettings = {
  overlapMs: 5 * 60_000,
  horizonMs: 60 * 60_000,
  settledEveryMs: 15 * 60_000,
};

/** Modification times from `from` to `to`, both included. */
export interface TimeWindow {
  readonly from: string;
  readonly to: string;
}

export interface PlannedWindows {
  /** Disjoint, ascending; never empty. */
  readonly windows: readonly TimeWindow[];
  /** Where the stream stands once all windows are merged. */
  readonly positions: Positions;
}

/**
 * The windows an incremental run reads: from `fast` less the overlap to now, and, when it is due, from `settled` to now less
 * the horizon; as one where they meet. A clock that went back yields a window that ends at `fast`, and no position ever falls.
 */
export function planWindows(positions: Positions, settings: WindowSettings, sourceNow: string): PlannedWindows {
  const nowMs = Math.max(Date.parse(sourceNow), Date.parse(positions.fast));
  const settledMs = Date.parse(positions.settled);
  const fast = { fromMs: Date.parse(positions.fast) - settings.overlapMs, toMs: nowMs + clockStepMs };
  const settledToMs = nowMs - settings.horizonMs;
  const isDue = settledToMs - settledMs >= settings.settledEveryMs;
  const settled = isDue ? { fromMs: settledMs, toMs: settledToMs } : null;
  const joined = settled === null ? [fast] : join(settled, fast);
  return {
    windows: joined.map(({ fromMs, toMs }) => ({ from: iso(Math.max(firstSearchableMs, fromMs)), to: iso(toMs) })),
    positions: { fast: iso(nowMs), settled: iso(settled === null ? settledMs : settledToMs) },
  };
}

/** One window with everything that runs from these positions on have read, up to `to`. */
export function windowSince(
  { fast, settled }: Positions,
  { overlapMs }: Pick<WindowSettings, 'overlapMs'>,
  to: string,
): TimeWindow {
  const fromMs = Math.min(Date.parse(settled), Date.parse(fast) - overlapMs);
  return { from: iso(Math.max(firstSearchableMs, fromMs)), to };
}

/** A source tells its time in whole seconds, and what it modified within the running one is to be found too. */
const clockStepMs = 999;

/** The earliest instant to search from: HubSpot's search fails from the epoch itself on. */
export const firstSearchableMs = 1_000;

interface WindowMs {
  readonly fromMs: number;
  readonly toMs: number;
}

function join(a: WindowMs, b: WindowMs): WindowMs[] {
  if (a.toMs < b.fromMs) return [a, b];
  return [{ fromMs: Math.min(a.fromMs, b.fromMs), toMs: Math.max(a.toMs, b.toMs) }];
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
