/** Above both, nothing is flagged before a person has looked: an outage of permissions looks like a mass deletion. */
const maxVanishedShare = 0.05;
const maxVanishedRows = 50;

export interface VanishedFacts {
  readonly vanished: number;
  readonly liveRows: number;
  /** Ids the source listed as alive. */
  readonly listed: number;
  /** What the source said of the credentials' access, then and now; null where it was never noted. */
  readonly accessBefore: string | null;
  readonly accessNow: string | null;
}

/** Why vanished rows wait for a person's approval; null where they may be flagged at once (rule 14 of docs/spec.md). */
export function approvalReason(facts: VanishedFacts): string | null {
  const { vanished, liveRows, listed, accessBefore, accessNow } = facts;
  if (vanished === 0) return null;
  if (listed === 0) return `the source lists no record, and the table holds ${liveRows} live rows`;
  if (accessBefore !== null && accessNow !== null && accessBefore !== accessNow) {
    return 'the credentials see another account, or another part of it, than before';
  }
  const share = vanished / Math.max(1, liveRows);
  if (vanished > maxVanishedRows && share > maxVanishedShare) {
    return `${vanished} of ${liveRows} live rows (${(share * 100).toFixed(1)} %) are gone from the source`;
  }
  return null;
}
