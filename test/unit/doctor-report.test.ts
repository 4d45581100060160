import { describe, expect, it } from 'vitest';
import {
  failed,
  fromCheck,
  ok,
  okWhereNone,
  skipped,
  warning,
  type DoctorFinding,
} from '../../client/doctor/doctor-finding.ts';
import { exitCodeOfFindings } from '../../client/doctor/exit-code-of.ts';
import { untreated, type TreatedFinding } from '../../client/doctor/mend-findings.ts';
import { groupText, reportStyle, summaryText } from '../../client/doctor/report-text.ts';

const repair = { kind: 'applySchedule', scheduleId: 'incremental/crm.contacts' } as const;
const drifted = failed('schedule-drift', 'incremental/crm.contacts', 'differs', {
  mend: 'sluice schedules apply',
  repair,
});
const mended: TreatedFinding = { ...drifted, done: 'updated it', notDone: null };

describe('the exit code of findings', () => {
  const none = { warnings: 'pass' } as const;
  const cases: readonly (readonly [string, readonly TreatedFinding[], number])[] = [
    ['nothing at all', [], 0],
    ['all well', [untreated(ok('wedged-run', 'runs', 'none'))], 0],
    ['a finding', [untreated(drifted)], 3],
    ['one that was mended', [mended], 0],
    ['one that could not be mended', [{ ...drifted, done: null, notDone: 'no worker' }], 3],
    ['a warning', [untreated(warning('schedule-paused', 's', 'paused'))], 0],
    ['config', [untreated(failed('config-file', 'c', 'e', { kind: 'config' })), untreated(drifted)], 2],
    ['credentials', [untreated(failed('source-check', 'c', 'e', { kind: 'auth' })), untreated(drifted)], 4],
    ['out of reach', [untreated(failed('no-poller', 'c', 'e', { kind: 'unreachable' })), untreated(drifted)], 5],
    ['skipped for want of something', [untreated(skipped('not-looked-at', 'runs', 'e', { kind: 'unreachable' }))], 5],
    ['skipped to save money', [untreated(skipped('destination-check', 'd', 'e'))], 0],
  ];
  it.each(cases)('%s', (_, findings, code) => {
    expect(exitCodeOfFindings(findings, none)).toBe(code);
  });

  it('counts warnings where asked to', () => {
    const paused = untreated(warning('schedule-paused', 's', 'paused'));
    expect(exitCodeOfFindings([paused], { warnings: 'count' })).toBe(3);
  });
});

describe('the report', () => {
  const findings: readonly TreatedFinding[] = [
    untreated(ok('schedule-skips', '3 schedules', 'none')),
    untreated(warning('schedule-paused', 's', 'paused by bert "a\u001b[31mb"', { mend: 'sluice resume crm.contacts' })),
    { ...drifted, done: null, notDone: 'Temporal does not answer' },
    mended,
    untreated(skipped('not-looked-at', 'sources', 'no worker')),
  ];

  it('has a word for each finding, its evidence and the way out, and cannot drive the terminal', () => {
    expect(groupText('schedules', findings, { marks: 'shown' })).toBe(
      `Schedules
  ✓ ok      schedule-skips: 3 schedules: none
  ! warning schedule-paused: s: paused by bert "a [31mb"
      next: sluice resume crm.contacts
  ✗ failed  schedule-drift: incremental/crm.contacts: differs
      not done: Temporal does not answer
      next: sluice schedules apply
  ✓ mended  schedule-drift: incremental/crm.contacts: differs
      done: updated it
  · skipped not-looked-at: sources: no worker
`,
    );
    expect(summaryText(findings)).toBe('1 failed, 1 warning, 1 skipped, 1 mended; 1 ok');
    expect(summaryText([untreated(ok('wedged-run', 'runs', 'none'))])).toBe('nothing wrong; 1 ok');
  });

  it.each([
    [{}, 'shown'],
    [{ NO_COLOR: '1' }, 'shown'],
    [{ ACCESSIBLE: '1' }, 'hidden'],
    [{ TERM: 'dumb' }, 'hidden'],
  ])('with %o, marks are %s', (environment, marks) => {
    expect(reportStyle(environment)).toEqual({ marks });
  });

  it('does without marks', () => {
    expect(groupText('schedules', findings.slice(0, 1), { marks: 'hidden' })).toBe(
      'Schedules\n  ok      schedule-skips: 3 schedules: none\n',
    );
  });
});

describe('findings', () => {
  it('of a check keep its words', () => {
    const checked = fromCheck('source-check', {
      subject: 'HubSpot contacts',
      status: 'failed',
      text: 'a scope is missing',
      next: 'add it',
      kind: 'auth',
    });
    expect(checked).toEqual(
      failed('source-check', 'HubSpot contacts', 'a scope is missing', { mend: 'add it', kind: 'auth' }),
    );
  });

  it('are one line of all being well where there are none', () => {
    const none: readonly DoctorFinding[] = okWhereNone([], ['wedged-run', 'runs', 'none']);
    expect(none).toEqual([ok('wedged-run', 'runs', 'none')]);
    expect(okWhereNone([drifted], ['wedged-run', 'runs', 'none'])).toEqual([drifted]);
  });
});
