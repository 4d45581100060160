import { expect } from 'vitest';
import { type Counts, unexplained, zeroCounts } from '../../model/counts.ts';
import type { MergeOutcome } from '../../model/destination.ts';

/** The counts of a batch that was merged, which have to close. */
export function merged(outcome: MergeOutcome): Counts {
  if (outcome.kind !== 'merged') throw new Error(`not merged: ${JSON.stringify(outcome)}`);
  expect(unexplained(outcome.counts)).toBe(0);
  return outcome.counts;
}

export function counts(some: Partial<Counts>): Counts {
  return { ...zeroCounts, ...some };
}
