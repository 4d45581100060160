import { describe, expect, it } from 'vitest';
import { alertsOf, freshAgainAlert, isWanted, staleAlert } from '../../model/alert.ts';
import type { RunDone, RunFailed, RunSubject } from '../../model/run-report.ts';

const subject: RunSubject = {
  stream: 'crm.contacts',
  mode: 'incremental',
  run: 'run-1',
  execution: 'execution-1',
  isScheduled: true,
  at: '2026-11-28T12:00:00.000Z',
};
const done: RunDone = {
  ...subject,
  kind: 'done',
  durationMs: 1_000,
  rows: 10,
  rejects: 0,
  bringsUpToDate: true,
  undone: null,
  positions: null,
  isLapsed: false,
  failedBefore: null,
};
const failed: RunFailed = {
  ...subject,
  kind: 'failed',
  durationMs: 1_000,
  failure: 'AuthRejected',
  message: 'the token of <crm> & co was rejected (401); next: set a valid token',
  failedBefore: null,
};
const kindsOf = (report: Parameters<typeof alertsOf>[0], failedHere: string | null = null): string[] =>
  alertsOf(report, { failedHere }).map(({ kind }) => kind);

describe('an alert', () => {
  it('names the run, the reason and the next step, in parts and as one text', () => {
    expect(alertsOf(failed, { failedHere: null })).toEqual([
      {
        schema: 'sluice.alert/1',
        id: 'failure/incremental/crm.contacts/execution-1',
        kind: 'failure',
        recovers: null,
        pipeline: 'crm',
        stream: 'crm.contacts',
        mode: 'incremental',
        run: 'run-1',
        at: '2026-11-28T12:00:00.000Z',
        message: 'incremental of crm.contacts failed: AuthRejected: the token of <crm> & co was rejected (401)',
        next: 'set a valid token',
        text: 'incremental of crm.contacts failed: AuthRejected: the token of &lt;crm&gt; &amp; co was rejected (401); next: set a valid token',
      },
    ]);
  });

  it.each([
    ['a run that ended well', done, []],
    ['rejects', { ...done, rejects: 3 }, ['rejects']],
    ['an approval that lapsed', { ...done, isLapsed: true }, ['approval']],
    ['the first good run after a failed one', { ...done, failedBefore: 'Unavailable' }, ['recovered']],
    [
      'a run that only says that it needs a backfill',
      { ...done, failedBefore: 'Fenced', undone: 'needs backfill' },
      [],
    ],
    ['the first failure', failed, ['failure']],
    ['the same failure again', { ...failed, failedBefore: 'AuthRejected' }, []],
    ['a failure of another kind', { ...failed, failedBefore: 'Unavailable' }, ['failure']],
    ['a run started by hand, every time', { ...failed, isScheduled: false, failedBefore: 'AuthRejected' }, ['failure']],
    ['a run that was cancelled', { ...subject, kind: 'cancelled', durationMs: 1_000 } as const, []],
    ['an approval that is over', { ...subject, kind: 'approvalOver' } as const, []],
  ])('%s', (_, report, kinds) => {
    expect(kindsOf(report)).toEqual(kinds);
  });

  it('a run by hand recovers from what this worker saw fail', () => {
    expect(kindsOf({ ...done, isScheduled: false }, 'AuthRejected')).toEqual(['recovered']);
    expect(kindsOf(done, 'AuthRejected')).toEqual([]);
  });

  it('asks for an approval by the command that gives it', () => {
    const [alert] = alertsOf(
      {
        ...subject,
        mode: 'reconcile',
        kind: 'approvalAsked',
        reason: '9 of 10 are gone',
        digest: 'abc',
        until: 'soon',
      },
      { failedHere: null },
    );
    expect(alert).toMatchObject({
      kind: 'approval',
      message: 'reconcile of crm.contacts waits for an approval until soon: 9 of 10 are gone',
      next: 'sluice approve crm.contacts',
    });
  });

  it('takes whatever a run was started for', () => {
    expect(alertsOf({ ...failed, stream: 'no stream' }, { failedHere: null })[0]).toMatchObject({
      pipeline: '',
      stream: 'no stream',
    });
  });

  it('goes to who asked for its kind; a recovery to who asked for what it takes back', () => {
    const { stream, at } = subject;
    const stale = staleAlert({ stream, since: at, at, message: 'stale', next: 'look' });
    expect(stale.id).toBe('stale/crm.contacts/2026-11-28T12:00:00.000Z');
    expect(isWanted(stale, ['stale'])).toBe(true);
    expect(isWanted(stale, ['failure'])).toBe(false);
    expect(isWanted(freshAgainAlert({ stream, at }), ['stale'])).toBe(true);
    expect(isWanted(freshAgainAlert({ stream, at }), ['failure', 'rejects'])).toBe(false);
  });
});
