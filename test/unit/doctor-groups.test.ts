import { describe, expect, it } from 'vitest';
import { examineGroup } from '../../client/doctor/examine-group.ts';
import type { Examination, WorkerView } from '../../client/doctor/examination.ts';
import { CliError } from '../../client/cli-error.ts';
import { exitCode } from '../../client/exit-code.ts';
import type { TemporalConnection } from '../../client/temporal-connection.ts';
import { SyncError } from '../../model/errors.ts';

const now = '2026-11-20T16:00:00.000Z';

/** A connection that cannot be asked anything. */
const untouchable = {} as TemporalConnection;

function examination(change: Partial<Examination>): Examination {
  const unasked = () => Promise.reject(new Error('not to be asked'));
  return {
    session: { taskQueue: 'sluice' } as Examination['session'],
    streams: [],
    isWhole: true,
    isExact: false,
    scheduleScope: () => ({ streams: [], desired: [], pipelines: [] }),
    temporal: async () => untouchable,
    worker: unasked,
    runs: unasked,
    schedules: unasked,
    ...change,
  };
}

const metered = async (): Promise<WorkerView> => ({
  answer: {
    verb: 'examine',
    worker: '',
    now,
    sources: [],
    destinations: [
      {
        name: 'warehouse',
        streams: ['crm.contacts'],
        ownerQueue: null,
        isMetered: true,
        problem: null,
        stagesProblem: null,
      },
    ],
    stages: [],
  },
  serverNow: now,
  machineNow: now,
  answeredAt: now,
});

describe('a group', () => {
  it('leaves a destination alone where a look costs money, unless asked to take one', async () => {
    const left = await examineGroup('destinations', examination({ worker: metered }));
    expect(left.map(({ code, status }) => `${code} ${status}`)).toEqual([
      'destination-check skipped',
      'dead-run-row skipped',
      'stage-leftover ok',
    ]);
    expect(left[0]!.evidence).toContain('sluice doctor --exact');
    // It asks then, which this connection does not survive.
    const exact = await examineGroup('destinations', examination({ worker: metered, isExact: true }));
    expect(exact[0]!.evidence).toContain('TypeError');
  });

  it('without what it needs is skipped, and counts as what is missing', async () => {
    const noWorker = () => Promise.reject(new CliError(exitCode.unreachable, 'no worker', { next: 'sluice worker' }));
    expect(await examineGroup('sources', examination({ worker: noWorker }))).toMatchObject([
      { code: 'not-looked-at', status: 'skipped', evidence: 'no worker', mend: 'sluice worker', kind: 'unreachable' },
    ]);
  });

  it('of schedules takes none for unwanted while a stream of config cannot be read', async () => {
    const schedules = () => Promise.reject(new SyncError('ConfigInvalid', 'EVERY is not set'));
    expect(await examineGroup('schedules', examination({ schedules }))).toMatchObject([
      { code: 'not-looked-at', status: 'skipped', kind: 'config', repair: null },
    ]);
  });

  it('that fails in a way nobody foresaw is a finding, and keeps no other from being looked at', async () => {
    const runs = () => Promise.reject(new TypeError('x is not a function'));
    expect(await examineGroup('runs', examination({ runs }))).toMatchObject([
      { code: 'not-looked-at', status: 'failed', kind: null },
    ]);
  });
});
