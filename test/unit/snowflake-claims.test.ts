import { describe, expect, it } from 'vitest';
import {
  type Claims,
  noClaims,
  passClaim,
  readClaims,
  requireHeld,
  writeClaims,
} from '../../destinations/snowflake/claims.ts';
import { contactsPlan, instant } from '../support/staged-records.ts';

const { stream, table } = contactsPlan;
const request = (run: string, minute: number, mode: 'backfill' | 'incremental' = 'backfill') => ({
  stream,
  table,
  run,
  mode,
  runStartedAt: instant(minute),
});
const held: Claims = { backfill: { run: 'run-1', startedAt: instant(5) } };

describe('claims in a fence', () => {
  it('pass to a run that started later, and are kept apart by mode', () => {
    const claims = passClaim(held, request('run-2', 6));
    expect(claims).toEqual({ backfill: { run: 'run-2', startedAt: instant(6) } });
    expect(passClaim(claims, request('run-3', 1, 'incremental'))).toEqual({
      ...claims,
      incremental: { run: 'run-3', startedAt: instant(1) },
    });
    expect(passClaim(noClaims, request('run-1', 5))).toEqual(held);
  });

  it('are left as they are by the run that has them', () => {
    expect(passClaim(held, request('run-1', 0))).toBe(held);
  });

  it.each([4, 5])('do not pass to a run that started no later', (minute) => {
    expect(() => passClaim(held, request('run-0', minute))).toThrow(
      expect.objectContaining({ kind: 'Fenced', message: expect.stringContaining('run-1') }),
    );
  });

  it('compare instants, not texts', () => {
    const offset: Claims = { backfill: { run: 'run-1', startedAt: '2024-01-01T01:05:00+01:00' } };
    expect(passClaim(offset, request('run-2', 6)).backfill?.run).toBe('run-2');
    expect(() => passClaim(offset, request('run-2', 4))).toThrow(expect.objectContaining({ kind: 'Fenced' }));
  });

  it('are asked for before anything is written', () => {
    expect(requireHeld(held, { stream, mode: 'backfill', run: 'run-1' })).toBe(instant(5));
    for (const [mode, run] of [
      ['backfill', 'run-0'],
      ['reconcile', 'run-1'],
    ] as const) {
      expect(() => requireHeld(held, { stream, mode, run })).toThrow(expect.objectContaining({ kind: 'Fenced' }));
    }
  });

  it('are kept as text', () => {
    expect(readClaims(writeClaims(held))).toEqual(held);
  });
});
