import { describe, expect, it } from 'vitest';
import { cronGaps, leastGapIn } from '../../model/cron-gaps.ts';
import { dayRules, looksLikeCron, parseCron, type Cron } from '../../model/cron.ts';

function cron(text: string): Cron {
  const read = parseCron(text);
  if ('problem' in read) throw new Error(read.problem);
  return read.cron;
}

const upTo = (first: number, last: number): number[] => Array.from({ length: last - first + 1 }, (_, n) => first + n);
const every = {
  minutes: upTo(0, 59),
  hours: upTo(0, 23),
  daysOfMonth: upTo(1, 31),
  months: upTo(1, 12),
  daysOfWeek: upTo(0, 6),
};

describe('five fields', () => {
  it.each<[string, Partial<Cron>]>([
    ['* * * * *', {}],
    ['0 3 * * *', { minutes: [0], hours: [3] }],
    ['*/20 * * * *', { minutes: [0, 20, 40] }],
    ['5/20 * * * *', { minutes: [5, 25, 45] }],
    ['10-30/10 * * * *', { minutes: [10, 20, 30] }],
    ['7 8-10,20,9 * * *', { minutes: [7], hours: [8, 9, 10, 20] }],
    ['0 0 1,15 jan-MAR *', { minutes: [0], hours: [0], daysOfMonth: [1, 15], months: [1, 2, 3] }],
    ['0 0 * * mon-fri', { minutes: [0], hours: [0], daysOfWeek: [1, 2, 3, 4, 5] }],
    ['0 0 * * 5-7', { minutes: [0], hours: [0], daysOfWeek: [0, 5, 6] }],
    ['0 0 * * 7,sun', { minutes: [0], hours: [0], daysOfWeek: [0] }],
    ['0 0 * * */2', { minutes: [0], hours: [0], daysOfWeek: [0, 2, 4, 6] }],
    ['  0   3\t* * * ', { minutes: [0], hours: [3] }],
  ])('%s', (text, change) => expect(cron(text)).toEqual({ ...every, ...change }));

  it.each([
    ['60 * * * *', 'minute'],
    ['* 24 * * *', 'hour'],
    ['* * 0 * *', 'day of the month'],
    ['* * 32 * *', 'day of the month'],
    ['* * * 13 *', 'month'],
    ['* * * foo *', 'month'],
    ['* * * * 8', 'weekday'],
    ['* * * * fri-mon', 'weekday'],
    ['5-1 * * * *', 'minute'],
    ['*/0 * * * *', 'minute'],
    ['1, * * * *', 'minute'],
    ['1-2-3 * * * *', 'minute'],
    ['jan * * * *', 'minute'],
    ['-1 * * * *', 'minute'],
    ['1.5 * * * *', 'minute'],
  ])('%s has a wrong %s', (text, field) => {
    expect(parseCron(text)).toEqual({ problem: expect.stringContaining(`its ${field} must be *`) as string });
  });

  it('are five', () => {
    expect(looksLikeCron('0 3 * * *')).toBe(true);
    expect(['5m', '0 3 * *', '0 0 3 * * *', '@daily', ''].map(looksLikeCron)).not.toContain(true);
    expect(parseCron('0 0 3 * * *')).toEqual({ problem: 'must have five fields: minute hour day month weekday' });
  });

  it('name a day of the month or a weekday where they name both', () => {
    expect(dayRules(cron('0 0 13 * fri'))).toEqual([
      { daysOfMonth: [13], daysOfWeek: every.daysOfWeek },
      { daysOfMonth: every.daysOfMonth, daysOfWeek: [5] },
    ]);
    expect(dayRules(cron('0 0 13 * *'))).toEqual([{ daysOfMonth: [13], daysOfWeek: every.daysOfWeek }]);
  });
});

describe('the gaps of a calendar', () => {
  const minuteMs = 60_000;
  const hourMs = 60 * minuteMs;
  const dayMs = 24 * hourMs;
  it.each<[string, number, number]>([
    ['* * * * *', minuteMs, minuteMs],
    ['*/7 * * * *', 4 * minuteMs, 7 * minuteMs],
    ['0 3 * * *', dayMs, dayMs],
    ['0 3,8 * * *', 5 * hourMs, 19 * hourMs],
    ['0 9-17 * * mon-fri', hourMs, 64 * hourMs],
    ['0 3 * * sun', 7 * dayMs, 7 * dayMs],
    ['0 3 1 * *', 28 * dayMs, 31 * dayMs],
    ['0 3 31 * *', 31 * dayMs, 61 * dayMs],
    ['0 3 29 2 *', 4 * 365 * dayMs + dayMs, 4 * 365 * dayMs + dayMs],
    ['0 0 1 1 *', 365 * dayMs, 366 * dayMs],
    ['0 0 1,8,15,22 * sun', dayMs, 7 * dayMs],
  ])('%s', (text, leastMs, mostMs) => expect(cronGaps(cron(text))).toEqual({ leastMs, mostMs }));

  it('are none where no day fits', () => expect(cronGaps(cron('0 0 31 4,6,9,11 *'))).toBeNull());

  it('lose an hour where clocks change, unless they are shorter', () => {
    expect(leastGapIn('UTC', dayMs)).toBe(dayMs);
    expect(leastGapIn('Europe/Berlin', dayMs)).toBe(23 * hourMs);
    expect(leastGapIn('Europe/Berlin', hourMs)).toBe(hourMs);
    expect(leastGapIn('Europe/Berlin', 90 * minuteMs)).toBe(30 * minuteMs);
  });
});
