import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Traffic } from '../../model/traffic.ts';
import { answered, laneRules, openLanes, type LanesUnderTest } from '../support/lanes-under-test.ts';

const windowMs = 10_000;

interface Way {
  readonly upMs: number;
  readonly downMs: number;
}

/**
 * Sends as often as the lane allows, by turns from several processes; the server counts each request at a moment between sending
 * and response. One process is killed half way, with what it has in flight counted all the same.
 */
function arrivals(
  world: LanesUnderTest,
  {
    ways,
    count,
    members,
    isKilled = false,
  }: { ways: readonly Way[]; count: number; members: number; isKilled?: boolean },
): number[] {
  const processes = Array.from({ length: members }, () => world.join());
  const answers: { atMs: number; slot: number; by: number }[] = [];
  const arrived: number[] = [];
  let killed = -1;
  for (let turn = 0; arrived.length < count; turn++) {
    if (isKilled && killed < 0 && arrived.length > count / 2) {
      killed = 0;
      world.kill(processes[0]!.name);
    }
    while (answers.length > 0 && answers[0]!.atMs <= world.nowMs) {
      const { atMs, slot, by } = answers.shift()!;
      if (by !== killed) processes[by]!.lanes.settle(slot, answered, atMs);
    }
    const asking = processes.map((_, i) => (turn + i) % members).filter((by) => by !== killed);
    let next = answers[0]?.atMs ?? Infinity;
    let hasSent = false;
    for (const by of asking) {
      const { lanes } = processes[by]!;
      lanes.settleDead();
      const answer = lanes.tryTake({ lane: 'lane', traffic: 'bulk', sinceMs: turn, nextSinceMs: null });
      if (answer.kind === 'wait') next = Math.min(next, answer.untilMs ?? Infinity);
      else {
        const { upMs, downMs } = ways[arrived.length % ways.length]!;
        arrived.push(world.nowMs + upMs);
        answers.push({ atMs: world.nowMs + upMs + downMs, slot: answer.slot, by });
        answers.sort((a, b) => a.atMs - b.atMs);
        hasSent = true;
        break;
      }
    }
    if (!hasSent) world.nowMs = Math.max(world.nowMs + 1, next === Infinity ? 0 : next);
  }
  return arrived.sort((a, b) => a - b);
}

describe('lanes that processes share', () => {
  it('never let the server see more than the limit in any rolling window, at any jitter and through a kill', () => {
    const way = fc.record({ upMs: fc.integer({ min: 0, max: 900 }), downMs: fc.integer({ min: 1, max: 900 }) });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.array(way, { minLength: 1, maxLength: 20 }),
        fc.integer({ min: 1, max: 3 }),
        fc.boolean(),
        (limit, ways, members, isKilled) => {
          using world = openLanes(laneRules({ limit, windowMs }));
          const seen = arrivals(world, { ways, count: limit * 4, members, isKilled: isKilled && members > 1 });
          for (let i = limit; i < seen.length; i++)
            expect(seen[i]! - seen[i - limit]!).toBeGreaterThanOrEqual(windowMs);
        },
      ),
      { numRuns: 40 },
    );
  });

  it.each([1, 3])(
    'are used up by %i: 1,000 requests at 190 in 10 s and 350 ms take under 1.03 of the floor',
    (members) => {
      using world = openLanes(laneRules({ limit: 190, windowMs }));
      const seen = arrivals(world, { ways: [{ upMs: 175, downMs: 175 }], count: 1_000, members });
      expect(seen.at(-1)! / 1_000).toBeLessThan((1_000 / 19) * 1.03);
    },
  );

  it('keep our own cap apart from what others leave', () => {
    using world = openLanes(laneRules({ limit: 190, ownLimit: 50, isTold: true }));
    const { lanes } = world.join();
    learn(world, lanes, { limit: 190, used: 61 });
    let taken = 1;
    while (take(lanes) !== null) taken++;
    expect(taken).toBe(50);
  });

  it('take others to go on as they were last seen, for a window, and no use for foreign that was ours', () => {
    using world = openLanes(laneRules({ limit: 100, isTold: true }));
    const { lanes } = world.join();
    learn(world, lanes, { limit: 100, used: 61 });
    expect(lanes.look('lane').used).toBe(61);
    world.nowMs = 9_000;
    learn(world, lanes, { limit: 100, used: 52 });
    expect(lanes.look('lane').used).toBe(62);
    world.nowMs = 10_000;
    expect(lanes.look('lane').used).toBe(51);
    world.nowMs = 19_000;
    expect(lanes.look('lane').used).toBe(0);
  });

  it('share a hundred slots so that bulk keeps a tenth, and interactive gets the rest', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 40 }),
        fc.array(fc.boolean(), { minLength: 60, maxLength: 60 }),
        (limit, order) => {
          using world = openLanes(laneRules({ limit, windowMs }));
          const members = [world.join().lanes, world.join().lanes];
          const counts: Record<Traffic, number> = { interactive: 0, bulk: 0 };
          // Both ask at every moment, in any order: the window is always full.
          for (let second = 0; second < 60; second++) {
            world.nowMs = second * 1_000;
            for (let i = 0; i < limit * 2; i++) {
              const isBulk = order[(second + i) % order.length] === true;
              const traffic: Traffic = isBulk ? 'bulk' : 'interactive';
              for (const each of [traffic, isBulk ? 'interactive' : 'bulk'] as const) {
                const slot = take(members[each === 'bulk' ? 0 : 1]!, each, 0);
                if (slot === null) continue;
                members[0]!.settle(slot, answered, world.nowMs);
                if (second >= 20) counts[each]++;
              }
            }
          }
          // Four windows were counted, whatever lay at their edges.
          expect(counts.bulk).toBeGreaterThanOrEqual(3 * Math.min(Math.ceil(limit / 10), limit - 1));
          expect(counts.interactive).toBeGreaterThanOrEqual(3 * (limit - Math.ceil(limit / 10) - 1));
        },
      ),
      { numRuns: 3 },
    );
  });
});

