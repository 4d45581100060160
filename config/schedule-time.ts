import { z } from 'zod';
import { cronGaps, type Gaps } from '../model/cron-gaps.ts';
import { looksLikeCron, parseCron } from '../model/cron.ts';
import { parseDuration } from '../model/duration.ts';
import { nearestName } from '../model/nearest-name.ts';
import { durationJsonSchema } from './duration-json-schema.ts';
import { parseSwitch, switchJsonSchema } from './switch-word.ts';

/** A calendar, and how often it comes where no clock is changed. */
export interface CronTime extends Gaps {
  /** Five fields. */
  readonly cron: string;
}

const longestInterval = '30d';

/** A month: about as long as an interval may be. */
const longestCalendarGapMs = 31 * 86_400_000;

const examples = 'a duration such as 5m, 6h or 1d, or a calendar such as "0 3 * * *"';

/** For editors; `parseCron` is what counts. */
const cronJsonSchema = { type: 'string', pattern: String.raw`^\s*(\S+\s+){4}\S+\s*$`, examples: ['0 3 * * *'] };

/** When a mode runs: every so many milliseconds, by a calendar, or null for never. */
export const scheduleTime = z
  .custom<string | number | boolean>((value) => ['string', 'number', 'boolean'].includes(typeof value), {
    error: `must be off, ${examples}`,
  })
  .meta({ anyOf: [durationJsonSchema, cronJsonSchema, ...switchJsonSchema(false).anyOf] })
  .transform((value, context): number | CronTime | null => {
    if (parseSwitch(value) === false) return null;
    const read = readTime(String(value));
    if (typeof read !== 'string') return read.time;
    context.addIssue({ code: 'custom', message: read });
    return z.NEVER;
  });

export type ScheduleTime = z.infer<typeof scheduleTime>;

function readTime(text: string): { readonly time: number | CronTime } | string {
  if (looksLikeCron(text)) return readCalendar(text.trim().replaceAll(/\s+/g, ' '));
  const intervalMs = parseDuration(text);
  if (intervalMs === null) return `must be off, ${examples}`;
  return intervalMs > parseDuration(longestInterval)! ? `must be at most ${longestInterval}` : { time: intervalMs };
}

function readCalendar(text: string): { readonly time: CronTime } | string {
  const read = parseCron(text);
  if ('problem' in read) return read.problem;
  const gaps = cronGaps(read.cron);
  if (gaps === null) return 'is a calendar of days that never come';
  return gaps.mostMs > longestCalendarGapMs ? 'must come at least once a month' : { time: { cron: text, ...gaps } };
}

/** A name of the time zone database; one in the wrong case is put right, as Temporal takes no other. */
export const timezoneName = z.string().transform((name, context): string => {
  const known = knownTimezone(name);
  if (known !== null) return known;
  const nearest = nearestName(name, Intl.supportedValuesOf('timeZone'));
  context.addIssue({
    code: 'custom',
    message: `is no time zone, ${nearest === null ? 'write one such as UTC or Europe/Berlin' : `did you mean ${nearest}?`}`,
  });
  return z.NEVER;
});

/** Null for what is none. Offsets such as +01:00 are none to Temporal. */
function knownTimezone(name: string): string | null {
  if (!/^[A-Za-z]/.test(name)) return null;
  try {
    const { timeZone } = new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions();
    return timeZone.toLowerCase() === name.toLowerCase() ? timeZone : name;
  } catch {
    return null;
  }
}
