/** What five cron fields say, as the values that match, ascending. */
export interface Cron {
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly daysOfMonth: readonly number[];
  /** From 1. */
  readonly months: readonly number[];
  /** From 0, Sunday. */
  readonly daysOfWeek: readonly number[];
}

interface Field {
  readonly name: string;
  readonly first: number;
  readonly last: number;
  /** Three letters each, standing for the values from `first` on. */
  readonly words?: readonly string[];
}

const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

const fields: readonly Field[] = [
  { name: 'minute', first: 0, last: 59 },
  { name: 'hour', first: 0, last: 23 },
  { name: 'day of the month', first: 1, last: 31 },
  { name: 'month', first: 1, last: 12, words: months },
  // Sunday is 0, and 7 too.
  { name: 'weekday', first: 0, last: 7, words: weekdays },
];

export const everyDayOfMonth = range(1, 31);
export const everyMonth = range(1, 12);
export const everyDayOfWeek = range(0, 6);

/** Whether a text is meant to be one: five words, right or wrong. */
export function looksLikeCron(text: string): boolean {
  return words(text).length === fields.length;
}

/** The traditional five fields, with lists, ranges, steps and names (`30 3 * * mon-fri`), or what is wrong with them. */
export function parseCron(text: string): { readonly cron: Cron } | { readonly problem: string } {
  const parts = words(text);
  if (parts.length !== fields.length) return { problem: 'must have five fields: minute hour day month weekday' };
  const values = parts.map((part, index) => parseField(part, fields[index]!));
  const wrong = fields[values.indexOf(null)];
  if (wrong !== undefined) {
    return { problem: `its ${wrong.name} must be *, or of ${wrong.first} to ${wrong.last}: 3, 1-5, */2 or 1,15` };
  }
  const [minutes, hours, daysOfMonth, monthsOfYear, days] = values as number[][];
  const daysOfWeek = ascending(days!.map((day) => day % 7));
  return { cron: { minutes: minutes!, hours: hours!, daysOfMonth: daysOfMonth!, months: monthsOfYear!, daysOfWeek } };
}

/**
 * The days on which it comes: as cron has always had it, a day of the month *or* a weekday where both are restricted, so
 * that there may be two answers, of which either will do.
 */
export function dayRules(cron: Cron): readonly Pick<Cron, 'daysOfMonth' | 'daysOfWeek'>[] {
  const { daysOfMonth, daysOfWeek } = cron;
  const isEither = daysOfMonth.length < everyDayOfMonth.length && daysOfWeek.length < everyDayOfWeek.length;
  if (!isEither) return [{ daysOfMonth, daysOfWeek }];
  return [
    { daysOfMonth, daysOfWeek: everyDayOfWeek },
    { daysOfMonth: everyDayOfMonth, daysOfWeek },
  ];
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

/** Null for a field that cannot be read, or names nothing. */
function parseField(text: string, field: Field): number[] | null {
  const values: number[] = [];
  for (const item of text.split(',')) {
    const [, star, from, to, step] =
      /^(?:(\*)|([a-z]{3}|\d{1,2})(?:-([a-z]{3}|\d{1,2}))?)(?:\/(\d{1,2}))?$/i.exec(item) ?? [];
    if (star === undefined && from === undefined) return null;
    const first = from === undefined ? field.first : valueOf(from, field);
    // A step alone goes on to the end, as `*` does; the last weekday of `*` is Saturday, not Sunday again.
    const end = field.words === weekdays ? 6 : field.last;
    const last = to === undefined ? (from === undefined || step !== undefined ? end : first) : valueOf(to, field);
    const by = step === undefined ? 1 : Number(step);
    if (first === null || last === null || last < first || by === 0) return null;
    for (let value = first; value <= last; value += by) values.push(value);
  }
  return ascending(values);
}

function valueOf(text: string, { first, last, words: named }: Field): number | null {
  if (!/^\d/.test(text)) {
    const index = named?.indexOf(text.toLowerCase()) ?? -1;
    return index === -1 ? null : first + index;
  }
  const value = Number(text);
  return value < first || value > last ? null : value;
}

function ascending(values: readonly number[]): number[] {
  return [...new Set(values)].toSorted((a, b) => a - b);
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
