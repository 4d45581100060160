/** How long to wait before asking again where nobody says until when. */
const unknownWaitMs = 60_000;

/** Milliseconds from now to an ISO instant; not above 0 once it has passed. */
export function waitTimeMs(until: string | null): number {
  return until === null ? unknownWaitMs : Date.parse(until) - Date.now();
}
