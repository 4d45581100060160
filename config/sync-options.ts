import { z } from 'zod';
import { parseDuration } from '../model/duration.ts';
import { durationJsonSchema } from './duration-json-schema.ts';
import type { ConfigPath, Problem } from './problem.ts';
import { scheduleTime, timezoneName, type ScheduleTime } from './schedule-time.ts';
import { parseSwitch, switchJsonSchema, switchWordsText } from './switch-word.ts';

const examples = 'a duration such as 90s, 5m, 6h or 1d';

const isDuration = (value: unknown): boolean => typeof value === 'string' && parseDuration(value) !== null;

const offJsonSchema = switchJsonSchema(false);

/** Milliseconds. */
export function durationUpTo(most: string) {
  return z
    .custom<string>(isDuration, { error: `must be ${examples}` })
    .meta(durationJsonSchema)
    .transform((text) => parseDuration(text)!)
    .refine((durationMs) => durationMs <= parseDuration(most)!, { error: `must be at most ${most}` });
}

/** Milliseconds; null for off. */
const durationOrOff = z
  .custom<string | number | boolean>((value) => isDuration(value) || parseSwitch(value) === false, {
    error: `must be off, or ${examples}`,
  })
  .meta({ anyOf: [durationJsonSchema, ...offJsonSchema.anyOf] })
  .transform((value) => parseDuration(String(value)))
  .refine((durationMs) => durationMs === null || durationMs <= parseDuration('30d')!, { error: 'must be at most 30d' });

const onOff = z
  .custom<string | number | boolean>((value) => parseSwitch(value) !== null, { error: `must be ${switchWordsText}` })
  .meta(switchJsonSchema())
  .transform((value) => parseSwitch(value)!);

const allOff = { incremental: 'off', softDelete: 'off', reconcile: 'off' };

/** What may be said for a stream, for its pipeline and for the whole config: the nearest that says something counts. */
export const syncOptions = {
  incremental: z
    .strictObject({
      enabled: onOff.optional().describe('Off: each run reads the whole stream in its place'),
      overlap: durationUpTo('7d').optional().describe('Read again before the last position by every run'),
      horizon: durationUpTo('7d').optional().describe("How long the source's index may trail"),
      settledEvery: durationUpTo('7d').optional().describe('How often everything up to the horizon is read again'),
      neverBackfilled: z.enum(['wait', 'fullSync']).optional().describe('What a run does before the first backfill'),
    })
    .optional()
    .describe('How changes are found and read'),
  reconcile: z
    .strictObject({
      refreshCalculated: onOff.optional().describe('Compare columns that the source calculates'),
      earliest: durationUpTo('30d').optional().describe('A count that does not fit calls no run sooner after the last'),
      latest: durationUpTo('30d').optional().describe('Counts that fit put no run off for longer than this'),
      approvalWait: durationUpTo('30d').optional().describe('How long vanished rows wait for an approval'),
    })
    .optional()
    .describe('How and when all is compared'),
  schedules: z
    .preprocess(
      (value) => (parseSwitch(value) === false ? allOff : value),
      z.strictObject({
        incremental: scheduleTime.optional().describe('For changes; default: 120s'),
        softDelete: scheduleTime.optional().describe('For what was archived, deleted or merged; default: 6h'),
        reconcile: scheduleTime.optional().describe('For comparing all; default: 1d'),
        timezone: timezoneName.optional().describe('Of the calendars; default: UTC'),
        jitter: durationUpTo('1d').optional().describe('Runs start later by up to this, as chance has it'),
      }),
    )
    .optional()
    .describe('When each mode runs: an interval, five cron fields, or off'),
  freshness: durationOrOff
    .optional()
    .describe('A stream without a good run for this long is reported as stale; default: three incremental intervals'),
};

const syncSchema = z.object(syncOptions);

export type SyncOptions = z.infer<typeof syncSchema>;

/** Options that are groups of options. */
export type SyncSection = Exclude<keyof SyncOptions, 'freshness'>;

/** Below these a run would overtake itself, or trust an index that trails; tests on little data may go there. */
const least: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  incremental: { horizon: '5m', settledEvery: '1m' },
  reconcile: { earliest: '5m' },
  schedules: { incremental: '30s', softDelete: '5m', reconcile: '5m' },
};

/** Schedules know only whole seconds. */
const leastInTests: typeof least = { schedules: { incremental: '1s', softDelete: '1s', reconcile: '1s' } };

/** Durations too short for the config's purpose. `path` is that of the stream, the pipeline, or the file. */
export function checkLeastDurations(
  options: SyncOptions,
  { path, isTesting }: { path: ConfigPath; isTesting: boolean },
): Problem[] {
  return Object.entries(isTesting ? leastInTests : least).flatMap(([section, bounds]) =>
    Object.entries(bounds).flatMap(([option, bound]) => {
      const values: Readonly<Record<string, unknown>> = options[section as SyncSection] ?? {};
      const value = values[option] as ScheduleTime | undefined;
      if (value === undefined || value === null) return [];
      const isCalendar = typeof value === 'object';
      if ((isCalendar ? value.leastMs : value) >= parseDuration(bound)!) return [];
      const text = isCalendar ? `must leave at least ${bound} between two times` : `must be at least ${bound}`;
      return [{ path: [...path, section, option], text }];
    }),
  );
}
