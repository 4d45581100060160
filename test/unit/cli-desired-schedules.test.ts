import { describe, expect, it } from 'vitest';
import { desiredSchedules, type DesiredSchedule, type ScheduleTimes } from '../../client/desired-schedules.ts';
import type { StreamName } from '../../model/stream-name.ts';
import type { ScheduleSettings } from '../../model/stream-settings.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const usual: ScheduleSettings = {
  incrementalMs: 2 * minuteMs,
  softDeleteMs: 6 * hourMs,
  reconcileMs: 24 * hourMs,
  calendars: {},
  timezone: 'UTC',
  jitterMs: 0,
};

const desired = (schedules: ScheduleSettings, stream: StreamName = 'crm.contacts') =>
  desiredSchedules({ stream, schedules }, 'sluice');

function intervalOf({ times }: DesiredSchedule): Extract<ScheduleTimes, { kind: 'interval' }> {
  if (times.kind !== 'interval') throw new Error('a calendar');
  return times;
}

describe('the schedules of a stream', () => {
  it('are one for each mode, with the id and input of its runs', () => {
    expect(desired(usual)).toMatchObject([
      {
        scheduleId: 'incremental/crm.contacts',
        workflowId: 'incremental/crm.contacts',
        workflowType: 'incremental',
        taskQueue: 'sluice',
        input: { stream: 'crm.contacts' },
        overlap: 'BUFFER_ONE',
        times: { kind: 'interval', everyMs: 2 * minuteMs },
        jitterMs: 0,
        catchupWindowMs: 2 * minuteMs,
      },
      {
        scheduleId: 'soft-delete/crm.contacts',
        workflowType: 'softDelete',
        input: { stream: 'crm.contacts' },
        overlap: 'SKIP',
        times: { kind: 'interval', everyMs: 6 * hourMs },
        catchupWindowMs: 6 * hourMs,
      },
      {
        scheduleId: 'reconcile/crm.contacts',
        workflowType: 'reconcile',
        input: { stream: 'crm.contacts', mayStretch: true },
        overlap: 'SKIP',
        times: { kind: 'interval', everyMs: 24 * hourMs },
        catchupWindowMs: 24 * hourMs,
      },
    ]);
  });

  it.each<[string, ScheduleSettings, string[]]>([
    ['all off', { ...usual, incrementalMs: null, softDeleteMs: null, reconcileMs: null }, []],
    ['incremental off', { ...usual, incrementalMs: null }, ['softDelete', 'reconcile']],
    ['only incremental', { ...usual, softDeleteMs: null, reconcileMs: null }, ['incremental']],
  ])('are none for a mode that is off: %s', (_, schedules, modes) => {
    expect(desired(schedules).map(({ mode }) => mode)).toEqual(modes);
  });

  it.each([
    [1_000, 1_000, 10_000],
    [1_400, 1_000, 10_000],
    [300, 1_000, 10_000],
    [10_000, 10_000, 10_000],
    [90_000, 90_000, 90_000],
  ])('of every %d ms are every %d ms, and caught up for %d ms', (incrementalMs, everyMs, catchupWindowMs) => {
    expect(desired({ ...usual, incrementalMs })[0]).toMatchObject({
      times: { everyMs },
      catchupWindowMs,
    });
  });

  it('start at a whole second within the interval, always the same', () => {
    const settings = { ...usual, incrementalMs: 7_000, softDeleteMs: 1_000, reconcileMs: 90_000 };
    for (const { everyMs, offsetMs } of desired(settings).map(intervalOf)) {
      expect(offsetMs % 1_000).toBe(0);
      expect(offsetMs).toBeGreaterThanOrEqual(0);
      expect(offsetMs).toBeLessThan(everyMs);
    }
    expect(desired(usual)).toEqual(desired(usual));
  });

  it('of many streams are spread over the interval', () => {
    const offsets = Array.from({ length: 120 }, (_, n) => intervalOf(desired(usual, `crm.s${n}`)[0]!).offsetMs);
    expect(new Set(offsets).size).toBeGreaterThan(60);
    for (const quarter of [0, 1, 2, 3]) {
      const within = offsets.filter((offset) => Math.floor(offset / 30_000) === quarter);
      expect(within.length).toBeGreaterThan(15);
    }
  });

  it('may follow a calendar, which is caught up for its longest gap and has no offset', () => {
    const calendars = { reconcile: { cron: '0 3 * * 1-5', leastMs: 23 * hourMs } };
    const [, , reconcile] = desired({ ...usual, reconcileMs: 72 * hourMs, calendars, timezone: 'Europe/Berlin' });
    expect(reconcile).toMatchObject({
      times: { kind: 'calendar', cron: '0 3 * * 1-5', timezone: 'Europe/Berlin' },
      catchupWindowMs: 72 * hourMs,
      overlap: 'SKIP',
    });
  });

  it.each([
    [0, 0, 0],
    [30_000, 30_000, 30_000],
    [10 * minuteMs, minuteMs, 10 * minuteMs],
    [600, 0, 0],
  ])(
    'have jitter of %d ms, at most half the time to the next and in whole seconds',
    (jitterMs, incremental, reconcile) => {
      const [first, , last] = desired({ ...usual, jitterMs });
      expect([first?.jitterMs, last?.jitterMs]).toEqual([incremental, reconcile]);
    },
  );
});
