/** One line of `sluice check`: what was looked at, what was found, and what to do about it. */
export interface Finding {
  readonly subject: string;
  readonly status: 'ok' | 'warning' | 'failed';
  readonly text: string;
  readonly next: string | null;
  /** Chooses the exit code when `failed`. */
  readonly kind: 'auth' | 'unreachable' | 'config' | null;
}
