import { describe, expect, it } from 'vitest';
import { offerHeld } from '../../activities/offer-held.ts';
import { isFrontierEmpty, type Frontier } from '../../model/frontier.ts';
import { decideHold, heldText, type HoldQuestion } from '../../model/held-changes.ts';
import { windowSince } from '../../model/positions.ts';
import { batchOf as batch, nothingUnread as read, sampleHeld as held } from '../support/sample-held.ts';

const unread: Frontier = { kind: 'idRanges', ranges: [{ from: '0', to: null }] };
const question: HoldQuestion = {
  hold: { intervalMs: 600_000, mostBatches: 4 },
  held,
  lookedAt: '2026-11-20T12:02:00.000Z',
  isAsked: false,
  found: { isComplete: true, records: 10, plan: 'plan', layout: 'layout' },
  chunkRecords: 100,
  now: '2026-11-20T12:04:00.000Z',
  gapMs: 120_000,
};

describe('changes', () => {
  it('wait from the look before the first of them, to the end of the interval', () => {
    expect(decideHold(question)).toEqual({ kind: 'hold', since: held.since, dueAt: held.dueAt });
    expect(decideHold({ ...question, held: null })).toMatchObject({ kind: 'hold', since: question.lookedAt });
  });

  it.each<[reason: string, change: Partial<HoldQuestion>]>([
    ['notHeld', { hold: null }],
    ['asked', { isAsked: true }],
    ['unknownSince', { held: null, lookedAt: null }],
    ['incomplete', { found: { ...question.found, isComplete: false } }],
    ['due', { now: '2026-11-20T12:10:00.000Z' }],
    // The next run would come a minute after the end.
    ['due', { now: '2026-11-20T12:09:00.000Z' }],
    // A schedule that hands on nothing, or the same for ever, must not make changes wait for ever.
    ['due', { held: null, lookedAt: '2026-11-20T11:00:00.000Z' }],
    ['enough', { hold: { intervalMs: 600_000, mostBatches: 3 } }],
    ['enough', { chunkRecords: 30 }],
    ['otherPlan', { found: { ...question.found, plan: 'other' } }],
    ['otherPlan', { found: { ...question.found, layout: 'other' } }],
  ])('are merged: %s', (reason, change) => {
    expect(decideHold({ ...question, ...change })).toEqual({ kind: 'apply', reason });
  });

  it.each<[what: string, change: Partial<HoldQuestion>]>([
    ['when the next run is nearer to the end', { now: '2026-11-20T12:08:59.000Z' }],
    ['when nothing new was found', { found: { ...question.found, records: 0, layout: 'other' } }],
  ])('still wait %s', (_, change) => {
    expect(decideHold({ ...question, ...change })).toMatchObject({ kind: 'hold' });
  });

  it('that wait are told of', () => {
    expect(heldText(held)).toBe('20 changes wait, to be merged at 12:10 UTC');
    const dueAt = '2026-11-21T00:10:00.000Z';
    expect(heldText({ ...held, batches: [batch('a', { records: 1 })], dueAt })).toBe(
      '1 change waits, to be merged at 2026-11-21 00:10 UTC',
    );
  });
});

describe('what waited, as the first batches of the run that merges it', () => {
  const order = { run: 'run-9', startFrontier: unread, frontierAfter: read };

  it('is one batch where all was staged in one form', () => {
    const [only, ...others] = offerHeld([batch('a'), batch('b'), batch('c')], order);
    expect(others).toEqual([]);
    expect(only).toMatchObject({
      sequence: 1,
      predecessor: null,
      joined: ['a', 'b', 'c'],
      frontierAfter: read,
      requests: { requests: 9 },
      stage: { records: { rowCount: 30 } },
    });
  });

  it('is several where it was not, of which only the last leaves nothing to be read', () => {
    const gone = { absentColumns: ['phone'] };
    const offered = offerHeld([batch('a'), batch('b', gone), batch('c', gone)], order);
    expect(offered.map(({ sequence, joined }) => [sequence, joined])).toEqual([
      [1, ['a']],
      [2, ['b', 'c']],
    ]);
    expect(offered[1]!.predecessor).toBe(offered[0]!.batchId);
    expect(offered.map(({ frontierAfter }) => isFrontierEmpty(frontierAfter))).toEqual([false, true]);
  });

  it('has names of its own in every run, and the same ones in every attempt of it', () => {
    const names = (run: string) => offerHeld([batch('a'), batch('b')], { ...order, run }).map(({ batchId }) => batchId);
    expect(names('run-9')).toEqual(names('run-9'));
    expect(names('run-9')).not.toEqual(names('run-8'));
  });
});

it('a window since the positions of the ledger holds both passes of every run since', () => {
  const positions = { fast: '2026-11-20T12:00:00.000Z', settled: '2026-11-20T11:00:00.000Z' };
  const to = '2026-11-20T12:10:00.999Z';
  expect(windowSince(positions, { overlapMs: 300_000 }, to)).toEqual({ from: '2026-11-20T11:00:00.000Z', to });
  expect(windowSince(positions, { overlapMs: 7_200_000 }, to)).toEqual({ from: '2026-11-20T10:00:00.000Z', to });
});
