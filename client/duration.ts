import { parseDuration, spanText } from '../model/duration.ts';
import { CliError } from './cli-error.ts';
import { exitCode } from './exit-code.ts';

/** `500ms`, `90s`, `10m`, `2h` or `1d` as milliseconds; throws a usage error that names the flag. */
export function parseDurationMs(text: string, flag: string): number {
  const durationMs = parseDuration(text);
  if (durationMs === null) {
    throw new CliError(exitCode.usage, `${flag} "${text}" is not a duration`, { next: 'write it as 90s, 10m or 2h' });
  }
  return durationMs;
}

export { spanText };

/** `0:07`, `12:40` or `3:05:00`, as on a clock. */
export function clockText(durationMs: number): string {
  const totalSeconds = Math.max(0, Math.round(durationMs / 1_000));
  const seconds = String(totalSeconds % 60).padStart(2, '0');
  const minutes = Math.floor(totalSeconds / 60) % 60;
  const hours = Math.floor(totalSeconds / 3_600);
  return hours === 0 ? `${minutes}:${seconds}` : `${hours}:${String(minutes).padStart(2, '0')}:${seconds}`;
}

/** `16:05 UTC`, with the date in front when that is not the day of `now`; seconds only within the next two minutes. */
export function untilText(instant: string, now: Date): string {
  const at = new Date(instant);
  if (Number.isNaN(at.getTime())) return instant;
  const iso = at.toISOString();
  const isNear = Math.abs(at.getTime() - now.getTime()) < 120_000;
  const time = iso.slice(11, isNear ? 19 : 16);
  return iso.slice(0, 10) === now.toISOString().slice(0, 10) ? `${time} UTC` : `${iso.slice(0, 10)} ${time} UTC`;
}

/** An instant for a table: `2026-11-20 16:05`, UTC. */
export function instantText(instant: string): string {
  return instant.slice(0, 16).replace('T', ' ');
}
