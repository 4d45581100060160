import { describe, expect, it } from 'vitest';
import { decideTake, nextPaceAtMs, type Lane, type Line } from '../../model/lane.ts';
import { syncModes } from '../../model/plan.ts';
import { trafficOf, type Traffic } from '../../model/traffic.ts';

const now = 1_000_000;
const idle: Lane = {
  limit: 100,
  windowMs: 10_000,
  used: { interactive: 0, bulk: 0 },
  isProbing: false,
  foreign: 0,
  needsProbe: false,
  blockedUntilMs: 0,
  interactiveAtMs: null,
  paceAtMs: 0,
  nextFreeAtMs: now + 777,
};
const alone: Line = { isBehind: false, otherWaits: false };
const both: Line = { isBehind: false, otherWaits: true };

function decide(lane: Partial<Lane>, traffic: Traffic = 'bulk', line = alone, ownLimit = Infinity): number | string {
  const decision = decideTake({ ...idle, ...lane }, { traffic, ownLimit, line }, now);
  return decision.kind === 'take' ? 'take' : decision.untilMs === null ? 'look' : decision.untilMs - now;
}

describe('a slot of a lane', () => {
  it.each([
    ['is free', {}, 'take'],
    ['is blocked', { blockedUntilMs: now + 5 }, 5],
    ['waits for the probe', { needsProbe: true, isProbing: true }, 'look'],
    ['is the probe', { needsProbe: true }, 'take'],
    ['is the last one', { used: { interactive: 50, bulk: 49 } }, 'take'],
    ['is taken by our own', { used: { interactive: 50, bulk: 50 } }, 777],
    ['is taken by others', { used: { interactive: 0, bulk: 50 }, foreign: 50 }, 777],
    ['is not due in the pace', { interactiveAtMs: now - 1, paceAtMs: now + 60 }, 60],
    ['is due in the pace', { interactiveAtMs: now - 1, paceAtMs: now }, 'take'],
    ['needs no pace long after', { interactiveAtMs: now - 300_000, paceAtMs: now + 60 }, 'take'],
  ] as const)('%s', (_, lane, decision) => {
    expect(decide(lane)).toBe(decision);
  });

  it('is nobody’s who waits behind another', () => {
    expect(decide({}, 'bulk', { isBehind: true, otherWaits: false })).toBe(5);
    expect(decide({}, 'interactive', { isBehind: true, otherWaits: false })).toBe(5);
  });

  it('is interactive traffic’s first, but for a tenth', () => {
    const full = { used: { interactive: 50, bulk: 10 } };
    expect([decide(full, 'bulk', both), decide(full, 'interactive', both)]).toEqual([5, 'take']);
    const shortOfATenth = { used: { interactive: 50, bulk: 9 } };
    expect([decide(shortOfATenth, 'bulk', both), decide(shortOfATenth, 'interactive', both)]).toEqual(['take', 'take']);
    const onlyTheTenth = { used: { interactive: 90, bulk: 0 } };
    expect([decide(onlyTheTenth, 'bulk', both), decide(onlyTheTenth, 'interactive', both)]).toEqual(['take', 777]);
    expect([decide(onlyTheTenth, 'interactive'), decide({ used: { interactive: 0, bulk: 99 } })]).toEqual([
      'take',
      'take',
    ]);
  });

  it('is interactive traffic’s where the lane has one', () => {
    expect(decide({ limit: 1 }, 'interactive', both)).toBe('take');
    expect(decide({ limit: 1 }, 'bulk', both)).toBe(5);
    expect(decide({ limit: 1 }, 'bulk')).toBe('take');
  });

  it('is counted against our own limit as well', () => {
    expect(decide({ used: { interactive: 0, bulk: 20 } }, 'bulk', alone, 20)).toBe(777);
    expect(decide({ used: { interactive: 0, bulk: 19 }, foreign: 60 }, 'bulk', alone, 20)).toBe('take');
  });
});

describe('the pace of bulk traffic', () => {
  it('spreads what others leave over the window, and catches up on four at most', () => {
    expect(nextPaceAtMs({ ...idle, paceAtMs: now }, Infinity, now)).toBe(now + 100);
    expect(nextPaceAtMs({ ...idle, paceAtMs: now, foreign: 50 }, Infinity, now)).toBe(now + 200);
    expect(nextPaceAtMs({ ...idle, paceAtMs: now }, 10, now)).toBe(now + 1_000);
    expect(nextPaceAtMs({ ...idle, paceAtMs: now - 5_000 }, Infinity, now)).toBe(now - 300);
  });
});

it('runs that somebody waits for are interactive traffic', () => {
  expect(syncModes.filter((mode) => trafficOf(mode) === 'interactive')).toEqual(['incremental', 'resync']);
});
