import type { ScheduleDescription, ScheduleSpec } from '@temporalio/client';
import { dayRules, everyDayOfMonth, everyDayOfWeek, everyMonth, parseCron, type Cron } from '../model/cron.ts';
import type { ScheduleTimes } from './desired-schedules.ts';
import { spanText } from './duration.ts';

type StoredSpec = ScheduleDescription['spec'];
type StoredCalendar = NonNullable<StoredSpec['calendars']>[number];

const monthNames = [
  'JANUARY',
  'FEBRUARY',
  'MARCH',
  'APRIL',
  'MAY',
  'JUNE',
  'JULY',
  'AUGUST',
  'SEPTEMBER',
  'OCTOBER',
  'NOVEMBER',
  'DECEMBER',
] as const;
const dayNames = ['SUNDAY', 'MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY'] as const;

/** The times as Temporal wants them. Its own reading of cron takes a day and a weekday as both, not as either. */
export function timesSpec(times: ScheduleTimes): ScheduleSpec {
  if (times.kind === 'interval') return { intervals: [{ every: times.everyMs, offset: times.offsetMs }] };
  return {
    calendars: rulesOf(times.cron).map((rule) => ({
      minute: allOr(rule.minutes, everyMinute),
      hour: allOr(rule.hours, everyHour),
      dayOfMonth: allOr(rule.daysOfMonth, everyDayOfMonth),
      month: allOr(
        rule.months.map((month) => monthNames[month - 1]!),
        everyMonth,
      ),
      dayOfWeek: allOr(
        rule.daysOfWeek.map((day) => dayNames[day]!),
        everyDayOfWeek,
      ),
      comment: times.cron,
    })),
    timezone: times.timezone,
  };
}

/** The times in words that are equal where the times are, however they were written. */
export function timesText(times: ScheduleTimes): string {
  if (times.kind === 'interval') return intervalText({ every: times.everyMs, offset: times.offsetMs });
  const rules = rulesOf(times.cron).map((rule) => ruleText(rule));
  return `${rules.toSorted().join(' and ')} ${times.timezone}`;
}

/** The same of what Temporal has, which may be anything where somebody else wrote it. */
export function storedTimesText(spec: StoredSpec): string {
  const { intervals = [], calendars = [], skip = [], startAt, endAt } = spec;
  const rules = calendars.map((calendar) => ruleText(storedRule(calendar), oddParts(calendar))).toSorted();
  const all = [
    ...intervals.map(intervalText),
    ...(rules.length > 0 ? [`${rules.join(' and ')} ${spec.timezone || 'UTC'}`] : []),
    ...(skip.length > 0 ? [`${skip.length} exceptions`] : []),
    ...(startAt === undefined ? [] : [`from ${startAt.toISOString()}`]),
    ...(endAt === undefined ? [] : [`until ${endAt.toISOString()}`]),
  ];
  return all.length === 0 ? 'never' : all.join(' and ');
}

function rulesOf(cron: string): Cron[] {
  const read = parseCron(cron);
  if ('problem' in read) throw new Error(`calendar "${cron}" ${read.problem}`);
  return dayRules(read.cron).map((days) => ({ ...read.cron, ...days }));
}

function allOr<Unit>(values: readonly Unit[], all: readonly unknown[]): Unit[] | '*' {
  return values.length === all.length ? '*' : [...values];
}

function storedRule(calendar: StoredCalendar): Cron {
  return {
    minutes: valuesOf(calendar.minute, Number),
    hours: valuesOf(calendar.hour, Number),
    daysOfMonth: valuesOf(calendar.dayOfMonth, Number),
    months: valuesOf(calendar.month, (name) => monthNames.indexOf(name) + 1),
    daysOfWeek: valuesOf(calendar.dayOfWeek, (name) => dayNames.indexOf(name)),
  };
}

/** What a calendar in Temporal may have and five fields have not. */
function oddParts({ second, year }: StoredCalendar): string {
  const seconds = valuesOf(second, Number);
  const isOnTheMinute = seconds.length === 1 && seconds[0] === 0;
  const years = year.map(({ start, end }) => `${start}-${end}`);
  return [
    isOnTheMinute ? '' : ` at second ${listText(seconds)}`,
    years.length > 0 ? ` in ${years.join(',')}` : '',
  ].join('');
}

function valuesOf<Unit>(
  ranges: readonly { readonly start: Unit; readonly end: Unit; readonly step: number }[],
  numberOf: (unit: Unit) => number,
): number[] {
  const values = ranges.flatMap(({ start, end, step }) => {
    const [first, last] = [numberOf(start), numberOf(end)];
    return Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, index) => first + index * step);
  });
  return [...new Set(values)].toSorted((a, b) => a - b);
}

const everyMinute = Array.from({ length: 60 }, (_, minute) => minute);
const everyHour = Array.from({ length: 24 }, (_, hour) => hour);

function ruleText(rule: Cron, odd = ''): string {
  const fields = [
    fieldText(rule.minutes, everyMinute),
    fieldText(rule.hours, everyHour),
    fieldText(rule.daysOfMonth, everyDayOfMonth),
    fieldText(rule.months, everyMonth),
    fieldText(rule.daysOfWeek, everyDayOfWeek),
  ];
  return `${fields.join(' ')}${odd}`;
}

function fieldText(values: readonly number[], all: readonly number[]): string {
  const some = allOr(values, all);
  return some === '*' ? some : listText(some);
}

/** `1-5`, `0,15,30,45`. */
function listText(values: readonly number[]): string {
  const runs: [first: number, last: number][] = [];
  for (const value of values) {
    const run = runs.at(-1);
    if (run?.[1] === value - 1) run[1] = value;
    else runs.push([value, value]);
  }
  return runs.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(',');
}

function intervalText({ every, offset }: { every: number; offset: number }): string {
  return offset === 0 ? `every ${spanText(every)}` : `every ${spanText(every)} at ${spanText(offset)}`;
}
