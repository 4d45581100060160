import { describe, expect, it } from 'vitest';
import { judgeClocks } from '../../client/doctor/checks/clock-skew.ts';
import { judgeConfigFile } from '../../client/doctor/checks/config-file.ts';
import { judgeVariables } from '../../client/doctor/checks/config-variables.ts';
import { judgeQuota } from '../../client/doctor/checks/daily-quota.ts';
import { judgeRunRow } from '../../client/doctor/checks/dead-run-row.ts';
import { judgeDiskSpace } from '../../client/doctor/checks/disk-space.ts';
import { judgeFailedRun } from '../../client/doctor/checks/failed-run.ts';
import { judgeFailingStep } from '../../client/doctor/checks/failing-step.ts';
import { judgeHeldRun } from '../../client/doctor/checks/held-run.ts';
import { judgeLongRun, mayBeLong } from '../../client/doctor/checks/long-run.ts';
import { judgeRetention } from '../../client/doctor/checks/namespace-retention.ts';
import { judgeNeedsBackfill } from '../../client/doctor/checks/needs-backfill.ts';
import { judgeNodeVersion } from '../../client/doctor/checks/node-version.ts';
import { judgeOwnerQueue, judgeWorkflowPollers } from '../../client/doctor/checks/pollers.ts';
import { judgePausedSchedule } from '../../client/doctor/checks/schedule-paused.ts';
import { judgeScheduleSetting } from '../../client/doctor/checks/schedule-setting.ts';
import { judgeSkips } from '../../client/doctor/checks/schedule-skips.ts';
import { judgeSearchAttributes } from '../../client/doctor/checks/search-attributes.ts';
import { judgeStagedRun } from '../../client/doctor/checks/stage-leftover.ts';
import { judgeStageFolder } from '../../client/doctor/checks/stage-folder.ts';
import { judgeFreshness } from '../../client/doctor/checks/stale-stream.ts';
import { judgeWedged } from '../../client/doctor/checks/wedged-run.ts';
import type { DoctorFinding } from '../../client/doctor/doctor-finding.ts';
import type { ScheduleStatus } from '../../client/read-schedules.ts';
import type { RunFacts } from '../../client/run-facts.ts';
import { sizeText } from '../../client/size-text.ts';
import { sampleApproval, sampleFacts, sampleProgress, sampleResult } from '../support/sample-run.ts';

const now = new Date('2026-11-20T16:00:00.000Z');
const hourMs = 3_600_000;

/** `failed config-file: the evidence`, of each. */
const shown = (findings: DoctorFinding | readonly DoctorFinding[]): string[] =>
  [findings].flat().map(({ status, code, evidence }) => `${status} ${code}: ${evidence}`);

