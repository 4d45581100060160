import { describe, expect, it } from 'vitest';
import { clockText, parseDurationMs, untilText } from '../../client/duration.ts';
import { parseSince } from '../../client/instant-flag.ts';
import { rejectsText } from '../../client/rejects-text.ts';
import { canRepaint, fitLines } from '../../client/repaint.ts';
import { alignedTable, cutToWidth, tabSeparated } from '../../client/table.ts';

describe('durations', () => {
  it.each([
    ['500ms', 500],
    ['90s', 90_000],
    ['10m', 600_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
  ])('%s', (text, expected) => expect(parseDurationMs(text, '--timeout')).toBe(expected));

  it.each(['', '10', 'm', '-1m', '1.5h', '10 m'])('refuses %j and names the flag', (text) => {
    expect(() => parseDurationMs(text, '--timeout')).toThrow(`--timeout "${text}" is not a duration`);
  });

  it.each([
    [0, '0:00'],
    [-5_000, '0:00'],
    [7_400, '0:07'],
    [760_000, '12:40'],
    [11_100_000, '3:05:00'],
  ])('%d ms on a clock', (durationMs, expected) => expect(clockText(durationMs)).toBe(expected));

  it.each([
    ['2026-11-20T16:05:09.000Z', '16:05 UTC'],
    ['2026-11-20T16:00:09.000Z', '16:00:09 UTC'],
    ['2026-11-21T00:00:00.000Z', '2026-11-21 00:00 UTC'],
    ['soon', 'soon'],
  ])('until %s', (instant, expected) => {
    expect(untilText(instant, new Date('2026-11-20T16:00:00.000Z'))).toBe(expected);
  });
});

describe('tables', () => {
  const columns = [{ title: 'stream' }, { title: 'rows', align: 'right' }, { title: 'state' }] as const;
  const rows = [
    ['crm.contacts', '200,000', 'Done'],
    ['crm.日本', '7', 'Failed: a\nb\tc\u001B[31m'],
  ];

  it('align by what a terminal shows, and let no control character through', () => {
    expect(alignedTable(columns, rows)).toBe(
      'STREAM           ROWS  STATE\n' +
        'crm.contacts  200,000  Done\n' +
        'crm.日本            7  Failed: a b c [31m\n',
    );
  });

  it('stay within the terminal', () => {
    expect(alignedTable(columns, rows, 24).split('\n')[1]).toBe('crm.contacts  200,000  …');
    expect(cutToWidth('日本日本', 5)).toBe('日本…');
    expect(cutToWidth('fits', 4)).toBe('fits');
  });

  it('are one tab-separated line per row in a pipe', () => {
    expect(tabSeparated(columns, rows)).toBe(
      'stream\trows\tstate\n' + 'crm.contacts\t200,000\tDone\n' + 'crm.日本\t7\tFailed: a b c [31m\n',
    );
  });
});

describe('rewriting lines in place', () => {
  it('is for real terminals alone', () => {
    expect(canRepaint({}, { isTerminal: true })).toBe(true);
    expect(canRepaint({}, { isTerminal: false })).toBe(false);
    for (const plain of [{ NO_COLOR: '1' }, { CI: 'true' }, { ACCESSIBLE: '1' }, { TERM: 'dumb' }]) {
      expect(canRepaint(plain, { isTerminal: true })).toBe(false);
    }
  });

  it('keeps to what fits, and counts the rest', () => {
    expect(fitLines(['a', 'b', 'c'], 3)).toEqual(['a', 'b', 'c']);
    expect(fitLines(['a', 'b', 'c', 'd'], 3)).toEqual(['a', 'b', '… and 2 more']);
  });
});

describe('since when', () => {
  const now = new Date('2026-03-01T12:00:00.000Z');

  it.each([
    ['24h', '2026-02-28T12:00:00.000Z'],
    ['7d', '2026-02-22T12:00:00.000Z'],
    ['2026-02-28', '2026-02-28T00:00:00.000Z'],
    ['2026-02-28T01:00:00+02:00', '2026-02-27T23:00:00.000Z'],
  ])('%s', (text, expected) => expect(parseSince(text, '--since', now)).toBe(expected));

  it.each(['yesterday', '2026-02-30', '24', '999999999d'])('refuses %j and names the flag', (text) => {
    expect(() => parseSince(text, '--since', now)).toThrow(`--since "${text}" is not a time ago, a date or an instant`);
  });
});

describe('rejects in words', () => {
  it.each([
    [14, ['crm.contacts'], '14 rejects of crm.contacts'],
    [1, ['crm.contacts'], '1 reject of crm.contacts'],
    [1_400, ['crm.contacts', 'crm.deals'], '1,400 rejects; 2 streams looked at'],
    [0, ['crm.contacts', 'crm.deals'], 'no rejects; 2 streams looked at'],
  ])('%i of %j', (total, streams, expected) => expect(rejectsText(total, streams)).toBe(expected));
});
