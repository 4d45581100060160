import { parseDuration } from '../model/duration.ts';
import { CliError } from './cli-error.ts';
import { exitCode } from './exit-code.ts';

const datePattern = /^\d{4}-\d\d-\d\d$/;
const instantPattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/;

/** A flag's `2026-01-31` (midnight UTC) or instant with its zone, as an ISO instant; throws a usage error that names the flag. */
export function parseInstant(text: string, flag: string): string {
  const date = datePattern.test(text) || instantPattern.test(text) ? new Date(text) : null;
  // The parser takes 31 February for 3 March.
  const isReal = date !== null && !Number.isNaN(date.getTime()) && isDayOfMonth(text);
  if (!isReal) {
    throw new CliError(exitCode.usage, `${flag} "${text}" is not a date or an instant`, {
      next: 'write it as 2026-01-31 or 2026-01-31T12:00:00Z',
    });
  }
  return date.toISOString();
}

function isDayOfMonth(text: string): boolean {
  const day = text.slice(0, 10);
  const midnight = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(day);
}

/** A flag's date or instant, or how long ago it was: `24h` is this time yesterday. */
export function parseSince(text: string, flag: string, now: Date): string {
  const agoMs = parseDuration(text);
  return agoMs === null ? parseInstant(text, flag) : new Date(now.getTime() - agoMs).toISOString();
}