describe('config', () => {
  it.each([
    ['24.0.0', 'ok'],
    ['26.1.0', 'ok'],
    ['22.18.0', 'failed'],
    ['9.0.0', 'failed'],
  ])('Node.js %s is %s', (version, status) => {
    expect(judgeNodeVersion(version)).toMatchObject({ code: 'node-version', status });
  });

  it('names the files that were read', () => {
    const facts = { path: '/c/sluice.yaml', envPath: '/c/.env', dataDir: '/c/.sluice', streams: 2 };
    expect(shown(judgeConfigFile(facts))).toEqual([
      'ok config-file: 2 streams; variables also from /c/.env; data in /c/.sluice',
    ]);
    expect(judgeConfigFile({ ...facts, envPath: null }).evidence).toContain('no .env beside it');
    expect(judgeConfigFile({ problem: 'sluice.yaml:3 is wrong', next: null })).toMatchObject({
      status: 'failed',
      kind: 'config',
      mend: 'correct the file',
    });
  });

  it('names each section that lacks something', () => {
    const well = { section: 'stream crm.contacts', problem: null, next: null };
    expect(shown(judgeVariables([well]))).toEqual(['ok config-variables: complete for 1 sections']);
    const lacking = { section: 'source crm', problem: 'TOKEN is not set', next: 'set it' };
    expect(judgeVariables([well, lacking])).toMatchObject([
      { status: 'failed', subject: 'source crm', evidence: 'TOKEN is not set', mend: 'set it', kind: 'config' },
    ]);
  });

  const folder = { path: '/c/.sluice/stage', isPresent: true, isWritable: true, mode: 0o700, isOwn: true };
  it.each([
    ['for its user only', {}, 'ok', null],
    ['not there yet', { isPresent: false, mode: 0o755 }, 'ok', null],
    ['open to others', { mode: 0o750 }, 'warning', { kind: 'restrictFolder', path: folder.path }],
    ["open to others, and somebody else's", { mode: 0o755, isOwn: false }, 'warning', null],
    ['not writable', { isWritable: false }, 'failed', null],
  ])('a stage folder that is %s', (_, change, status, repair) => {
    expect(judgeStageFolder({ ...folder, ...change })).toMatchObject({ code: 'stage-folder', status, repair });
  });

  it.each([
    [10, 'ok'],
    [0.5, 'warning'],
    [0.1, 'failed'],
  ])('with %d GB free for five streams is %s', (gigabytes, status) => {
    const facts = { path: '/c', freeBytes: gigabytes * 2 ** 30, chunkRecords: 25_000, streams: 5 };
    expect(judgeDiskSpace(facts)).toMatchObject({ code: 'disk-space', status });
  });

  it.each([
    [0, '0 B'],
    [1_023, '1023 B'],
    [4_096, '4.0 KB'],
    [1.5 * 2 ** 30, '1.5 GB'],
  ])('%d bytes are %s', (sizeBytes, text) => {
    expect(sizeText(sizeBytes)).toBe(text);
  });
});

describe('temporal', () => {
  const slowest = { scheduleId: 'reconcile/crm.contacts', longestGapMs: 24 * hourMs };
  it.each([
    [24 * hourMs, slowest, 'ok'],
    [12 * hourMs, slowest, 'warning'],
    [12 * hourMs, null, 'ok'],
    [null, slowest, 'ok'],
  ])('a retention of %s ms', (retentionMs, of, status) => {
    expect(judgeRetention({ namespace: 'default', retentionMs, slowest: of })).toMatchObject({ status });
  });

  it('tells missing search attributes from those of another type', () => {
    const facts = { namespace: 'default', wanted: ['A', 'B', 'C'], reason: null };
    expect(shown(judgeSearchAttributes({ ...facts, stored: { A: 2, B: 2, C: 2 } }))).toEqual([
      'ok search-attributes: A, B, C',
    ]);
    expect(judgeSearchAttributes({ ...facts, stored: { A: 2, B: 1 } })).toMatchObject([
      {
        status: 'warning',
        evidence: 'C missing: runs go without',
        repair: { kind: 'createSearchAttributes', names: ['C'] },
      },
      { status: 'failed', evidence: expect.stringContaining('B (type 1)') as string, repair: null },
    ]);
    expect(shown(judgeSearchAttributes({ ...facts, stored: null, reason: 'not allowed' }))).toEqual([
      'warning search-attributes: they may not be listed here: not allowed',
    ]);
  });

  it('names who polls, or that nobody does', () => {
    const facts = { taskQueue: 'sluice', pollers: ['12@host'] };
    expect(shown(judgeWorkflowPollers(facts))).toEqual(['ok no-poller: polled by 12@host']);
    expect(judgeWorkflowPollers({ ...facts, pollers: [] })).toMatchObject({ status: 'failed', kind: 'unreachable' });
    expect(shown(judgeOwnerQueue('local', facts))).toEqual(['ok owner-queue: held by 12@host (task queue sluice)']);
    expect(judgeOwnerQueue('local', { ...facts, pollers: [] })).toMatchObject({
      status: 'failed',
      kind: 'unreachable',
    });
  });

  it.each([
    ['16:00:04.900', 'ok', '4.9 s ahead of that of this machine'],
    ['15:59:54.000', 'warning', '6.0 s behind that of this machine'],
    ['16:02:30.000', 'failed', '150.0 s ahead of that of this machine'],
  ])('a clock at %s is %s', (time, status, evidence) => {
    const theirs = { name: 'Temporal', at: `2026-11-20T${time}Z` };
    const finding = judgeClocks({ code: 'clock-skew', theirs, ours: { name: 'this machine', at: now.toISOString() } });
    expect(finding).toMatchObject({ status, evidence });
  });
});

