/** Before this many were seen, the least may not be among them. */
const fewestSeen = 5;
/** For clocks and timers, and for a least that might be less still. */
const marginMs = 20;

/**
 * How much sooner than one window after its response a slot may be free. A request is counted before its
 * answer's way back, and the one that takes its slot only after its own way there; what the two take together is at least
 * the least round trip there is. So a lead of no more than that lets two requests be counted a window apart as well, and
 * what delays a request on its way shows in its own response. It rests on the least round trip having been seen:
 * where a limit is passed in spite of it, `distrusted` ends it for good.
 */
export interface RoundTrips {
  /** Null before the first. */
  readonly leastMs: number | null;
  readonly seen: number;
  readonly isTrusted: boolean;
}

export const noRoundTrips: RoundTrips = { leastMs: null, seen: 0, isTrusted: true };

export function withRoundTrip(trips: RoundTrips, roundTripMs: number): RoundTrips {
  return { ...trips, seen: trips.seen + 1, leastMs: Math.min(trips.leastMs ?? Infinity, roundTripMs) };
}

export function distrusted(trips: RoundTrips): RoundTrips {
  return { ...trips, isTrusted: false };
}

/** The least there is; null before there are enough to tell. */
export function leastRoundTripMs({ leastMs, seen }: RoundTrips): number | null {
  return seen < fewestSeen ? null : leastMs;
}

export function leadMsOf(trips: RoundTrips): number {
  return trips.isTrusted ? Math.max(0, (leastRoundTripMs(trips) ?? 0) - marginMs) : 0;
}
