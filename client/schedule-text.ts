import type { DriftCause, ScheduleDrift } from './schedule-drift.ts';

const causeWords: Readonly<Record<DriftCause, string>> = {
  oldConfig: 'older than the config',
  changedByHand: 'changed by hand',
  unknown: 'differs from config',
};

/** `changed by hand (overlap: ALLOW_ALL, config says SKIP)`; null where nothing differs. */
export function driftText({ drift, driftCause, startsOldRuns }: ScheduleDrift): string | null {
  if (driftCause === null) return null;
  const arguments_ = startsOldRuns ? ', starts runs with old arguments' : '';
  return `${causeWords[driftCause]}${arguments_} (${drift.join('; ')})`;
}

/** `3 skipped, 1 missed, 1 queued`; null where there is nothing to count. */
export function countsText(counts: {
  readonly skippedOverlap: number;
  readonly missedCatchup: number;
  readonly queued: number;
}): string | null {
  const parts = [
    [counts.skippedOverlap, 'skipped'],
    [counts.missedCatchup, 'missed'],
    [counts.queued, 'queued'],
  ] as const;
  const said = parts.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`);
  return said.length === 0 ? null : said.join(', ');
}
