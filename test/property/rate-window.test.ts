import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RateWindow } from '../../model/rate-window.ts';

const windowMs = 10_000;

/** Sends as often as the window allows; the server counts each request at a moment between sending and response. */
function arrivals(limit: number, latencies: readonly { upMs: number; downMs: number }[], count: number): number[] {
  const window = new RateWindow({ limit, windowMs });
  const answers: number[] = [];
  const arrived: number[] = [];
  let now = 0;
  while (arrived.length < count) {
    while (answers.length > 0 && answers[0]! <= now) {
      window.settle(answers.shift()!);
    }
    if (window.tryTake(now)) {
      const { upMs, downMs } = latencies[arrived.length % latencies.length]!;
      arrived.push(now + upMs);
      answers.push(now + upMs + downMs);
      answers.sort((a, b) => a - b);
      continue;
    }
    now = Math.min(answers[0] ?? Infinity, window.nextFreeAt(now) ?? Infinity);
  }
  return arrived.sort((a, b) => a - b);
}

describe('RateWindow', () => {
  it('never lets the server see more than the limit in any rolling window, at any jitter', () => {
    const latency = fc.record({ upMs: fc.integer({ min: 0, max: 900 }), downMs: fc.integer({ min: 1, max: 900 }) });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.array(latency, { minLength: 1, maxLength: 20 }),
        (limit, latencies) => {
          const seen = arrivals(limit, latencies, limit * 4);
          for (let i = limit; i < seen.length; i++)
            expect(seen[i]! - seen[i - limit]!).toBeGreaterThanOrEqual(windowMs);
        },
      ),
    );
  });

  it('uses what the limit allows: 2,000 requests at 190 in 10 s and 350 ms take under 1.03 of the floor', () => {
    const seen = arrivals(190, [{ upMs: 175, downMs: 175 }], 2_000);
    expect(seen.at(-1)! / 1_000).toBeLessThan((2_000 / 19) * 1.03);
  });

  it('keeps its own cap apart from what others leave', () => {
    const window = new RateWindow({ limit: 190, windowMs, ownLimit: 50 });
    window.observeServerUse(60, 0);
    let taken = 0;
    while (window.tryTake(1)) taken++;
    expect(taken).toBe(50);
  });

  it('takes foreign use into account, once', () => {
    const window = new RateWindow({ limit: 10, windowMs });
    window.tryTake(0);
    window.settle(5);
    window.observeServerUse(4, 5);
    expect(window.used(5)).toBe(4);
    window.observeServerUse(4, 6);
    expect(window.used(6)).toBe(4);
    expect(window.used(10_006)).toBe(0);
  });

  it('takes others to go on as they were last seen, for a window', () => {
    const window = new RateWindow({ limit: 100, windowMs });
    window.observeServerUse(60, 0);
    window.observeServerUse(50, 9_000);
    expect(window.used(9_999)).toBe(60);
    expect(window.nextFreeAt(9_999)).toBe(10_000);
    expect(window.used(10_000)).toBe(50);
    expect(window.used(19_000)).toBe(0);
    expect(window.nextFreeAt(19_000)).toBeNull();
  });
});
