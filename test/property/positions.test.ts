import fc from 'fast-check';
import { expect, it } from 'vitest';
import { planWindows, type Positions, type WindowSettings } from '../../model/positions.ts';

const second = 1_000;
const settingsOf = fc.record({
  overlapMs: fc.integer({ min: 0, max: 7_200 }).map((s) => s * second),
  horizonMs: fc.integer({ min: 0, max: 7_200 }).map((s) => s * second),
  settledEveryMs: fc.integer({ min: 1, max: 3_600 }).map((s) => s * second),
});

/**
 * A record modified at any time, and indexed at most one horizon later, is read by some run after it was indexed, whatever the
 * runs' times: that is what positions are for.
 */
it('what is indexed within the horizon is read after it was indexed', () => {
  const startMs = Date.UTC(2026, 0, 1);
  fc.assert(
    fc.property(
      settingsOf,
      fc.array(fc.integer({ min: 1, max: 4_000 }), { minLength: 5, maxLength: 60 }),
      fc.integer({ min: 0, max: 30_000 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (settings: WindowSettings, gapsSeconds, modifiedSecond, lagShare) => {
        const modifiedMs = startMs + modifiedSecond * second;
        const indexedMs = modifiedMs + lagShare * settings.horizonMs;
        let positions: Positions = { fast: new Date(startMs).toISOString(), settled: new Date(startMs).toISOString() };
        let nowMs = startMs;
        let isRead = false;
        for (const gap of gapsSeconds) {
          nowMs += gap * second;
          const planned = planWindows(positions, settings, new Date(nowMs).toISOString());
          const isInWindow = planned.windows.some(
            ({ from, to }) => Date.parse(from) <= modifiedMs && modifiedMs <= Date.parse(to),
          );
          if (isInWindow && indexedMs <= nowMs) isRead = true;
          expect(Date.parse(planned.positions.fast)).toBeGreaterThanOrEqual(Date.parse(positions.fast));
          expect(Date.parse(planned.positions.settled)).toBeGreaterThanOrEqual(Date.parse(positions.settled));
          positions = planned.positions;
        }
        if (Date.parse(positions.settled) > modifiedMs) expect(isRead).toBe(true);
      },
    ),
    { numRuns: 500 },
  );
});
