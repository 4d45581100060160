/** Clocks differ by seconds; one that is further ahead is wrong. */
const toleratedMs = 10 * 60_000;

/**
 * The source's clock, unless it is far ahead of this machine's: positions that moved into the future would pass over
 * everything modified until then.
 */
export function trustedNow(sourceNow: string): string {
  const latestMs = Date.now() + toleratedMs;
  return Date.parse(sourceNow) > latestMs ? new Date(latestMs).toISOString() : sourceNow;
}
