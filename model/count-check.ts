/** Search indexes trail by minutes, so that a difference has to last this long before it means anything. */
const lastsMs = 15 * 60_000;
const toleratedRows = 5;
const toleratedShare = 0.0005;

/** What count checks have found so far; carried from run to run. */
export interface CountHistory {
  /** Records counted at the source less live rows; null before the first count. */
  readonly difference: number | null;
  /** Since when the difference has been beyond tolerance; ISO, null while it is not. */
  readonly since: string | null;
  /** The difference for which a reconciliation was called last: what it left standing calls no second one. */
  readonly calledFor: number | null;
  readonly calledAt: string | null;
}

export const noCounts: CountHistory = { difference: null, since: null, calledFor: null, calledAt: null };

/**
 * Judges one count of the source against the live rows: `callsReconcile` once a difference has lasted, is not the one that was
 * looked into already, and the last call is at least `earliestMs` ago.
 */
export function checkCount(
  history: CountHistory,
  count: { records: number; liveRows: number; now: string; earliestMs: number },
): { readonly history: CountHistory; readonly callsReconcile: boolean } {
  const { records, liveRows, now, earliestMs } = count;
  if (countFits({ records, liveRows })) return { history: { ...history, ...settled(count) }, callsReconcile: false };
  const difference = records - liveRows;
  const isNew = Math.abs(difference - (history.calledFor ?? 0)) > tolerance(liveRows);
  const since = isNew ? (history.since ?? now) : null;
  const hasLasted = since !== null && Date.parse(now) - Date.parse(since) >= lastsMs;
  const mayCall = history.calledAt === null || Date.parse(now) - Date.parse(history.calledAt) >= earliestMs;
  if (!hasLasted || !mayCall) return { history: { ...history, difference, since }, callsReconcile: false };
  return { history: { difference, since: null, calledFor: difference, calledAt: now }, callsReconcile: true };
}

/** Whether a count differs no more than indexes do at any time. */
export function countFits({ records, liveRows }: { records: number; liveRows: number }): boolean {
  return Math.abs(records - liveRows) <= tolerance(liveRows);
}

function tolerance(liveRows: number): number {
  return Math.max(toleratedRows, liveRows * toleratedShare);
}

function settled({ records, liveRows }: { records: number; liveRows: number }) {
  return { difference: records - liveRows, since: null, calledFor: null };
}

/** Whether a scheduled reconciliation may be left out this time. */
export function mayStretch(facts: {
  reconciledAt: string | null;
  now: string;
  latestMs: number;
  records: number | null;
  liveRows: number;
}): boolean {
  const { reconciledAt, now, latestMs, records, liveRows } = facts;
  if (reconciledAt === null || records === null) return false;
  if (Date.parse(now) - Date.parse(reconciledAt) >= latestMs) return false;
  return records === liveRows;
}
