/** Above both, nothing is flagged before a person has looked: an outage of permissions looks like a mass deletion. */
const maxVanishedShare = 0.05;
const maxVanishedRows = 50;

export interface VanishedFacts {
  /** Ids that differ in any way, the vanished among them. */
  readonly differing: number;
  readonly vanished: number;
  readonly liveRows: number;
  /** Ids the source listed as alive. */
  readonly listed: number;
  /** What the source said of the credentials' access, then and now; null where it was never noted. */
  readonly accessBefore: string | null;
  readonly accessNow: string | null;
}

/** Whether the source shows something else than what the rows came from: then nothing at all is written unasked. */
export function isOtherAccess({ before, now }: { before: string | null; now: string | null }): boolean {
  return before !== null && now !== null && before !== now;
}

/** Why a comparison waits for a person's approval; null where it may be acted upon at once (rule 14 of docs/spec.md). */
export function approvalReason(facts: VanishedFacts): string | null {
  const { differing, vanished, liveRows, listed, accessBefore, accessNow } = facts;
  if (differing > 0 && isOtherAccess({ before: accessBefore, now: accessNow })) {
    return `the credentials see ${accessNow}, and the rows came from ${accessBefore}`;
  }
  if (vanished === 0) return null;
  if (listed === 0) return `the source lists no record, and the table holds ${liveRows} live rows`;
  const share = vanished / Math.max(1, liveRows);
  if (vanished > maxVanishedRows && share > maxVanishedShare) {
    return `${vanished} of ${liveRows} live rows (${(share * 100).toFixed(1)} %) are gone from the source`;
  }
  return null;
}
