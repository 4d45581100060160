import { describe, expect, it } from 'vitest';
import { CliError, reportError } from '../../client/cli-error.ts';
import { exitCode, gravestExitCode, type ExitCode } from '../../client/exit-code.ts';
import type { RunResult } from '../../client/run-facts.ts';
import { exitCodeOfRun } from '../../client/run-outcome.ts';
import { zeroCounts, type Counts } from '../../model/counts.ts';
import { SyncError, type FailureKind } from '../../model/errors.ts';
import { sampleResult, sampleVanished } from '../support/sample-run.ts';

const exitCodeOf = (result: RunResult) => exitCodeOfRun({ kind: 'done', result });
const done = (totals: Partial<Counts>) =>
  exitCodeOf(sampleResult('backfill', { totals: { ...zeroCounts, ...totals } }));

describe('the exit code of a run', () => {
  it('is 0 when every record arrived and 3 when any was rejected or lost a value', () => {
    expect(done({ read: 5, inserted: 5 })).toBe(0);
    expect(done({ read: 5, inserted: 4, rejected: 1 })).toBe(3);
    expect(done({ read: 5, inserted: 5, nulledValues: 1 })).toBe(3);
    expect(done({ read: 5, inserted: 5, roundedValues: 1 })).toBe(0);
  });

  it.each<[FailureKind | 'Terminated' | 'Unexpected', ExitCode]>([
    ['AuthRejected', 4],
    ['ConfigInvalid', 2],
    ['Unavailable', 5],
    ['DataRejected', 1],
    ['SchemaConflict', 1],
    ['Fenced', 1],
    ['Terminated', 1],
    ['Unexpected', 1],
  ])('after %s is %d', (failure, expected) => {
    expect(exitCodeOfRun({ kind: 'failed', failure, message: '' })).toBe(expected);
  });

  it('is 1 where a backfill has to come first, and where no id exists', () => {
    expect(exitCodeOf(sampleResult('incremental', { outcome: 'needsBackfill' }))).toBe(1);
    expect(exitCodeOf(sampleResult('incremental', { outcome: 'idle' }))).toBe(0);
    expect(exitCodeOf(sampleResult('reconcile', { needsBackfill: true }))).toBe(1);
    expect(exitCodeOf(sampleResult('softDelete'))).toBe(0);
    const nowhere = { ...zeroCounts, read: 2, tombstones: 2, unchanged: 2 };
    expect(exitCodeOf(sampleResult('resync', { missingIds: 2, totals: nowhere }))).toBe(1);
    expect(exitCodeOf(sampleResult('resync', { missingIds: 1, totals: { ...nowhere, tombstones: 1 } }))).toBe(0);
    const flagged = { ...zeroCounts, read: 2, tombstones: 2, updated: 2, deleted: 2 };
    expect(exitCodeOf(sampleResult('resync', { missingIds: 2, totals: flagged }))).toBe(0);
  });

  it('is 1 where a full sync was left to another backfill, which may be of a part', () => {
    expect(exitCodeOf(sampleResult('incremental', { outcome: 'fullSync', full: null }))).toBe(1);
    expect(exitCodeOf(sampleResult('incremental', { outcome: 'fullSync', full: sampleResult('backfill') }))).toBe(0);
  });

  it('is 7 where nobody approved in time, also within a full sync', () => {
    const vanished = { ...sampleVanished, approval: 'lapsed' };
    expect(exitCodeOf(sampleResult('reconcile', { vanished }))).toBe(7);
    expect(exitCodeOf(sampleResult('incremental', { full: sampleResult('backfill', { vanished }) }))).toBe(7);
  });

  it('is 1 when cancelled', () => expect(exitCodeOfRun({ kind: 'cancelled', message: null })).toBe(1));
});

describe('the exit code of several streams', () => {
  it.each<[ExitCode[], ExitCode]>([
    [[0, 0], 0],
    [[0, 3], 3],
    [[3, 1, 0], 1],
    [[4, 3], 4],
    [[6, 0, 3], 6],
    [[0, 130, 1], 130],
    [[], 0],
  ])('%j is %d', (codes, expected) => expect(gravestExitCode(codes)).toBe(expected));
});

describe('reportError', () => {
  const grpc = (code: number, details = 'details') =>
    Object.assign(new Error(`${code}: ${details}`), { code, details });

  it.each<[string, unknown, ExitCode, string | null]>([
    ['our own', new CliError(7, 'needs --yes', { next: 'add --yes' }), 7, 'add --yes'],
    ['of config', new SyncError('ConfigInvalid', 'no stream', { next: 'look' }), 2, 'look'],
    ['of a connector', new SyncError('AuthRejected', 'refused'), 4, null],
    ['Temporal out of reach', new Error('failed', { cause: grpc(14) }), exitCode.unreachable, 'sluice check'],
    ['Temporal too slow', new Error('failed', { cause: grpc(4) }), exitCode.unreachable, 'sluice check'],
    [
      'Temporal key refused',
      grpc(16),
      exitCode.auth,
      'look at TEMPORAL_API_KEY, TEMPORAL_NAMESPACE and the Temporal profile',
    ],
    ['unknown namespace', grpc(5, 'Namespace prod is not found.'), exitCode.usage, 'sluice check'],
  ])('%s', (_, error, code, next) => expect(reportError(error)).toMatchObject({ exitCode: code, next }));

  it('keeps what it does not know to one line', () => {
    const { message, exitCode: code } = reportError(new TypeError('x is\n  not a function'));
    expect(message).toBe('unexpected: TypeError: x is not a function');
    expect(code).toBe(1);
  });
});
