import { describe, expect, it } from 'vitest';
import { defaultWindows, planWindows, type Positions } from '../../model/positions.ts';

const at = (minute: number): string => new Date(Date.UTC(2026, 10, 20, 12, minute)).toISOString();
const step = (minute: number): string => new Date(Date.UTC(2026, 10, 20, 12, minute) + 999).toISOString();
const positions = (fast: number, settled: number): Positions => ({ fast: at(fast), settled: at(settled) });

describe('planWindows', () => {
  it.each<[string, Positions, number, { from: string; to: string }[], Positions]>([
    ['reads from fast less the overlap', positions(-2, -60), 0, [{ from: at(-7), to: step(0) }], positions(0, -60)],
    [
      'and what settled meanwhile, once that is due',
      positions(-2, -80),
      0,
      [
        { from: at(-80), to: at(-60) },
        { from: at(-7), to: step(0) },
      ],
      positions(0, -60),
    ],
    ['as one window where the two meet', positions(-62, -80), 0, [{ from: at(-80), to: step(0) }], positions(0, -60)],
    ['after days away', positions(-4_000, -4_060), 0, [{ from: at(-4_060), to: step(0) }], positions(0, -60)],
    [
      'a settled pass that is not due yet is left out',
      positions(-2, -74),
      0,
      [{ from: at(-7), to: step(0) }],
      positions(0, -74),
    ],
    ['just after a backfill', positions(-5, -5), 0, [{ from: at(-10), to: step(0) }], positions(0, -5)],
    [
      'a clock that went back moves nothing back',
      positions(10, -60),
      0,
      [{ from: at(5), to: step(10) }],
      positions(10, -60),
    ],
  ])('%s', (_, before, now, windows, after) => {
    expect(planWindows(before, defaultWindows, at(now))).toEqual({ windows, positions: after });
  });

  it('never begins before the first second of the epoch', () => {
    const epoch = new Date(0).toISOString();
    const { windows } = planWindows({ fast: epoch, settled: epoch }, defaultWindows, at(0));
    expect(windows[0]!.from).toBe('1970-01-01T00:00:01.000Z');
  });
});
