import { dayRules, type Cron } from './cron.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** After 28 years, seven of them leap years, dates fall on the same weekdays again. */
const cycleYears = 28;
/** 1 January 2000 was a Saturday. */
const cycleStart = { year: 2000, weekday: 6 };

export interface Gaps {
  readonly leastMs: number;
  readonly mostMs: number;
}

/**
 * The shortest and the longest time from one time of a calendar to the next, where no clock is changed; null where none ever
 * comes, as on 30 February.
 */
export function cronGaps(cron: Cron): Gaps | null {
  const { days, cycleDays } = daysOf(cron);
  if (days.length === 0) return null;
  const times = cron.hours.flatMap((hour) => cron.minutes.map((minute) => hour * hourMs + minute * minuteMs));
  const nightMs = times[0]! - times.at(-1)!;
  const gaps = [
    ...times.slice(1).map((time, index) => time - times[index]!),
    ...days.map((day, index) => ((days[index + 1] ?? days[0]! + cycleDays) - day) * dayMs + nightMs),
  ];
  // Not spread into arguments: there may be ten thousand.
  return {
    leastMs: gaps.reduce((least, gap) => Math.min(least, gap)),
    mostMs: gaps.reduce((most, gap) => Math.max(most, gap)),
  };
}

/** The shortest gap in a time zone: where clocks are put forward an hour is missing, of a gap that is longer than that. */
export function leastGapIn(timezone: string, gapMs: number): number {
  return timezone === 'UTC' || gapMs <= hourMs ? gapMs : gapMs - hourMs;
}

/** Numbers of the days of the cycle on which it comes. */
function daysOf(cron: Cron): { readonly days: readonly number[]; readonly cycleDays: number } {
  const rules = dayRules(cron);
  const days: number[] = [];
  let day = 0;
  for (let year = cycleStart.year; year < cycleStart.year + cycleYears; year++) {
    for (let month = 1; month <= 12; month++) {
      const isMonth = cron.months.includes(month);
      for (let date = 1; date <= daysIn(year, month); date++, day++) {
        const weekday = (cycleStart.weekday + day) % 7;
        const isDay = rules.some((rule) => rule.daysOfMonth.includes(date) && rule.daysOfWeek.includes(weekday));
        if (isMonth && isDay) days.push(day);
      }
    }
  }
  return { days, cycleDays: day };
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}
