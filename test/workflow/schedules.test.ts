import type { ScheduleDescription, ScheduleUpdateOptions } from '@temporalio/client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { carryOutAll, planScheduleChanges } from '../../client/apply-schedules.ts';
import { desiredSchedules } from '../../client/desired-schedules.ts';
import { readSchedules } from '../../client/read-schedules.ts';
import type { ScheduleScope } from '../../client/schedule-scope.ts';
import { pauseSchedule, resumeSchedule } from '../../client/stored-schedule.ts';
import type { TemporalConnection } from '../../client/temporal-connection.ts';
import type { ScheduleSettings } from '../../model/stream-settings.ts';
import { connectionTo } from '../support/connection-to.ts';
import { eventually } from '../support/eventually.ts';
import { startTestTemporal, type TestTemporal } from '../support/temporal.ts';

let server: TestTemporal;
let temporal: TemporalConnection;

beforeAll(async () => {
  server = await startTestTemporal();
  temporal = connectionTo(server);
});

afterAll(() => server?.stop());

let pipeline = '';
beforeEach(() => (pipeline = `p${Math.random().toString(36).slice(2)}`));

afterEach(async () => {
  for await (const { scheduleId } of server.client.schedule.list()) {
    await server.client.schedule
      .getHandle(scheduleId)
      .delete()
      .catch(() => undefined);
  }
});

const often: ScheduleSettings = {
  incrementalMs: 120_000,
  softDeleteMs: 21_600_000,
  reconcileMs: 86_400_000,
  calendars: {},
  timezone: 'UTC',
  jitterMs: 0,
};

/** What `sluice schedules apply` is about where config has these streams. */
function scope(streams: Readonly<Record<string, ScheduleSettings>>): ScheduleScope {
  return {
    streams: Object.keys(streams).map((name) => `${pipeline}.${name}`),
    desired: Object.entries(streams).flatMap(([name, schedules]) =>
      desiredSchedules({ stream: `${pipeline}.${name}`, schedules }, 'nobody-polls-here'),
    ),
    pipelines: [pipeline],
  };
}

async function apply(wanted: ScheduleScope): Promise<Record<string, string>> {
  const changes = await planScheduleChanges(temporal, wanted);
  for (const { failure } of await carryOutAll(temporal, changes, 'applied by anna@laptop from sluice.yaml')) {
    expect(failure).toBeNull();
  }
  return Object.fromEntries(changes.map(({ scheduleId, change }) => [scheduleId.replace(pipeline, 'p'), change]));
}

