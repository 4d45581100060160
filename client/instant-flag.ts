import { parseDuration } from '../model/duration.ts';
import { CliError } from './cli-error.ts';
import { exitCode } from './exit-code.ts';

const datePattern = /^\d{4}-\d\d-\d\d$/;
const instantPattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/;

/** A flag's `2026-01-31` (midnight UTC) or instant with its zone, as an ISO instant; throws a usage error that names the flag. */
export function parseInstant(text: string, flag: string): string {
  const date = readInstant(text);
  if (date === null) {
    throw new CliError(exitCode.usage, `${flag} "${text}" is not a date or an instant`, {
      next: 'write it as 2026-01-31 or 2026-01-31T12:00:00Z',
    });
  }
  return date.toISOString();
}

function readInstant(text: string): Date | null {
  const date = datePattern.test(text) || instantPattern.test(text) ? new Date(text) : null;
  // The parser takes 31 February for 3 March.
  return date !== null && !Number.isNaN(date.getTime()) && isDayOfMonth(text) ? date : null;
}

function isDayOfMonth(text: string): boolean {
  const day = text.slice(0, 10);
  const midnight = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(day);
}

/** A flag's date or instant, or how long ago it was: `24h` is this time yesterday. Throws a usage error that names the flag. */
export function parseSince(text: string, flag: string, now: Date): string {
  const agoMs = parseDuration(text);
  const since = agoMs === null ? readInstant(text) : new Date(now.getTime() - agoMs);
  // A thousand million days ago is no instant.
  if (since === null || Number.isNaN(since.getTime())) {
    throw new CliError(exitCode.usage, `${flag} "${text}" is not a time ago, a date or an instant`, {
      next: 'write it as 24h, 2026-01-31 or 2026-01-31T12:00:00Z',
    });
  }
  return since.toISOString();
}