describe('a process that shares lanes', () => {
  it('takes over no slot of one that died before a window has passed since that was known', () => {
    using world = openLanes(laneRules({ limit: 2 }));
    const first = world.join();
    const second = world.join();
    expect([take(first.lanes), take(first.lanes), take(second.lanes)]).toEqual([1, 2, null]);
    world.nowMs = 60_000;
    // It may merely stand still.
    second.lanes.settleDead();
    expect(take(second.lanes)).toBeNull();
    world.kill(first.name);
    second.lanes.settleDead();
    // What it sent last may have been on its way.
    world.nowMs = 71_999;
    expect(take(second.lanes)).toBeNull();
    world.nowMs = 72_000;
    expect(take(second.lanes)).not.toBeNull();
  });

  it('stands in line behind one that has waited longer, for as long as that one looks again', () => {
    using world = openLanes(laneRules({ limit: 1 }));
    const [first, second] = [world.join().lanes, world.join().lanes];
    const slot = take(first)!;
    first.settle(slot, answered, 0);
    world.nowMs = 9_950;
    expect(first.tryTake({ lane: 'lane', traffic: 'bulk', sinceMs: 1, nextSinceMs: null }).kind).toBe('wait');
    expect(second.tryTake({ lane: 'lane', traffic: 'bulk', sinceMs: 2, nextSinceMs: null }).kind).toBe('wait');
    world.nowMs = 10_000;
    expect(second.tryTake({ lane: 'lane', traffic: 'bulk', sinceMs: 2, nextSinceMs: null })).toEqual({
      kind: 'wait',
      untilMs: 10_005,
    });
    world.nowMs = 10_100;
    expect(second.tryTake({ lane: 'lane', traffic: 'bulk', sinceMs: 2, nextSinceMs: null }).kind).toBe('taken');
  });

  it('probes where nothing tells what the window holds, and not where another has just been told', () => {
    using world = openLanes(laneRules({ isTold: true }), 50_000);
    const first = world.join().lanes;
    const probe = take(first)!;
    expect(take(first)).toBeNull();
    world.nowMs += 100;
    first.settle(probe, { isAnswered: true, server: { limit: 10, remaining: 9 }, roundTripMs: 100 }, world.nowMs);
    const second = world.join().lanes;
    expect([take(second), take(second)]).not.toContain(null);
    first.block('lane', 10_000);
    expect(take(second)).toBeNull();
    world.nowMs += 10_200;
    expect(take(second)).toBeNull();
  });

  it('sends another probe where the one who sent the first stands still', () => {
    using world = openLanes(laneRules({ isTold: true }), 50_000);
    const [frozen, other] = [world.join().lanes, world.join().lanes];
    expect(take(frozen)).not.toBeNull();
    world.nowMs += 20_000;
    expect(take(other)).toBeNull();
    world.nowMs += 10_001;
    const probe = take(other)!;
    expect(take(other)).toBeNull();
    other.settle(probe, { isAnswered: true, server: { limit: 10, remaining: 9 }, roundTripMs: 100 }, world.nowMs);
    expect(take(other)).not.toBeNull();
  });

  it('believes nothing that was written before the machine was started again', () => {
    using world = openLanes(laneRules({ limit: 2 }), 90_000_000);
    const before = world.join().lanes;
    take(before);
    take(before);
    world.nowMs = 5_000;
    const after = world.join().lanes;
    expect(after.look('lane').used).toBe(0);
    expect(take(after)).not.toBeNull();
  });

  it('spreads bulk traffic evenly while interactive traffic is about, and only then', () => {
    using world = openLanes(laneRules({ limit: 100 }), 1_000_000);
    const { lanes } = world.join();
    const sendFor = (ms: number): number => {
      let sent = 0;
      for (const until = world.nowMs + ms; world.nowMs < until; world.nowMs += 10) {
        for (let slot = take(lanes); slot !== null; slot = take(lanes), sent++)
          lanes.settle(slot, answered, world.nowMs);
      }
      return sent;
    };
    expect(sendFor(1_000)).toBe(100);
    world.nowMs += 20_000;
    lanes.settle(take(lanes, 'interactive')!, answered, world.nowMs);
    const spread = sendFor(1_000);
    expect(spread).toBeGreaterThanOrEqual(10);
    expect(spread).toBeLessThanOrEqual(15);
    // Spread it stays, and all of the lane is used.
    expect(sendFor(9_000) + spread).toBeGreaterThanOrEqual(99);
    expect(sendFor(1_000)).toBeLessThanOrEqual(15);
    world.nowMs += 301_000;
    expect(sendFor(1_000)).toBe(100);
  });
});

/** A slot, or null where there is none at the moment. */
function take(
  lanes: ReturnType<LanesUnderTest['join']>['lanes'],
  traffic: Traffic = 'bulk',
  nextSinceMs: number | null = null,
): number | null {
  const answer = lanes.tryTake({ lane: 'lane', traffic, sinceMs: 0, nextSinceMs });
  return answer.kind === 'taken' ? answer.slot : null;
}

/** One request whose answer says how much is used. */
function learn(
  world: LanesUnderTest,
  lanes: ReturnType<LanesUnderTest['join']>['lanes'],
  { limit, used }: { limit: number; used: number },
): void {
  const server = { limit, remaining: limit - used };
  lanes.settle(take(lanes)!, { isAnswered: true, server, roundTripMs: 1 }, world.nowMs);
}
