import type { SyncError } from './errors.ts';

/** One line of `sluice check`: what was looked at, what was found, and what to do about it. */
export interface Finding {
  readonly subject: string;
  readonly status: 'ok' | 'warning' | 'failed';
  readonly text: string;
  readonly next: string | null;
  /** Chooses the exit code when `failed`. */
  readonly kind: 'auth' | 'unreachable' | 'config' | null;
}

/** What a failed look found, in the error's own words. */
export function failedFinding(subject: string, error: SyncError): Finding {
  const kind = error.kind === 'AuthRejected' ? 'auth' : error.kind === 'Unavailable' ? 'unreachable' : 'config';
  return { subject, status: 'failed', text: error.message, next: error.next ?? null, kind };
}
