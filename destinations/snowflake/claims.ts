import type { ClaimRequest } from '../../model/destination.ts';
import { fenced, unclaimed } from '../../model/fenced.ts';
import type { SyncMode } from '../../model/plan.ts';

/** Which run of a mode may write. */
export interface Claim {
  readonly run: string;
  /** ISO. */
  readonly startedAt: string;
}

/** Of a stream, as its fence keeps them. */
export type Claims = Readonly<Partial<Record<SyncMode, Claim>>>;

export const noClaims: Claims = {};

export function readClaims(text: string): Claims {
  return JSON.parse(text) as Claims;
}

export function writeClaims(claims: Claims): string {
  return JSON.stringify(claims);
}

/** Passes the claim of its mode to the run. Raises `Fenced` where a run has it that did not start before this one. */
export function passClaim(claims: Claims, { stream, mode, run, runStartedAt }: ClaimRequest): Claims {
  const claim = claims[mode];
  if (claim?.run === run) return claims;
  if (claim !== undefined && Date.parse(claim.startedAt) >= Date.parse(runStartedAt)) {
    throw fenced({ stream, mode, run, claimant: claim.run });
  }
  return { ...claims, [mode]: { run, startedAt: runStartedAt } };
}

/** Raises `Fenced` unless the run holds the claim of its mode; returns the instant it started. */
export function requireHeld(
  claims: Claims,
  { stream, mode, run }: { readonly stream: string; readonly mode: SyncMode; readonly run: string },
): string {
  const claim = claims[mode];
  if (claim === undefined) throw unclaimed({ stream, mode, run });
  if (claim.run !== run) throw fenced({ stream, mode, run, claimant: claim.run });
  return claim.startedAt;
}