describe('runs', () => {
  const run = (change: Partial<RunFacts>): RunFacts => ({ ...sampleFacts, ...change });
  const ended = { endedAt: '2026-11-20T15:00:00.000Z', progress: null };

  it('wedged: an open one whose code fails', () => {
    const stuck = { failures: 7, message: 'Nondeterminism' };
    expect(judgeWedged(run({}))).toEqual([]);
    expect(shown(judgeWedged(run({ stuck })))).toEqual([
      'failed wedged-run: its workflow task failed 7 times, and is tried again: Nondeterminism',
    ]);
    expect(judgeWedged(run({ stuck: { failures: 2, message: null } }))[0]!.evidence).toContain("worker's log");
    expect(judgeWedged(run({ stuck, ...ended, end: { kind: 'cancelled', message: null } }))).toEqual([]);
  });

  it('failing: a step with many attempts behind it', () => {
    const retry = (attempt: number) => ({
      activity: 'mergeChunk',
      attempt,
      failure: 'Unavailable: the file is held',
      nextAttemptAt: null,
    });
    expect(judgeFailingStep(run({ retries: [retry(8)] }))).toEqual([]);
    expect(shown(judgeFailingStep(run({ retries: [retry(9)] })))).toEqual([
      'warning failing-step: mergeChunk failed 8 times: Unavailable: the file is held',
    ]);
  });

  it('long: open far longer than others took, and not for a reason that has a name', () => {
    const startedAt = '2026-11-20T08:00:00.000Z';
    const usual = [hourMs, 1.5 * hourMs, hourMs];
    expect(shown(judgeLongRun(run({ startedAt }), usual, now))).toEqual([
      'warning long-run: open for 8h; the longest of the last 3 took 1h 30m',
    ]);
    expect(judgeLongRun(run({ startedAt }), [hourMs, 2 * hourMs, hourMs], now)).toEqual([]);
    expect(judgeLongRun(run({ startedAt }), [hourMs, hourMs], now)).toEqual([]);
    expect(judgeLongRun(run({}), [1, 1, 1], now)).toEqual([]);
    const paused = { ...sampleProgress, phase: 'paused' } as const;
    expect(mayBeLong(run({ startedAt, progress: paused }), now)).toBe(false);
    expect(mayBeLong(run({ startedAt, ...ended, end: { kind: 'cancelled', message: null } }), now)).toBe(false);
  });

  it('held: an approval always, a pause after a day, by whom and why', () => {
    expect(judgeHeldRun(run({}), now)).toEqual([]);
    const waiting = { ...sampleProgress, phase: 'needs approval', approval: sampleApproval } as const;
    expect(shown(judgeHeldRun(run({ progress: waiting }), now))).toEqual([
      'warning waiting-approval: 120 rows; 120 of 1000 live rows (12.0 %) are gone from the source; until 18:00 UTC',
    ]);
    const paused = (at: string) =>
      ({ ...sampleProgress, phase: 'paused', paused: { at, by: 'anna', note: 'quota' } }) as const;
    expect(judgeHeldRun(run({ progress: paused('2026-11-19T17:00:00.000Z') }), now)).toEqual([]);
    expect(shown(judgeHeldRun(run({ progress: paused('2026-11-18T15:30:00.000Z') }), now))).toEqual([
      'warning paused-run: paused by anna at 2026-11-18 15:30 UTC "quota", 2d ago',
    ]);
  });

  it('failed: with what it said, and its way out first', () => {
    const end = {
      kind: 'failed',
      failure: 'AuthRejected',
      message: 'the token was rejected; next: set another',
    } as const;
    expect(judgeFailedRun(run({ ...ended, end }))).toMatchObject([
      {
        evidence: '2026-11-20 15:00 UTC: AuthRejected: the token was rejected',
        mend: 'set another; sluice backfill crm.contacts',
        kind: 'auth',
      },
    ]);
    const silent = { kind: 'failed', failure: 'Terminated', message: 'terminated' } as const;
    expect(judgeFailedRun(run({ ...ended, mode: 'softDelete', end: silent }))).toMatchObject([
      { mend: 'sluice soft-delete crm.contacts', kind: null },
    ]);
    expect(judgeFailedRun(run({ ...ended, end: { kind: 'cancelled', message: null } }))).toEqual([]);
  });
});

