import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RateWindow } from '../../model/rate-window.ts';
import { RoundTrips } from '../../model/round-trips.ts';

const windowMs = 1_000;
const limit = 5;

interface Way {
  readonly upMs: number;
  readonly downMs: number;
}

/** Searches as often as the window allows, with the lead that round trips give; when the server counted each. */
function countedAt(ways: readonly Way[], count: number): number[] {
  const window = new RateWindow({ limit, windowMs });
  const trips = new RoundTrips();
  const answers: { atMs: number; roundTripMs: number }[] = [];
  const counted: number[] = [];
  let now = 0;
  while (counted.length < count) {
    while (answers.length > 0 && answers[0]!.atMs <= now) {
      const { atMs, roundTripMs } = answers.shift()!;
      trips.add(roundTripMs);
      window.leadMs = trips.leadMs;
      window.settle(atMs);
    }
    if (window.tryTake(now)) {
      const { upMs, downMs } = ways[counted.length % ways.length]!;
      counted.push(now + upMs);
      answers.push({ atMs: now + upMs + downMs, roundTripMs: upMs + downMs });
      answers.sort((a, b) => a.atMs - b.atMs);
      continue;
    }
    now = Math.min(answers[0]?.atMs ?? Infinity, window.nextFreeAt(now) ?? Infinity);
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
    );
  });

  it('passes it by no more than the least seen was above the least there is, less the margin', () => {
    fc.assert(
      fc.property(least, fc.array(fc.tuple(jitter, jitter), { minLength: 6, maxLength: 40 }), (fastest, delays) => {
        const ways = delays.map(([up, down]) => ({ upMs: fastest.upMs + up, downMs: fastest.downMs + down }));
        const above = Math.min(...delays.slice(0, limit).map(([up, down]) => up + down));
        expect(worstExcessMs(countedAt(ways, 80))).toBeLessThanOrEqual(Math.max(0, above - 20));
      }),
    );
  });

  it.each([150, 350])('takes five in a second where an answer takes %i ms', (latencyMs) => {
    const counted = countedAt([{ upMs: latencyMs / 2, downMs: latencyMs / 2 }], 50);
    expect(counted.at(-1)!).toBeLessThan(9_000 + latencyMs + 300);
    const late = countedAt([{ upMs: latencyMs, downMs: 1 }], 50);
    expect(late.at(-1)!).toBeLessThan(9_000 + latencyMs + 300);
  });

  it('is none before enough were seen, and none ever after it was distrusted', () => {
    const trips = new RoundTrips();
    for (let i = 0; i < 4; i++) trips.add(300 + i);
    expect([trips.leadMs, trips.leastMs]).toEqual([0, null]);
    trips.add(350);
    expect([trips.leadMs, trips.leastMs]).toEqual([280, 300]);
    trips.distrust();
    trips.add(350);
    expect([trips.leadMs, trips.leastMs]).toEqual([0, 300]);
  });

  it('that falls leaves what was freed free, and what was not taken for longer', () => {
    const window = new RateWindow({ limit: 2, windowMs });
    window.leadMs = 300;
    expect([window.tryTake(0), window.tryTake(0), window.tryTake(0)]).toEqual([true, true, false]);
    window.settle(350);
    window.settle(400);
    expect([window.used(1_050), window.used(1_049), window.nextFreeAt(1_050)]).toEqual([1, 1, 1_100]);
    window.leadMs = 0;
    expect([window.used(1_399), window.nextFreeAt(1_399), window.used(1_400)]).toEqual([1, 1_400, 0]);
  });
});
