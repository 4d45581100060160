import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addCounts, type Counts, zeroCounts } from '../../model/counts.ts';
import type { StreamPlan } from '../../model/plan.ts';
import type { StagedTombstone, TombstoneKind } from '../../model/tombstone.ts';
import type { DestinationUnderTest } from '../support/destination-under-test.ts';
import { openDuckDbUnderTest } from '../support/duckdb-under-test.ts';
import { column, contactsPlan, instant, type TestRecord } from '../support/staged-records.ts';
import { openTestRun } from '../support/staged-run.ts';

/** Few keys, versions and instants, so that all of them meet. */
interface Staged {
  readonly id: number;
  readonly email: string | null;
  readonly version: number | null;
  readonly observed: number;
}

interface Gone {
  readonly id: number;
  readonly kind: TombstoneKind;
  readonly deletedAt: number | null;
  readonly mergedInto: string | null;
  readonly observed: number;
}

interface ModelRow {
  readonly email: string | null;
  readonly version: number | null;
  readonly observed: number | null;
  readonly stateObserved: number;
  readonly isDeleted: boolean;
  readonly deletedAt: number | null;
  readonly mergedInto: string | null;
}

type Table = Map<number, ModelRow>;

interface Chunk {
  readonly rows: readonly Staged[];
  readonly gone: readonly Gone[];
}

const id = fc.integer({ min: 1, max: 4 });
const minute = fc.integer({ min: 1, max: 9 });
const staged = fc.record<Staged>({
  id,
  email: fc.constantFrom('a', 'b', '', null),
  version: fc.option(fc.integer({ min: 1, max: 3 })),
  observed: minute,
});
const gone = fc.record<Gone>({
  id,
  kind: fc.constantFrom('archived', 'merged', 'vanished'),
  deletedAt: fc.option(minute),
  mergedInto: fc.option(fc.constantFrom('1', '2', '7')),
  observed: minute,
});
const chunk = fc.record<Chunk>({
  rows: fc.array(staged, { maxLength: 6 }),
  gone: fc.oneof(fc.constant([]), fc.array(gone, { minLength: 1, maxLength: 4 })),
});

type Order = Pick<Staged, 'version'> & { readonly observed: number | null };
const isGreater = (a: Order, b: Order) =>
  (a.version ?? 0) > (b.version ?? 0) ||
  ((a.version ?? 0) === (b.version ?? 0) && (a.observed ?? 0) > (b.observed ?? 0));

const isErased = ({ isDeleted, version, observed, stateObserved }: ModelRow) =>
  isDeleted && version === null && observed === stateObserved;

/** Rule 5 of docs/spec.md in plain words, over a map: records. */
function mergeRows(table: Table, rows: readonly Staged[]): Counts {
  const tally = { ...zeroCounts, read: rows.length };
  for (const [key, stagings] of Map.groupBy(rows, (row) => row.id)) {
    const winner = stagings.reduce((best, row) => (isGreater(best, row) ? best : row));
    const stateObserved = Math.max(...stagings.map((row) => row.observed));
    tally.duplicate += stagings.length - 1;
    const present = table.get(key);
    const { email, version, observed } = winner;
    const content = { email, version, observed };
    if (present === undefined) {
      tally.inserted++;
      table.set(key, { ...content, stateObserved, isDeleted: false, deletedAt: null, mergedInto: null });
      continue;
    }
    const isEqual = present.email === email && present.version === version;
    const isTooOld = isErased(present) && observed <= present.observed!;
    const wins = !isEqual && isGreater(winner, present) && !isTooOld;
    const revives = present.isDeleted && stateObserved > present.stateObserved;
    if (revives) tally.restored++;
    if (wins || revives) {
      tally.updated++;
      table.set(key, {
        ...present,
        ...(wins ? content : {}),
        ...(revives ? { isDeleted: false, deletedAt: null, mergedInto: null } : {}),
        stateObserved: Math.max(present.stateObserved, stateObserved),
      });
    } else if (isEqual && !present.isDeleted) tally.unchanged++;
    else tally.superseded++;
  }
  return tally;
}

const latest = (values: readonly (number | null)[]): number | null => {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : Math.max(...known);
};

/** Where a survivor was merged away in its turn, what it took in went along, except back into itself. */
function survivorOf(table: Table, named: string, loser: number): string {
  const survivor = table.get(Number(named));
  if (survivor === undefined || !survivor.isDeleted || survivor.mergedInto === null) return named;
  return survivor.mergedInto === String(loser) ? named : survivor.mergedInto;
}

const isElsewhere = (present: ModelRow, { mergedInto, observed }: { mergedInto: string | null; observed: number }) =>
  mergedInto !== null &&
  (present.mergedInto === null || (mergedInto !== present.mergedInto && observed > present.stateObserved));

