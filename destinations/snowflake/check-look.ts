import type { DestinationUse } from '../../model/destination.ts';
import type { Finding } from '../../model/finding.ts';
import type { SnowflakeConfig } from './config.ts';

/** From where, and for what, a check looks. */
export interface Look {
  readonly config: SnowflakeConfig;
  readonly use: DestinationUse;
  readonly role: string;
  readonly signal: AbortSignal;
  /** Whether the session got it at its login: what it may not use, it is left without. */
  readonly isUsable: boolean;
}

export function fine(subject: string, text: string): Finding {
  return { subject, status: 'ok', text, next: null, kind: null };
}

export function wrong(subject: string, text: string, next: string): Finding {
  return { subject, status: 'failed', text, next, kind: 'config' };
}