describe('applying schedules', () => {
  it('creates them, and a second time changes nothing', async () => {
    const wanted = scope({ contacts: often });
    const ids = ['incremental/p.contacts', 'soft-delete/p.contacts', 'reconcile/p.contacts'];
    expect(await apply(wanted)).toEqual(Object.fromEntries(ids.map((id) => [id, 'created'])));
    expect(await apply(wanted)).toEqual(Object.fromEntries(ids.map((id) => [id, 'unchanged'])));
  });

  it('updates what config changed, and says what that is', async () => {
    await apply(scope({ contacts: often }));
    const changed = scope({ contacts: { ...often, incrementalMs: 300_000 } });
    const [incremental] = await planScheduleChanges(temporal, changed);
    expect(incremental).toMatchObject({
      change: 'updated',
      drift: [
        expect.stringMatching(/^times: every 2m .*, config says every 5m /) as string,
        'catchup window: 2m, config says 5m',
      ],
      driftCause: 'oldConfig',
    });
    expect(await apply(changed)).toMatchObject({
      'incremental/p.contacts': 'updated',
      'reconcile/p.contacts': 'unchanged',
    });
    expect(Object.values(await apply(changed))).toEqual(['unchanged', 'unchanged', 'unchanged']);
  });

  it('puts right what somebody changed by hand', async () => {
    const wanted = scope({ contacts: often });
    await apply(wanted);
    await server.client.schedule.getHandle(`reconcile/${pipeline}.contacts`).update((stored) => ({
      ...stored,
      policies: { ...stored.policies, overlap: 'ALLOW_ALL' },
    }));
    const changes = await planScheduleChanges(temporal, wanted);
    expect(changes.find(({ mode }) => mode === 'reconcile')).toMatchObject({
      change: 'updated',
      drift: ['overlap: ALLOW_ALL, config says SKIP'],
      driftCause: 'changedByHand',
    });
    await apply(wanted);
    const { policies } = await server.client.schedule.getHandle(`reconcile/${pipeline}.contacts`).describe();
    expect(policies.overlap).toBe('SKIP');
  });

  it('writes a calendar that Temporal reads as config does, and finds it unchanged', async () => {
    const wanted = scope({
      contacts: {
        ...often,
        calendars: {
          softDelete: { cron: '15 9-17/4 13 jan-jun fri', leastMs: 14_400_000 },
          reconcile: { cron: '0 3 * * *', leastMs: 82_800_000 },
        },
        timezone: 'America/New_York',
        jitterMs: 90_000,
      },
    });
    expect(new Set(Object.values(await apply(wanted)))).toEqual(new Set(['created']));
    expect(new Set(Object.values(await apply(wanted)))).toEqual(new Set(['unchanged']));
    const describe_ = (mode: string) => server.client.schedule.getHandle(`${mode}/${pipeline}.contacts`).describe();
    const { info, spec } = await describe_('reconcile');
    expect(spec.jitter).toBe(90_000);
    const inNewYork = new Intl.DateTimeFormat('en', {
      hour: 'numeric',
      minute: 'numeric',
      hourCycle: 'h23',
      timeZone: 'America/New_York',
    });
    const nextAt = info.nextActionTimes.map((at) => inNewYork.format(at));
    expect(nextAt.length).toBeGreaterThan(3);
    for (const at of nextAt) expect(at).toMatch(/^03:0[01]$/);
    const eitherDay = (await describe_('soft-delete')).info.nextActionTimes;
    for (const at of eitherDay) expect(at.getUTCDate() === 13 || at.getUTCDay() === 5).toBe(true);
    expect(eitherDay.some((at) => at.getUTCDate() !== 13)).toBe(true);
    const [, softDelete] = await planScheduleChanges(temporal, scope({ contacts: often }));
    expect(softDelete).toMatchObject({
      change: 'updated',
      drift: [
        expect.stringMatching(
          /^times: 15 9,13,17 \* 1-6 5 and 15 9,13,17 13 1-6 \* America\/New_York, config says every 6h /,
        ) as string,
        'jitter: 1m 30s, config says 0s',
      ],
      driftCause: 'oldConfig',
    });
  });

  it('says in the note who applied it from what', async () => {
    await apply(scope({ contacts: often }));
    const stored = await server.client.schedule.getHandle(`incremental/${pipeline}.contacts`).describe();
    expect(stored.state).toMatchObject({ paused: false, note: 'applied by anna@laptop from sluice.yaml' });
    expect(stored.memo).toEqual({ sluice: { stream: `${pipeline}.contacts`, mode: 'incremental' } });
  });

  it('tries the other writes where one fails, and names that one', async () => {
    const wanted = scope({ contacts: often });
    const changes = await planScheduleChanges(temporal, wanted);
    await carryOutAll(temporal, changes.slice(1, 2), 'by another just now');
    const tried = await carryOutAll(temporal, changes, 'by anna');
    expect(tried.map(({ failure }) => failure?.message ?? null)).toEqual([
      null,
      `schedule soft-delete/${pipeline}.contacts was created by somebody else just now`,
      null,
    ]);
    expect(Object.values(await apply(wanted))).toEqual(['unchanged', 'unchanged', 'unchanged']);
  });

  it('mends what was changed by hand, whatever it is', async () => {
    const wanted = scope({ contacts: often });
    await apply(wanted);
    const change = (mode: string, by: (stored: ScheduleDescription) => Partial<ScheduleUpdateOptions>) =>
      server.client.schedule
        .getHandle(`${mode}/${pipeline}.contacts`)
        .update((stored) => ({ ...stored, ...by(stored) }));
    await change('incremental', ({ state }) => ({ state: { ...state, remainingActions: 3 } }));
    await change('soft-delete', ({ spec }) => ({
      spec: { ...spec, calendars: [{ second: 30, hour: 4, year: 2030 }], endAt: new Date('2031-01-01T00:00:00.000Z') },
    }));
    await change('reconcile', ({ action }) => ({
      action: { ...action, args: [{ stream: 'crm.other' }], workflowExecutionTimeout: 60_000 },
    }));
    const drifts = (await readSchedules(temporal, wanted)).map(({ drift, driftCause, startsOldRuns }) => {
      expect(driftCause).toBe('changedByHand');
      return [startsOldRuns, ...drift.map((text) => text.replaceAll(/at \d[\dhms ]*(?=,|$| and)/g, 'at …'))];
    });
    expect(drifts).toEqual([
      [false, 'runs left: 3, config says any'],
      [
        false,
        'times: every 6h at … and 0 4 * * * at second 30 in 2030-2030 UTC and until 2031-01-01T00:00:00.000Z, config says every 6h at …',
      ],
      [
        true,
        `input: [{"stream":"crm.other"}], config says [{"stream":"${pipeline}.contacts","mayStretch":true}]`,
        'timeouts: 1m, config says none',
      ],
    ]);
    expect(Object.values(await apply(wanted))).toEqual(['updated', 'updated', 'updated']);
    expect((await readSchedules(temporal, wanted)).flatMap(({ drift }) => drift)).toEqual([]);
  });

  it('keeps a pause and its note through an update', async () => {
    await apply(scope({ contacts: often }));
    const id = `incremental/${pipeline}.contacts`;
    await pauseSchedule(temporal, id, 'by anna');
    await apply(scope({ contacts: { ...often, incrementalMs: 60_000 } }));
    const { state, spec } = await server.client.schedule.getHandle(id).describe();
    expect(state).toMatchObject({ paused: true, note: 'by anna' });
    expect(spec.intervals?.[0]?.every).toBe(60_000);
  });

  it('deletes those of a mode that is off and of a stream that is gone, and no others', async () => {
    await apply(scope({ contacts: often, companies: often }));
    const foreign = `nightly/${pipeline}.companies`;
    await server.client.schedule.create({
      scheduleId: foreign,
      spec: { intervals: [{ every: '1d' }] },
      action: { type: 'startWorkflow', workflowType: 'report', taskQueue: 'elsewhere' },
    });
    const left = scope({ contacts: { ...often, reconcileMs: null } });
    await eventually('the list of schedules', async () => {
      const changes = await planScheduleChanges(temporal, left);
      return changes.filter(({ change }) => change === 'deleted').length === 4;
    });
    expect(await apply(left)).toEqual({
      'incremental/p.contacts': 'unchanged',
      'soft-delete/p.contacts': 'unchanged',
      'reconcile/p.contacts': 'deleted',
      'incremental/p.companies': 'deleted',
      'soft-delete/p.companies': 'deleted',
      'reconcile/p.companies': 'deleted',
    });
    expect(Object.keys(await apply(left))).toHaveLength(2);
    expect(await server.client.schedule.getHandle(foreign).describe()).toMatchObject({ scheduleId: foreign });
  });

  it('leaves another pipeline alone', async () => {
    await apply(scope({ contacts: often }));
    const before = pipeline;
    pipeline = `${pipeline}x`;
    await apply(scope({ contacts: often }));
    pipeline = before;
    expect(Object.values(await apply(scope({ contacts: often })))).toEqual(['unchanged', 'unchanged', 'unchanged']);
  });

  it('never touches a schedule under its id that somebody else created', async () => {
    const scheduleId = `incremental/${pipeline}.contacts`;
    const action = { type: 'startWorkflow', workflowType: 'report', taskQueue: 'elsewhere' } as const;
    await server.client.schedule.create({ scheduleId, spec: { intervals: [{ every: '1d' }] }, action });
    const wanted = scope({ contacts: often });
    const [change] = await planScheduleChanges(temporal, wanted);
    expect(change).toMatchObject({ scheduleId, change: 'foreign' });
    expect(await carryOutAll(temporal, [change!], 'by anna')).toMatchObject([{ failure: { exitCode: 2 } }]);
    const off = scope({ contacts: { ...often, incrementalMs: null } });
    expect((await planScheduleChanges(temporal, off)).map(({ change: kind }) => kind)).toEqual(['created', 'created']);
  });
});