describe('schedules', () => {
  const schedule: ScheduleStatus = {
    scheduleId: 'incremental/crm.contacts',
    stream: 'crm.contacts',
    mode: 'incremental',
    state: 'active',
    note: null,
    isPaused: false,
    drift: [],
    driftCause: null,
    startsOldRuns: false,
    everyMs: 120_000,
    times: 'every 2m',
    queued: 0,
    nextAt: null,
    lastRun: null,
    skippedOverlap: 0,
    missedCatchup: 0,
  };
  const apply = { kind: 'applySchedule', scheduleId: schedule.scheduleId };

  it.each([
    ['active', [], []],
    ['paused', [], []],
    ['active', ['overlap: ALLOW_ALL, config says SKIP'], [{ code: 'schedule-drift', repair: apply }]],
    ['paused', ['input: {}, config says []'], [{ code: 'schedule-drift', repair: apply }]],
    ['notApplied', [], [{ code: 'schedule-missing', repair: apply }]],
    ['notInConfig', [], [{ code: 'schedule-extra', repair: apply }]],
    ['foreign', [], [{ code: 'schedule-foreign', repair: null }]],
  ] as const)('%s, with drift %o', (state, drift, findings) => {
    const found = judgeScheduleSetting({
      ...schedule,
      state,
      drift,
      driftCause: drift.length === 0 ? null : 'changedByHand',
    });
    expect(found).toHaveLength(findings.length);
    expect(found).toMatchObject(findings);
  });

  it('are not resumed: somebody paused them', () => {
    expect(judgePausedSchedule(schedule)).toEqual([]);
    expect(judgePausedSchedule({ ...schedule, state: 'paused', note: 'paused by anna "quota"' })).toMatchObject([
      { status: 'warning', evidence: 'paused by anna "quota"', mend: 'sluice resume crm.contacts', repair: null },
    ]);
  });

  it('tell how many runs did not take place, and of many at once', () => {
    const few = { ...schedule, skippedOverlap: 2, missedCatchup: 1 };
    expect(shown(judgeSkips([few, schedule]))).toEqual([
      'ok schedule-skips: since created, 2 runs left out since the one before was still running, 1 missed since Temporal was down',
    ]);
    expect(judgeSkips([few, { ...schedule, missedCatchup: 100 }])).toMatchObject([{ status: 'warning' }]);
  });
});

