import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Counts } from '../../model/counts.ts';
import type { StreamPlan, SyncMode } from '../../model/plan.ts';
import type { StagedTombstone } from '../../model/tombstone.ts';
import type { DestinationUnderTest } from '../support/destination-under-test.ts';
import { openDuckDbUnderTest } from '../support/duckdb-under-test.ts';
import { counts, merged } from '../support/merged-counts.ts';
import { column, contactsPlan, instant, type TestRecord } from '../support/staged-records.ts';
import { openTestRun } from '../support/staged-run.ts';

/** What happens to a record in a minute, where it can. */
type Event = 'nothing' | 'change' | 'archive' | 'restore' | 'merge';

/** A record at the source, in one minute. */
interface Truth {
  readonly version: number;
  readonly isAlive: boolean;
  /** When it was last archived. */
  readonly deletedAt: number;
  readonly mergedInto: string | null;
}

const minutes = 12;
const ids = [1, 2, 3];
const modes = ['backfill', 'softDelete'] as const satisfies readonly SyncMode[];

/** Reads all that is alive, or all that the bin holds and what was merged away. */
type Look = 'page' | 'bin';

interface Reading {
  readonly mode: 0 | 1;
  /** One batch; each look is a minute after the one before. */
  readonly looks: readonly Look[];
}

const life = fc.array(
  fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom<Event>('nothing', 'archive', 'restore') },
    { weight: 2, arbitrary: fc.constant<Event>('change') },
    { weight: 1, arbitrary: fc.constant<Event>('merge') },
  ),
  { minLength: minutes, maxLength: minutes },
);
const reading = fc.record<Reading>({
  mode: fc.constantFrom(0, 1),
  looks: fc.constantFrom<Look[]>(['page'], ['page'], ['bin'], ['page', 'bin'], ['bin', 'page']),
});

function live(events: readonly Event[]): readonly Truth[] {
  const truths: Truth[] = [{ version: 1, isAlive: true, deletedAt: 0, mergedInto: null }];
  events.forEach((event, n) => {
    const now = n + 1;
    const truth = truths.at(-1)!;
    const { isAlive, mergedInto } = truth;
    if (event === 'change' && isAlive) truths.push({ ...truth, version: now + 1 });
    else if (event === 'archive' && isAlive) truths.push({ ...truth, isAlive: false, deletedAt: now });
    else if (event === 'restore' && !isAlive && mergedInto === null) truths.push({ ...truth, isAlive: true });
    else if (event === 'merge' && isAlive) truths.push({ ...truth, isAlive: false, deletedAt: now, mergedInto: '9' });
    else truths.push(truth);
  });
  return truths;
}

const toRecord = (id: number, { version }: Truth, observedAt: string): TestRecord => ({
  id: String(id),
  email: `as of ${version}`,
  _version: instant(version),
  _observed_at: observedAt,
});
const toTombstone = (id: number, { deletedAt, mergedInto }: Truth, observedAt: string): StagedTombstone => [
  String(id),
  mergedInto === null ? 'archived' : 'merged',
  mergedInto === null ? instant(deletedAt) : null,
  mergedInto,
  observedAt,
];