describe('reading schedules', () => {
  it('tells what config and Temporal make of each', async () => {
    await apply(scope({ contacts: often }));
    await pauseSchedule(temporal, `reconcile/${pipeline}.contacts`, 'by anna');
    const now = scope({
      contacts: { ...often, softDeleteMs: null, incrementalMs: 60_000 },
      deals: { ...often, softDeleteMs: null },
    });
    const read = await readSchedules(temporal, now);
    expect(read.map(({ mode, state, note, everyMs, nextAt }) => [mode, state, note, everyMs, nextAt !== null])).toEqual(
      [
        ['incremental', 'active', null, 120_000, true],
        ['softDelete', 'notInConfig', null, 21_600_000, true],
        ['reconcile', 'paused', 'by anna', 86_400_000, false],
        ['incremental', 'notApplied', null, 120_000, false],
        ['reconcile', 'notApplied', null, 86_400_000, false],
      ],
    );
    expect(read[0]?.drift).toContain('catchup window: 2m, config says 1m');
    expect(read[2]).toMatchObject({ drift: [], lastRun: null, skippedOverlap: 0, missedCatchup: 0 });
  });

  it('tells the last run', async () => {
    await apply(scope({ contacts: { ...often, incrementalMs: 1_000 } }));
    const [incremental] = await eventually('a run', async () => {
      const read = await readSchedules(temporal, scope({ contacts: { ...often, incrementalMs: 1_000 } }));
      return read[0]?.lastRun == null ? null : read;
    });
    expect(incremental?.lastRun).toMatchObject({ endedAt: null, state: 'noWorker' });
    expect(incremental?.lastRun?.workflowId).toMatch(
      new RegExp(`^incremental/${pipeline}\\.contacts-\\d{4}-\\d\\d-\\d\\dT`),
    );
    await server.client.workflow.getHandle(incremental!.lastRun!.workflowId).terminate('end of test');
  });
});

describe('a schedule that is gone', () => {
  it('is neither paused nor resumed, and that is no error', async () => {
    expect(await pauseSchedule(temporal, `incremental/${pipeline}.none`, 'by anna')).toBe(false);
    expect(await resumeSchedule(temporal, `incremental/${pipeline}.none`, 'by anna')).toBe(false);
  });
});
