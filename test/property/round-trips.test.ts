import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  distrusted,
  leadMsOf,
  leastRoundTripMs,
  noRoundTrips,
  withRoundTrip,
  type RoundTrips,
} from '../../model/round-trips.ts';
import { answered, laneRules, openLanes } from '../support/lanes-under-test.ts';

const windowMs = 1_000;
const limit = 5;

interface Way {
  readonly upMs: number;
  readonly downMs: number;
}

const rules = laneRules({ windowMs, limit, hasLead: true });
const ask = { lane: 'lane', traffic: 'bulk', sinceMs: 0, nextSinceMs: null } as const;

/** Searches as often as the lane allows, with the lead that round trips give; when the server counted each. */
function countedAt(ways: readonly Way[], count: number): number[] {
  using world = openLanes(rules);
  const { lanes } = world.join();
  const answers: { atMs: number; roundTripMs: number; slot: number }[] = [];
  const counted: number[] = [];
  while (counted.length < count) {
    while (answers.length > 0 && answers[0]!.atMs <= world.nowMs) {
      const { atMs, roundTripMs, slot } = answers.shift()!;
      lanes.settle(slot, { ...answered, roundTripMs }, atMs);
    }
    const answer = lanes.tryTake(ask);
    if (answer.kind === 'taken') {
      const { upMs, downMs } = ways[counted.length % ways.length]!;
      counted.push(world.nowMs + upMs);
      answers.push({ atMs: world.nowMs + upMs + downMs, roundTripMs: upMs + downMs, slot: answer.slot });
      answers.sort((a, b) => a.atMs - b.atMs);
      continue;
    }
    world.nowMs = Math.min(answers[0]?.atMs ?? Infinity, answer.untilMs ?? Infinity);
  }
  return counted.sort((a, b) => a - b);
}

/** How much sooner than a window after it the fifth next was counted, at worst; 0 where the limit was kept. */
function worstExcessMs(counted: readonly number[]): number {
  return counted.slice(limit).reduce((worst, atMs, i) => Math.max(worst, windowMs - (atMs - counted[i]!)), 0);
}

const jitter = fc.integer({ min: 0, max: 900 });
const least = fc.record({ upMs: fc.integer({ min: 0, max: 400 }), downMs: fc.integer({ min: 1, max: 400 }) });

describe('a lead by round trips', () => {
  it('keeps the limit at any jitter, once the least round trip was seen', () => {
    fc.assert(
      fc.property(least, fc.array(fc.tuple(jitter, jitter), { minLength: 1, maxLength: 20 }), (fastest, delays) => {
        const delayed = delays.map(([up, down]) => ({ upMs: fastest.upMs + up, downMs: fastest.downMs + down }));
        expect(worstExcessMs(countedAt([fastest, ...delayed], 80))).toBe(0);
      }),
      { numRuns: 30 },
    );
  });

  it('passes it by no more than the least seen was above the least there is, less the margin', () => {
    fc.assert(
      fc.property(least, fc.array(fc.tuple(jitter, jitter), { minLength: 6, maxLength: 40 }), (fastest, delays) => {
        const ways = delays.map(([up, down]) => ({ upMs: fastest.upMs + up, downMs: fastest.downMs + down }));
        const above = Math.min(...delays.slice(0, limit).map(([up, down]) => up + down));
        expect(worstExcessMs(countedAt(ways, 80))).toBeLessThanOrEqual(Math.max(0, above - 20));
      }),
      { numRuns: 30 },
    );
  });

  it.each([150, 350])('takes five in a second where an answer takes %i ms', (latencyMs) => {
    const counted = countedAt([{ upMs: latencyMs / 2, downMs: latencyMs / 2 }], 50);
    expect(counted.at(-1)!).toBeLessThan(9_000 + latencyMs + 300);
    const late = countedAt([{ upMs: latencyMs, downMs: 1 }], 50);
    expect(late.at(-1)!).toBeLessThan(9_000 + latencyMs + 300);
  });

  it('is none before enough were seen, and none ever after it was distrusted', () => {
    const look = (trips: RoundTrips): unknown[] => [leadMsOf(trips), leastRoundTripMs(trips)];
    const four = [300, 301, 302, 303].reduce(withRoundTrip, noRoundTrips);
    expect(look(four)).toEqual([0, null]);
    const five = withRoundTrip(four, 350);
    expect(look(five)).toEqual([280, 300]);
    expect(look(withRoundTrip(distrusted(five), 350))).toEqual([0, 300]);
  });

  it('that is given up leaves what was freed free, and what was not taken for longer', () => {
    using world = openLanes({ ...rules, limit: 2 });
    const { lanes } = world.join();
    const one = (): number | null => {
      const answer = lanes.tryTake(ask);
      return answer.kind === 'taken' ? answer.slot : null;
    };
    const used = (nowMs: number): number => {
      world.nowMs = nowMs;
      return lanes.look('lane').used;
    };
    for (let i = 0; i < 5; i++) {
      world.nowMs += 2_000;
      lanes.settle(one()!, { ...answered, roundTripMs: 320 }, world.nowMs);
    }
    world.nowMs = 20_000;
    const [first, second] = [one()!, one()!];
    lanes.settle(first, { ...answered, roundTripMs: 350 }, 20_350);
    lanes.settle(second, { ...answered, roundTripMs: 400 }, 20_400);
    expect([used(21_049), used(21_050), used(21_099)]).toEqual([2, 1, 1]);
    expect(one()).not.toBeNull();
    lanes.block('lane', 0);
    expect([used(21_399), used(21_400)]).toEqual([2, 1]);
  });
});
