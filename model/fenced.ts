import { SyncError } from './errors.ts';
import type { SyncMode } from './plan.ts';

/** A stream's first generation; `reset` raises it. */
export const firstGeneration = 1;

/** Raises `Fenced` for a request of a generation before the last reset. */
export function requireGeneration(request: { stream: string; generation: number }, current: number): void {
  if (request.generation === current) return;
  throw new SyncError(
    'Fenced',
    `${request.stream} was reset since this run began (generation ${request.generation}, now ${current})`,
    {
      next: 'let this run end and start a new one',
    },
  );
}

/** The run holds no claim. */
export function unclaimed({ stream, mode, run }: { stream: string; mode: SyncMode; run: string }): SyncError {
  return new SyncError(
    'Fenced',
    `run ${run} may no longer write ${stream}: its claim of ${mode} is gone, since the stream was reset`,
    { next: 'let this run end and start a new one' },
  );
}

/** Another run holds the claim. */
export function fenced(claim: { stream: string; mode: SyncMode; run: string; claimant: string }): SyncError {
  return new SyncError(
    'Fenced',
    `run ${claim.run} may no longer write ${claim.stream}: its ${claim.mode} is claimed by run ${claim.claimant}`,
    { next: 'let the newer run go on' },
  );
}

/** The ledger stands elsewhere than the step of a run expects it. */
export function notInPlace({ stream, run, sequence }: { stream: string; run: string; sequence: number }): SyncError {
  return new SyncError('Fenced', `the ledger of ${stream} is not where run ${run} expects it, at batch ${sequence}`, {
    next: 'start a new run: this one’s history was reset to before what it has written',
  });
}