describe('batches of two runs, merged as they come', () => {
  let under: DestinationUnderTest;
  let tables = 0;
  beforeAll(async () => {
    under = await openDuckDbUnderTest();
  });
  afterAll(() => under.dispose());

  /** Merges each run's readings in their order, the runs interleaved by `turns`; then what was doubtful is read again. */
  async function merge(lives: readonly (readonly Truth[])[], readings: readonly Reading[], turns: readonly boolean[]) {
    const name = `t${++tables}`;
    const plan: StreamPlan = {
      ...contactsPlan,
      stream: `crm.${name}`,
      table: { schema: 'hubspot', table: name },
      columns: [column('email', 'text')],
    };
    const start = (mode: SyncMode) =>
      openTestRun(under.destination, { run: `${name} ${mode}`, startedAt: instant(0), plan, mode, keepsListing: true });
    const runs = [await start(modes[0]), await start(modes[1])] as const;

    let now = 0;
    const waiting: [Content[], Content[]] = [[], []];
    const seen = new Map<number, { version: number | null; isAlive: boolean }>();
    const see = (id: number, { version, isAlive }: Truth) => {
      const known = seen.get(id)?.version ?? null;
      seen.set(id, { version: isAlive ? version : known, isAlive });
    };
    for (const { mode, looks } of readings) {
      const content: Content = { records: [], tombstones: [] };
      for (const look of looks) {
        now++;
        ids.forEach((id, n) => {
          const truth = lives[n]![now]!;
          if (truth.isAlive !== (look === 'page')) return;
          see(id, truth);
          if (truth.isAlive) content.records.push(toRecord(id, truth, instant(now)));
          else content.tombstones.push(toTombstone(id, truth, instant(now)));
        });
      }
      waiting[mode].push(content);
    }
    const totals: Counts[] = [];
    for (let turn = 0; waiting[0].length + waiting[1].length > 0; turn++) {
      const wished = turns[turn % turns.length] === true ? 1 : 0;
      const next = waiting[wished].length > 0 ? wished : ((1 - wished) as 0 | 1);
      totals.push(merged(await runs[next].mergeRecords(waiting[next].shift()!)));
    }

    for (const [n, mode] of modes.entries()) {
      const doubtful = await under.destination.readWork(
        { ...plan, run: `${name} ${mode}`, mode, keyType: 'integer', task: 'repair', after: null, limit: 100 },
        new AbortController().signal,
      );
      const content: Content = { records: [], tombstones: [] };
      for (const id of doubtful.map(Number)) {
        const truth = lives[ids.indexOf(id)]!.at(-1)!;
        see(id, truth);
        // After every commit, by any clock.
        const observedAt = `209${n}-01-01T00:00:00.000Z`;
        if (truth.isAlive) content.records.push(toRecord(id, truth, observedAt));
        else content.tombstones.push(toTombstone(id, truth, observedAt));
      }
      totals.push(merged(await runs[n]!.mergeRecords(content)));
    }
    expect(totals.at(-1)!.doubtful + totals.at(-2)!.doubtful).toBe(0);
    return { rows: await under.readRows(plan.table), seen, totals };
  }

  it('leave each row as it was seen last, alive or not, with its newest content', async () => {
    const reached = { restored: 0, superseded: 0, unchanged: 0 };
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(life, life, life),
        fc.array(reading, { minLength: 4, maxLength: minutes / 2 }),
        fc.array(fc.boolean(), { minLength: 1, maxLength: 6 }),
        async (events, readings, turns) => {
          const { rows, seen, totals } = await merge(events.map(live), readings, turns);
          for (const one of totals) for (const name of keysOf(reached)) reached[name] += one[name];
          expect(
            new Map(rows.map((row) => [Number(row['id']), [row['email'], row['_version'], row['_deleted']]])),
          ).toEqual(
            new Map(
              [...seen].map(([id, { version, isAlive }]) => [
                id,
                version === null
                  ? [null, null, String(!isAlive)]
                  : [`as of ${version}`, instant(version), String(!isAlive)],
              ]),
            ),
          );
        },
      ),
      { numRuns: 20 },
    );
    // Else nothing of the above was put to the test.
    expect(keysOf(reached).filter((name) => reached[name] === 0)).toEqual([]);
  }, 180_000);

  const unchanging = Array<Event>(minutes).fill('nothing');
  const leading = (...events: Event[]): readonly (readonly Truth[])[] =>
    [[...events, ...unchanging].slice(0, minutes), unchanging, unchanging].map(live);
  const looks = (...all: [mode: 0 | 1, look: Look][]): Reading[] =>
    all.map(([mode, look]) => ({ mode, looks: [look] }));

  it('leave a record alive that was restored, and seen unchanged before its tombstone was merged', async () => {
    const lives = leading('nothing', 'archive', 'restore');
    const readings = looks([0, 'page'], [1, 'bin'], [0, 'page']);
    const { rows, totals } = await merge(lives, readings, [false, false, true]);
    expect(totals.map(({ doubtful }) => doubtful)).toEqual([0, 0, 1, 0, 0]);
    expect(totals.at(-1)).toEqual(counts({ read: 1, unchanged: 1 }));
    expect(rows.map((row) => row['_deleted'])).toEqual(['false', 'false', 'false']);
  });

  it('leave a record deleted that was restored in between, and of which both tombstones came first', async () => {
    const lives = leading('nothing', 'archive', 'restore', 'archive');
    const readings = looks([0, 'page'], [1, 'bin'], [0, 'page'], [1, 'bin']);
    const { rows, totals } = await merge(lives, readings, [true, true, false, false]);
    expect(totals.map(({ deleted, restored }) => deleted + restored)).toEqual([1, 0, 0, 0, 0, 0]);
    expect(new Map(rows.map((row) => [row['id'], row['_deleted']])).get('1')).toBe('true');
  });
});

interface Content {
  readonly records: TestRecord[];
  readonly tombstones: StagedTombstone[];
}

function keysOf<T extends object>(object: T): (keyof T)[] {
  return Object.keys(object) as (keyof T)[];
}
