import { describe, expect, it } from 'vitest';
import { desiredSchedules } from '../../client/desired-schedules.ts';
import type { ScheduleSettings } from '../../model/stream-settings.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const usual: ScheduleSettings = { incrementalMs: 2 * minuteMs, softDeleteMs: 6 * hourMs, reconcileMs: 24 * hourMs };

const desired = (schedules: ScheduleSettings, stream = 'crm.contacts' as const) =>
  desiredSchedules({ stream, schedules }, 'sluice');

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
        everyMs: 2 * minuteMs,
        catchupWindowMs: 2 * minuteMs,
      },
      {
        scheduleId: 'soft-delete/crm.contacts',
        workflowType: 'softDelete',
        input: { stream: 'crm.contacts' },
        overlap: 'SKIP',
        everyMs: 6 * hourMs,
        catchupWindowMs: 6 * hourMs,
      },
      {
        scheduleId: 'reconcile/crm.contacts',
        workflowType: 'reconcile',
        input: { stream: 'crm.contacts', mayStretch: true },
        overlap: 'SKIP',
        everyMs: 24 * hourMs,
        catchupWindowMs: 24 * hourMs,
      },
    ]);
  });

  it.each<[string, ScheduleSettings, string[]]>([
    ['all off', { incrementalMs: null, softDeleteMs: null, reconcileMs: null }, []],
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
    expect(desired({ ...usual, incrementalMs })[0]).toMatchObject({ everyMs, catchupWindowMs });
  });

  it('start at a whole second within the interval, always the same', () => {
    for (const { everyMs, offsetMs } of desired({ incrementalMs: 7_000, softDeleteMs: 1_000, reconcileMs: 90_000 })) {
      expect(offsetMs % 1_000).toBe(0);
      expect(offsetMs).toBeGreaterThanOrEqual(0);
      expect(offsetMs).toBeLessThan(everyMs);
    }
    expect(desired(usual)).toEqual(desired(usual));
  });

  it('of many streams are spread over the interval', () => {
    const offsets = Array.from(
      { length: 120 },
      (_, n) => desiredSchedules({ stream: `crm.s${n}`, schedules: usual }, 'sluice')[0]!.offsetMs,
    );
    expect(new Set(offsets).size).toBeGreaterThan(60);
    for (const quarter of [0, 1, 2, 3]) {
      const within = offsets.filter((offset) => Math.floor(offset / 30_000) === quarter);
      expect(within.length).toBeGreaterThan(15);
    }
  });
});
