import { describe, expect, it } from 'vitest';
import { headlineOf, type ModeStatus } from '../../client/mode-status.ts';
import { pauseNote, pauseNoteText } from '../../client/pause-note.ts';
import { neverRunView } from '../../client/run-view.ts';
import { scheduleWarnings, statusRows } from '../../client/status-rows.ts';
import { withLastKnown, type StreamSchedule, type StreamStatus } from '../../client/stream-status.ts';
import { zeroCounts } from '../../model/counts.ts';
import type { Scope, SyncMode } from '../../model/plan.ts';
import { sampleResult } from '../support/sample-run.ts';

const now = new Date('2026-11-20T16:05:30.000Z');
const stream = 'crm.contacts';

function run(mode: SyncMode, change: Partial<ModeStatus> = {}): ModeStatus {
  return {
    ...neverRunView(stream),
    mode,
    state: 'done',
    startedAt: '2026-11-20T16:03:00.000Z',
    endedAt: '2026-11-20T16:04:00.000Z',
    totals: zeroCounts,
    percent: 100,
    run: `run of ${mode}`,
    end: { kind: 'cancelled', message: null },
    url: null,
    ...change,
  };
}

function status(change: Partial<StreamStatus>): StreamStatus {
  const { runs = [] } = change;
  return {
    ...neverRunView(stream),
    percent: null,
    run: null,
    end: null,
    url: null,
    runs,
    schedules: [],
    positions: null,
    ...headlineOf(runs),
    ...change,
  };
}

const rows = (change: Partial<StreamStatus>) =>
  statusRows([status(change)], { [stream]: { live: 12_000, deleted: 3 } }, now);

const due = (mode: StreamSchedule['mode'], nextAt: string): StreamSchedule => ({
  mode,
  state: 'active',
  isPaused: false,
  note: null,
  nextAt,
  drift: [],
  driftCause: null,
  startsOldRuns: false,
  everyMs: 60_000,
  times: 'every 1m',
  skippedOverlap: 0,
  missedCatchup: 0,
  queued: 0,
});

const held = (mode: StreamSchedule['mode'], note: string): StreamSchedule => ({
  ...due(mode, ''),
  state: 'paused',
  isPaused: true,
  note,
  nextAt: null,
});

describe('the status of a stream', () => {
  it('is one line where it never ran', () => {
    expect(rows({})).toEqual([[stream, '12,000', '—', '—', 'Never run']]);
  });

  it('is one line where it was only backfilled', () => {
    expect(rows({ runs: [run('backfill')] })).toEqual([[stream, '12,000', '0', '2026-11-20 16:04', 'Done']]);
  });

  it('has a line for each mode that ran or is due, and one for the positions', () => {
    const shown = rows({
      runs: [
        run('backfill', { startedAt: '2026-11-01T09:00:00.000Z', endedAt: '2026-11-01T10:00:00.000Z' }),
        run('incremental', { why: 'nothing changed' }),
      ],
      schedules: [due('incremental', '2026-11-20T16:06:00.000Z'), due('reconcile', '2026-11-21T02:00:00.000Z')],
      positions: { fast: '2026-11-20T16:03:58.000Z', settled: '2026-11-20T15:00:00.000Z' },
    });
    expect(shown).toEqual([
      [stream, '12,000', '0', '2026-11-20 16:04', 'Done: nothing changed (incremental sync)'],
      ['  backfill', '', '0', '2026-11-01 10:00', 'Done'],
      ['  incremental', '', '0', '2026-11-20 16:04', 'Done: nothing changed; next run 16:06:00 UTC'],
      ['  reconcile', '', '—', '—', 'Never run; next run 2026-11-21 02:00 UTC'],
      ['  positions', '', '', '', 'fast 16:03:58 UTC (1m 32s behind), settled 15:00 UTC (1h 5m behind)'],
    ]);
  });

  it('says that positions are not known, and who paused a schedule', () => {
    const paused = held('softDelete', 'paused by anna@laptop "launch"');
    expect(rows({ schedules: [paused] })).toEqual([
      [stream, '12,000', '—', '—', 'Never run; schedules paused by anna@laptop "launch"'],
      ['  soft-delete', '', '—', '—', 'Never run; schedule paused by anna@laptop "launch"'],
      ['  positions', '', '', '', 'unknown: no incremental run has ended well'],
    ]);
  });

  it('is held only where every schedule is paused', () => {
    const schedules = [held('softDelete', 'quota'), due('incremental', '2026-11-20T16:06:00.000Z')];
    expect(rows({ schedules })[0]?.at(-1)).toBe('Never run');
  });

  it.each<[Partial<StreamSchedule>, string]>([
    [{ skippedOverlap: 3, queued: 1 }, 'Never run; next run 16:06:00 UTC; 3 skipped, 1 queued'],
    [{ missedCatchup: 2 }, 'Never run; next run 16:06:00 UTC; 2 missed'],
    [{ state: 'notApplied', nextAt: null }, 'Never run; schedule missing'],
    [{ state: 'notInConfig' }, 'Never run; next run 16:06:00 UTC; schedule not in config'],
    [{ state: 'foreign' }, "Never run; schedule is not sluice's"],
    [
      { drift: ['overlap: ALLOW_ALL, config says SKIP'], driftCause: 'changedByHand' },
      'Never run; next run 16:06:00 UTC; schedule changed by hand (overlap: ALLOW_ALL, config says SKIP)',
    ],
    [
      { drift: ['times: every 1m, config says every 2m'], driftCause: 'oldConfig' },
      'Never run; next run 16:06:00 UTC; schedule older than the config (times: every 1m, config says every 2m)',
    ],
    [
      { drift: ['input: [{}], config says [1]'], driftCause: 'unknown', startsOldRuns: true },
      'Never run; next run 16:06:00 UTC; schedule differs from config, starts runs with old arguments (input: [{}], config says [1])',
    ],
  ])('tells what is amiss with a schedule: %j', (change, text) => {
    const schedules = [
      due('incremental', '2026-11-20T16:06:00.000Z'),
      { ...due('reconcile', '2026-11-20T16:06:00.000Z'), ...change },
    ];
    expect(rows({ schedules })[2]?.at(-1)).toBe(text);
  });

  it('is one line where schedules were never applied, and that is told once for all streams', () => {
    const missing = { ...due('incremental', ''), state: 'notApplied', nextAt: null } as const;
    const ran = { runs: [run('backfill')], schedules: [missing, { ...missing, mode: 'reconcile' } as const] };
    expect(rows(ran)).toHaveLength(1);
    const many = Array.from({ length: 7 }, (_, n) => ({ ...status(ran), stream: `crm.s${n}` }));
    const partly = { ...status({ ...ran, schedules: [missing, due('reconcile', '')] }), stream: 'crm.deals' };
    expect(scheduleWarnings([...many, partly, status({ schedules: [missing] })])).toEqual([
      'no schedules are applied for crm.s0, crm.s1, crm.s2, crm.s3, crm.s4 and 2 more; next: sluice schedules apply',
      'schedules are not those of the config for crm.deals; next: sluice schedules diff',
    ]);
    expect(scheduleWarnings([status({ ...ran, schedules: [due('incremental', '')] })])).toEqual([]);
  });

  it('says how to approve', () => {
    const waiting = run('reconcile', {
      state: 'needsApproval',
      why: '600 of 4,000 rows are gone',
      end: null,
      endedAt: null,
    });
    expect(rows({ runs: [run('incremental'), waiting] })[0]?.at(-1)).toBe(
      'Needs approval: 600 of 4,000 rows are gone (reconciliation)',
    );
    expect(rows({ runs: [run('incremental'), waiting] })[2]?.at(-1)).toBe(
      'Needs approval: 600 of 4,000 rows are gone; next: sluice approve crm.contacts',
    );
  });
});

