import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ExitCode } from '../../client/exit-code.ts';
import type { Output } from '../../client/output.ts';
import type { RunEnd, RunFacts } from '../../client/run-facts.ts';
import { showRunReport } from '../../client/run-report.ts';
import type { SyncMode } from '../../model/plan.ts';
import { zeroCounts } from '../../model/counts.ts';
import { sampleApproval, sampleFacts, sampleProgress, sampleResult, sampleVanished } from '../support/sample-run.ts';

let errors = '';
beforeEach(() => {
  errors = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    errors += String(text);
    return true;
  });
});
afterEach(() => vi.restoreAllMocks());

const temporal = { namespace: 'default', found: { address: 'here', origin: 'default', uiUrl: null } } as const;

/** What a person reads of a run that was waited for. */
function report(
  mode: SyncMode,
  facts: Partial<RunFacts> | null,
  exitCode: ExitCode = 1,
): { text: string; talk: string } {
  const shown = { text: '', talk: '' };
  const output: Output = {
    isJson: false,
    isTerminal: false,
    columns: Number.POSITIVE_INFINITY,
    text: (text) => (shown.text += text),
    document: () => {},
    talk: (line) => (shown.talk += `${line}\n`),
    warn: (line) => (shown.talk += `warning: ${line}\n`),
  };
  const whole = facts === null ? null : { ...sampleFacts, mode, endedAt: sampleFacts.startedAt, ...facts };
  const outcome = { mode, stream: 'crm.contacts', run: 'run-1', exitCode, facts: whole };
  showRunReport(temporal as Parameters<typeof showRunReport>[0], outcome, output);
  return shown;
}

const plain = (text: string): string => text.replaceAll(/\p{Cc}\[\d+m/gu, '');

describe('what a person reads of a run that was waited for', () => {
  it.each<[SyncMode, RunEnd, string]>([
    [
      'backfill',
      { kind: 'cancelled', message: null },
      'backfill of crm.contacts was cancelled; next: sluice backfill crm.contacts --resume',
    ],
    [
      'softDelete',
      { kind: 'cancelled', message: null },
      'soft delete of crm.contacts was cancelled; next: sluice soft-delete crm.contacts',
    ],
    ['resync', { kind: 'cancelled', message: null }, 'resync of crm.contacts was cancelled'],
    [
      'incremental',
      { kind: 'failed', failure: 'AuthRejected', message: 'the token was refused; next: set another' },
      'incremental sync of crm.contacts failed: the token was refused; next: set another',
    ],
    [
      'reconcile',
      { kind: 'failed', failure: 'Fenced', message: 'crm.contacts: a newer run took over' },
      'reconciliation failed: crm.contacts: a newer run took over',
    ],
    [
      'incremental',
      { kind: 'done', result: sampleResult('incremental', { outcome: 'needsBackfill', text: 'needs backfill: why' }) },
      'crm.contacts: needs backfill: why; next: sluice backfill crm.contacts',
    ],
    [
      'reconcile',
      {
        kind: 'done',
        result: sampleResult('reconcile', { startReason: 'crm.contacts was never', needsBackfill: true }),
      },
      'crm.contacts was never; next: sluice backfill crm.contacts',
    ],
    [
      'incremental',
      { kind: 'done', result: sampleResult('incremental', { outcome: 'fullSync', text: 'one is running already' }) },
      'crm.contacts: one is running already; next: sluice status crm.contacts --watch, then start it again',
    ],
    [
      'resync',
      { kind: 'done', result: sampleResult('resync', { missingIds: 2, totals: zeroCounts }) },
      'crm.contacts: none of the 2 ids is a record at the source, and no row of theirs was left to flag; next: look at the ids',
    ],
  ])('%s: one error', (mode, end, expected) => {
    expect(report(mode, { end }).text).toBe('');
    expect(plain(errors)).toBe(`error: ${expected}\n`);
  });

  it('names what waits for an approval, and how to give it', () => {
    const { text, talk } = report('reconcile', {
      end: null,
      progress: { ...sampleProgress, approval: sampleApproval },
    });
    expect(text).toContain(`crm.contacts: needs approval: ${sampleApproval.reason}\n`);
    expect(text).toContain('120 of 1,000 live rows');
    expect(talk).toBe('warning: crm.contacts: the run waits; next: sluice approve crm.contacts --digest d16e57\n');
  });

  it('does not keep quiet about what nobody approved', () => {
    const differences = { ...sampleVanished.differences, vanished: 120 };
    const vanished = { ...sampleVanished, differences, approval: 'lapsed' };
    const { text, talk } = report('reconcile', {
      end: { kind: 'done', result: sampleResult('reconcile', { vanished }) },
    });
    expect(text).toContain('vanished 120: not flagged\n');
    expect(talk).toContain('120 vanished rows are not flagged, since nobody approved it in time');
  });

  it('says that the run goes on where only the waiting ended', () => {
    expect(report('incremental', null, 6).talk).toContain('still running at --timeout; the run goes on');
    expect(report('incremental', null, 130).talk).toContain('stopped waiting; the run goes on');
  });
});
