import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { carryOutAll, planScheduleChanges } from '../../client/apply-schedules.ts';
import { desiredSchedules } from '../../client/desired-schedules.ts';
import { readSchedules } from '../../client/read-schedules.ts';
import type { ScheduleScope } from '../../client/schedule-scope.ts';
import { pauseSchedule, resumeSchedule } from '../../client/stored-schedule.ts';
import type { TemporalConnection } from '../../client/temporal-connection.ts';
import type { ScheduleSettings } from '../../model/stream-settings.ts';
import { eventually } from '../support/eventually.ts';
import { startTestTemporal, type TestTemporal } from '../support/temporal.ts';

let server: TestTemporal;
let temporal: TemporalConnection;

beforeAll(async () => {
  server = await startTestTemporal();
  const { address } = server.server;
  temporal = {
    client: server.client,
    namespace: 'default',
    found: { address, origin: 'the config', uiUrl: null },
    connectOptions: { address },
    close: async () => {},
  };
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
