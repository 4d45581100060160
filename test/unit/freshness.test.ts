import { describe, expect, it } from 'vitest';
import { judgeFreshness, staleReason, type FreshnessFacts } from '../../model/freshness.ts';

const now = Date.parse('2026-11-28T12:00:00.000Z');
const minutesAgo = (minutes: number): string => new Date(now - minutes * 60_000).toISOString();
const facts: FreshnessFacts = {
  limitMs: 15 * 60_000,
  lastGoodAt: minutesAgo(5),
  schedule: { createdAt: minutesAgo(600), isPaused: false },
  isBackfilling: false,
  excusedAtMs: null,
};

describe('a stream', () => {
  it.each<[what: string, facts: Partial<FreshnessFacts>, state: string, since: string | null]>([
    ['a good run within the limit', {}, 'fresh', minutesAgo(5)],
    ['exactly at the limit', { lastGoodAt: minutesAgo(15) }, 'fresh', minutesAgo(15)],
    ['beyond it', { lastGoodAt: minutesAgo(16) }, 'stale', minutesAgo(16)],
    ['beyond it, without a schedule', { lastGoodAt: minutesAgo(16), schedule: null }, 'stale', minutesAgo(16)],
    ['nobody minds', { limitMs: null, lastGoodAt: minutesAgo(9_999) }, 'off', null],
    ['scheduled, and no good run yet', { lastGoodAt: null }, 'stale', minutesAgo(600)],
    [
      'scheduled a moment ago',
      { lastGoodAt: null, schedule: { createdAt: minutesAgo(1), isPaused: false } },
      'fresh',
      minutesAgo(1),
    ],
    ['in its first backfill', { lastGoodAt: null, isBackfilling: true }, 'backfilling', null],
    ['in a later one', { lastGoodAt: minutesAgo(16), isBackfilling: true }, 'stale', minutesAgo(16)],
    ['nothing ran, and nothing starts it', { lastGoodAt: null, schedule: null }, 'neverRun', null],
    [
      'paused',
      { lastGoodAt: minutesAgo(999), schedule: { createdAt: minutesAgo(999), isPaused: true } },
      'paused',
      null,
    ],
    ['resumed within the limit', { lastGoodAt: minutesAgo(999), excusedAtMs: now - 60_000 }, 'fresh', minutesAgo(1)],
    ['resumed long ago', { lastGoodAt: minutesAgo(999), excusedAtMs: now - 16 * 60_000 }, 'stale', minutesAgo(16)],
  ])('%s', (_, changed, state, since) => {
    expect(judgeFreshness({ ...facts, ...changed }, now)).toEqual({ state, since });
  });
});

it('the reason is the one that explains most, with what to do', () => {
  const known = { temporal: null, hasSchedule: true, trouble: null, openSince: null } as const;
  const of = (changed: Partial<Parameters<typeof staleReason>[1]>) =>
    staleReason('crm.contacts', { ...known, ...changed });
  expect(of({ temporal: 'unreachable', trouble: 'failed' }).why).toBe('Temporal cannot be reached');
  expect(of({ openSince: '2026-11-28T10:00:00.000Z', trouble: 'failed' }).why).toBe(
    'its run is open since 2026-11-28T10:00:00.000Z',
  );
  expect(of({ trouble: 'terminated' }).why).toBe('its last run: terminated');
  expect(of({ hasSchedule: false })).toEqual({
    why: 'it has no schedule',
    next: 'sluice schedules apply crm.contacts',
  });
  expect(of({})).toEqual({ why: 'its schedule started none', next: 'sluice status crm.contacts' });
});