describe('streams', () => {
  it('need a backfill where their incremental runs say so', () => {
    const end = (outcome: string) => ({ kind: 'done', result: sampleResult('incremental', { outcome }) }) as const;
    const run = { ...sampleFacts, mode: 'incremental', endedAt: sampleFacts.startedAt } as const;
    expect(judgeNeedsBackfill({ ...run, end: end('idle') })).toEqual([]);
    expect(judgeNeedsBackfill({ ...run, end: end('needsBackfill') })).toMatchObject([
      { status: 'failed', mend: 'sluice backfill crm.contacts' },
    ]);
  });

  const limitMs = 360_000;
  it.each([
    ['fresh', '2026-11-20T15:54:00.000Z', limitMs, 'ok'],
    ['one run too many missed', '2026-11-20T15:53:59.000Z', limitMs, 'failed'],
    ['never run', null, limitMs, 'failed'],
    ['nothing due', null, null, 'ok'],
  ])('are stale by their last good run: %s', (_, lastGoodAt, limit, status) => {
    const facts = { stream: 'crm.contacts', lastGoodAt, limitMs: limit, isPaused: false };
    expect(judgeFreshness(facts, now)).toMatchObject({ code: 'stale-stream', status });
  });

  it('that are paused are to be resumed', () => {
    const facts = { stream: 'crm.contacts', lastGoodAt: null, limitMs, isPaused: true };
    expect(judgeFreshness(facts, now).mend).toBe('sluice resume crm.contacts');
  });
});

describe('destinations', () => {
  const row = {
    stream: 'crm.contacts',
    mode: 'backfill',
    run: 'run-1',
    startedAt: '2026-11-20T15:00:00.000Z',
  } as const;
  it('have a dead row where the execution is closed', () => {
    expect(judgeRunRow(row, 'open')).toEqual([]);
    const { startedAt: _, ...name } = row;
    expect(judgeRunRow(row, 'closed')).toMatchObject([
      {
        evidence: 'sync_runs has run run-1 as running since 2026-11-20 15:00 UTC; its execution is closed or gone',
        repair: { kind: 'closeRun', ...name },
      },
    ]);
  });

  const staged = {
    stream: 'crm.contacts',
    mode: 'backfill',
    run: 'run-1',
    sizeBytes: 2_048,
    modifiedAt: '2026-11-20T15:00:00.000Z',
  };
  it.each([
    ['of an open run', {}, 'needed', 0],
    ['of a closed run', {}, 'left', 1],
    ['of a verification under way', { mode: 'verify' }, 'left', 0],
    ['of changes that wait', { mode: 'held' }, 'needed', 0],
    ['of changes that nobody knows of', { mode: 'held' }, 'left', 1],
    ['of an export to be fetched', { mode: 'exports', modifiedAt: '2026-11-20T09:59:00.000Z' }, 'left', 0],
    ['of an export that nobody fetched', { mode: 'exports', modifiedAt: '2026-11-19T09:59:00.000Z' }, 'left', 1],
    ['of a verification long over', { mode: 'verify', modifiedAt: '2026-11-20T09:59:00.000Z' }, 'left', 1],
  ] as const)('have leftovers: stages %s', (_, change, need, found) => {
    const findings = judgeStagedRun({ ...staged, ...change }, need, now);
    expect(findings).toHaveLength(found);
    for (const { repair } of findings) expect(repair).toMatchObject({ kind: 'sweepStage', run: 'run-1' });
  });

  it('have leftovers at the destination, which are told of and removed there', () => {
    const uploadedTo = { destination: 'warehouse', schema: 'hubspot' };
    const [finding] = judgeStagedRun({ ...staged, uploadedTo }, 'left', now);
    expect(finding).toMatchObject({
      evidence: expect.stringContaining('uploaded to warehouse'),
      repair: { kind: 'sweepStage', stream: 'crm.contacts', mode: 'backfill', run: 'run-1', uploadedTo },
    });
  });
});

describe('sources', () => {
  const resetsAt = '2026-11-20T23:00:00.000Z';
  it.each([
    [null, 'ok', 'tells of no daily limit'],
    [{ limit: 1_000, left: 101, resetsAt }, 'ok', '101 of 1,000 requests left until 23:00 UTC'],
    [{ limit: 1_000, left: 100, resetsAt }, 'warning', '100 of 1,000 requests left until 23:00 UTC'],
    [{ limit: null, left: 0, resetsAt }, 'warning', '0 requests left until 23:00 UTC'],
  ])('with %o left is %s', (daily, status, evidence) => {
    expect(judgeQuota('crm', daily, now)).toMatchObject({ status, evidence });
  });
});