/** The same: tombstones, after the records that came with them. */
function mergeGone(table: Table, { rows, gone: tombstones }: Chunk, erases: boolean): Counts {
  const tally = { ...zeroCounts, read: tombstones.length, tombstones: tombstones.length };
  const erased = new Map<number, number>();
  const before = new Map(table);
  for (const [key, stagings] of Map.groupBy(tombstones, (one) => one.id)) {
    tally.duplicate += stagings.length - 1;
    const [last] = stagings.toSorted((a, b) => b.observed - a.observed || (a.kind < b.kind ? -1 : 1));
    const { kind, observed } = last!;
    const [into] = stagings
      .filter((one) => one.mergedInto !== null)
      .toSorted((a, b) => b.observed - a.observed || (a.mergedInto! < b.mergedInto! ? -1 : 1));
    const deletedAt = latest(stagings.map((one) => one.deletedAt));
    const mergedInto = into === undefined ? null : survivorOf(before, into.mergedInto!, key);
    const tombstone = { stateObserved: observed, isDeleted: true, deletedAt: deletedAt ?? observed, mergedInto };
    const present = table.get(key);
    const seenAlive = rows.some((row) => row.id === key && row.observed >= observed);
    if (present === undefined) {
      if (kind === 'vanished') tally.unchanged++;
      else {
        tally.inserted++;
        tally.deleted++;
        table.set(key, { email: null, version: null, observed: null, ...tombstone });
      }
    } else if (isErased(present)) tally.unchanged++;
    else if (!present.isDeleted && (present.stateObserved >= observed || seenAlive)) tally.superseded++;
    else if (kind === 'vanished' && erases && present.mergedInto === null) {
      tally.updated++;
      if (!present.isDeleted) tally.deleted++;
      erased.set(key, observed);
      table.set(key, erase({ ...present, deletedAt: present.deletedAt ?? tombstone.deletedAt }, observed));
    } else if (!present.isDeleted) {
      tally.updated++;
      tally.deleted++;
      table.set(key, { ...present, ...tombstone });
    } else if (isElsewhere(present, { mergedInto, observed }) || (deletedAt ?? 0) > present.deletedAt!) {
      const isLater = observed > present.stateObserved;
      tally.updated++;
      table.set(key, {
        ...present,
        stateObserved: Math.max(present.stateObserved, observed),
        deletedAt: latest([present.deletedAt, deletedAt]),
        mergedInto: isLater ? (mergedInto ?? present.mergedInto) : (present.mergedInto ?? mergedInto),
      });
    } else tally.unchanged++;
  }
  return { ...tally, erased: erased.size + eraseMerged(table, erased) };
}

function erase(present: ModelRow, observed: number): ModelRow {
  const erasedAt = Math.max(observed, present.stateObserved);
  return {
    ...present,
    email: null,
    version: null,
    observed: erasedAt,
    stateObserved: erasedAt,
    isDeleted: true,
  };
}

/** Takes along what was merged into the erased, over any number of merges. Returns how many. */
function eraseMerged(table: Table, erased: ReadonlyMap<number, number>): number {
  const reached = new Map(erased);
  for (let grows = true; grows;) {
    grows = false;
    for (const [key, { mergedInto }] of table) {
      const observed = reached.get(Number(mergedInto)) ?? 0;
      if (observed <= (reached.get(key) ?? 0)) continue;
      reached.set(key, observed);
      grows = true;
    }
  }
  const merged = [...reached].filter(([key]) => !erased.has(key) && !isErased(table.get(key)!));
  for (const [key, observed] of merged) table.set(key, erase(table.get(key)!, observed));
  return merged.length;
}

const optionalInstant = (at: number | null) => (at === null ? null : instant(at));

describe('merging into DuckDB', () => {
  let under: DestinationUnderTest;
  let tables = 0;
  beforeAll(async () => {
    under = await openDuckDbUnderTest();
  });
  afterAll(() => under.dispose());

  it('equals a map that follows rule 5, batch after batch, repeats included', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(chunk, fc.boolean()), { minLength: 1, maxLength: 6 }),
        fc.boolean(),
        async (chunks, erases) => {
          const name = `t${++tables}`;
          const plan: StreamPlan = {
            ...contactsPlan,
            stream: `crm.${name}`,
            table: { schema: 'hubspot', table: name },
            columns: [column('email', 'text')],
            onVanished: erases ? 'erase' : 'flag',
          };
          const run = await openTestRun(under.destination, { run: name, startedAt: instant(0), plan });
          const model: Table = new Map();
          for (const [next, isRepeated] of chunks) {
            const request = await run.mint({
              records: next.rows.map(toRecord),
              tombstones: next.gone.map(toTombstone),
            });
            const expected = addCounts(mergeRows(model, next.rows), mergeGone(model, next, erases));
            for (const isRepeat of isRepeated ? [false, true] : [false]) {
              expect(await run.merge(request)).toEqual({ kind: 'merged', counts: expected, isRepeat });
            }
          }
          const rows = await under.readRows(plan.table);
          expect(new Map(rows.map((row) => [row['id'], pick(row)]))).toEqual(
            new Map([...model].map(([key, row]) => [String(key), modelText(row)])),
          );
        },
      ),
      { numRuns: 20 },
    );
  }, 240_000);
});

function toRecord({ id: key, email, version, observed }: Staged): TestRecord {
  return { id: String(key), email, _version: optionalInstant(version), _observed_at: instant(observed) };
}

function toTombstone({ id: key, kind, deletedAt, mergedInto, observed }: Gone): StagedTombstone {
  return [String(key), kind, optionalInstant(deletedAt), mergedInto, instant(observed)];
}

function pick(row: Readonly<Record<string, string | null>>) {
  return ['email', '_version', '_observed_at', '_state_observed_at', '_deleted', '_deleted_at', '_merged_into'].map(
    (name) => row[name],
  );
}

function modelText({ email, version, observed, stateObserved, isDeleted, deletedAt, mergedInto }: ModelRow) {
  const instants = [version, observed, stateObserved].map(optionalInstant);
  return [email, ...instants, String(isDeleted), optionalInstant(deletedAt), mergedInto];
}