describe('rows that were not counted now', () => {
  const ended = (mode: SyncMode, endedAt: string, result: object) =>
    run(mode, { endedAt, end: { kind: 'done', result: sampleResult(mode, { ...result }) } });
  const backfilled = ended('backfill', '2026-11-20T10:00:00.000Z', { rows: { live: 10, deleted: 1 } });
  const next = { liveRows: 12 };
  it.each<[string, ModeStatus[], unknown]>([
    [
      'are those of the last run',
      [backfilled, ended('softDelete', '2026-11-20T11:00:00.000Z', { rows: { live: 9, deleted: 2 } })],
      { live: 9, deleted: 2 },
    ],
    [
      'are what a run without changes went by',
      [backfilled, ended('incremental', '2026-11-20T11:00:00.000Z', { rows: null, next })],
      { live: 12, deleted: null },
    ],
    ['are unknown while no run has ended', [run('backfill', { end: null, endedAt: null })], undefined],
  ])('%s', (_, runs, expected) => {
    expect(withLastKnown({}, [status({ runs })])[stream]).toEqual(expected);
    expect(withLastKnown({ [stream]: null }, [status({ runs })])[stream]).toBeNull();
  });
});

describe('the run that stands for a stream', () => {
  const old = { startedAt: '2026-11-01T00:00:00.000Z' };
  const open = { end: null, endedAt: null };
  const missed = { ...old, endedAt: old.startedAt, state: 'needsBackfill' } as const;
  const backfilled = (scope: Scope) =>
    run('backfill', { end: { kind: 'done', result: sampleResult('backfill', { scope }) } });
  it.each<[string, ModeStatus[], SyncMode]>([
    ['the newest of those that are done', [run('backfill', old), run('incremental')], 'incremental'],
    ['one that failed', [run('backfill', { ...old, state: 'failed' }), run('incremental')], 'backfill'],
    ['one under way', [run('backfill', { ...old, ...open, state: 'running' }), run('incremental')], 'backfill'],
    [
      'one that failed before one under way',
      [run('softDelete', { state: 'failed' }), run('incremental', { ...open, state: 'running' })],
      'softDelete',
    ],
    [
      'one that needs a person',
      [run('softDelete', { state: 'failed' }), run('reconcile', { ...old, ...open, state: 'needsApproval' })],
      'reconcile',
    ],
    ['one that missed a backfill', [run('incremental', missed), run('backfill', old)], 'incremental'],
    ['the backfill that another one missed', [run('incremental', missed), backfilled('whole')], 'backfill'],
    ['one that missed the whole of it', [run('incremental', missed), backfilled('limit')], 'incremental'],
  ])('is %s', (_, runs, mode) => {
    expect(headlineOf(runs)?.mode).toBe(mode);
    expect(headlineOf(runs.toReversed())?.mode).toBe(mode);
  });

  it('is none where there is none', () => expect(headlineOf([])).toBeNull());
});

describe('the note of a paused schedule', () => {
  it.each([
    [
      pauseNote({ by: 'anna@laptop', at: now, note: 'launch' }),
      'paused by anna@laptop at 2026-11-20 16:05 UTC "launch"',
    ],
    [pauseNote({ by: 'anna@laptop', at: now }), 'paused by anna@laptop at 2026-11-20 16:05 UTC'],
    ['quota', 'paused: quota'],
    ['', 'paused'],
    [null, 'paused'],
  ])('%s reads as %s', (note, text) => expect(pauseNoteText(note)).toBe(text));
});
