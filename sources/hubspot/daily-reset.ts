const lookAgainMs = 15 * 60_000;
const dayMs = 24 * 3_600_000;

/**
 * When the daily budget is full again, from the answer of `api-usage/daily/private-apps` (`resetsAt`, ISO or epoch
 * milliseconds, bare or in a list of results). Where it does not tell, a quarter of an hour from now: the next request
 * then finds out at the price of one 429.
 */
export function nextDailyReset(usage: unknown, nowMs: number): string {
  const resetsAt = findResetsAt(usage);
  const resetMs = typeof resetsAt === 'number' ? resetsAt : typeof resetsAt === 'string' ? Date.parse(resetsAt) : NaN;
  // One that has just passed is yesterday's: the next comes a day later. 25 hours allow for a change of clocks.
  const nextMs = resetMs <= nowMs ? resetMs + dayMs : resetMs;
  const isPlausible = nextMs > nowMs && nextMs <= nowMs + dayMs + 3_600_000;
  return new Date(isPlausible ? nextMs : nowMs + lookAgainMs).toISOString();
}

function findResetsAt(usage: unknown): unknown {
  if (typeof usage !== 'object' || usage === null) return null;
  if ('resetsAt' in usage) return usage.resetsAt;
  if ('results' in usage && Array.isArray(usage.results)) return findResetsAt(usage.results[0]);
  return Array.isArray(usage) ? findResetsAt(usage[0]) : null;
}
