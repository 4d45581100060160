import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Counts, zeroCounts } from '../../model/counts.ts';
import type { StreamPlan } from '../../model/plan.ts';
import type { DestinationUnderTest } from '../support/destination-under-test.ts';
import { openDuckDbUnderTest } from '../support/duckdb-under-test.ts';
import { column, contactsPlan, instant } from '../support/staged-records.ts';
import { openTestRun } from '../support/staged-run.ts';

/** Few keys, versions and instants, so that all of them meet. */
interface Staged {
  readonly id: number;
  readonly email: string | null;
  readonly version: number | null;
  readonly observed: number;
}

interface ModelRow extends Omit<Staged, 'id'> {
  readonly stateObserved: number;
  readonly isDeleted: boolean;
}

type Step =
  | { readonly kind: 'merge'; readonly rows: readonly Staged[] }
  | { readonly kind: 'delete'; readonly id: number; readonly observed: number };

const staged = fc.record<Staged>({
  id: fc.integer({ min: 1, max: 4 }),
  email: fc.constantFrom('a', 'b', '', null),
  version: fc.option(fc.integer({ min: 1, max: 3 })),
  observed: fc.integer({ min: 1, max: 9 }),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('merge' as const),
      rows: fc.array(staged, { minLength: 1, maxLength: 8 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('delete' as const),
      id: fc.integer({ min: 1, max: 4 }),
      observed: fc.integer({ min: 1, max: 9 }),
    }),
  },
);

const isGreater = (a: Pick<Staged, 'version' | 'observed'>, b: Pick<Staged, 'version' | 'observed'>) =>
  (a.version ?? 0) > (b.version ?? 0) || ((a.version ?? 0) === (b.version ?? 0) && a.observed > b.observed);

/** Design rule 5 in plain words, over a map. */
function mergeIntoModel(table: Map<number, ModelRow>, rows: readonly Staged[]): Counts {
  const tally = { ...zeroCounts, read: rows.length };
  for (const [id, stagings] of Map.groupBy(rows, (row) => row.id)) {
    const winner = stagings.reduce((best, row) => (isGreater(best, row) ? best : row));
    const stateObserved = Math.max(...stagings.map((row) => row.observed));
    tally.duplicate += stagings.length - 1;
    const present = table.get(id);
    const { email, version, observed } = winner;
    if (present === undefined) {
      tally.inserted++;
      table.set(id, { email, version, observed, stateObserved, isDeleted: false });
      continue;
    }
    const isEqual = present.email === email && present.version === version;
    const wins = !isEqual && isGreater(winner, present);
    const revives = present.isDeleted && stateObserved > present.stateObserved;
    if (wins || revives) {
      tally.updated++;
      table.set(id, {
        ...(wins ? { email, version, observed } : present),
        isDeleted: present.isDeleted && !revives,
        stateObserved: Math.max(present.stateObserved, stateObserved),
      });
    } else if (isEqual && !present.isDeleted) tally.unchanged++;
    else tally.superseded++;
  }
  return tally;
}

describe('merging into DuckDB', () => {
  let under: DestinationUnderTest;
  let tables = 0;
  beforeAll(async () => {
    under = await openDuckDbUnderTest();
  });
  afterAll(() => under.dispose());

  it('equals a map that follows rule 5, batch after batch, repeats included', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(step, fc.boolean()), { minLength: 1, maxLength: 6 }), async (steps) => {
        const name = `t${++tables}`;
        const plan: StreamPlan = {
          ...contactsPlan,
          stream: `crm.${name}`,
          table: { schema: 'hubspot', table: name },
          columns: [column('email', 'text')],
        };
        const run = await openTestRun(under.destination, { run: name, startedAt: instant(0), plan });
        const model = new Map<number, ModelRow>();
        for (const [next, isRepeated] of steps) {
          if (next.kind === 'delete') {
            await deleteRow(name, model, next);
            continue;
          }
          const request = await run.mint(
            next.rows.map(({ id, email, version, observed }) => ({
              id: String(id),
              email,
              _version: version === null ? null : instant(version),
              _observed_at: instant(observed),
            })),
          );
          const expected = mergeIntoModel(model, next.rows);
          for (const isRepeat of isRepeated ? [false, true] : [false]) {
            expect(await run.merge(request)).toEqual({ kind: 'merged', counts: expected, isRepeat });
          }
        }
        const rows = await under.readRows(plan.table);
        expect(new Map(rows.map((row) => [row['id'], pick(row)]))).toEqual(
          new Map([...model].map(([id, row]) => [String(id), modelText(row)])),
        );
      }),
      { numRuns: 40 },
    );
  }, 120_000);

  async function deleteRow(
    name: string,
    model: Map<number, ModelRow>,
    { id, observed }: { id: number; observed: number },
  ) {
    const row = model.get(id);
    if (row === undefined || row.isDeleted || observed <= row.stateObserved) return;
    model.set(id, { ...row, isDeleted: true, stateObserved: observed });
    await under.change(
      `UPDATE {TABLE:${name}} SET _deleted = true, _state_observed_at = TIMESTAMP WITH TIME ZONE '${instant(observed)}' WHERE id = ${id}`,
    );
  }
});

function pick(row: Readonly<Record<string, string | null>>) {
  return ['email', '_version', '_observed_at', '_state_observed_at', '_deleted'].map((name) => row[name]);
}

function modelText(row: ModelRow) {
  const version = row.version === null ? null : instant(row.version);
  return [row.email, version, instant(row.observed), instant(row.stateObserved), String(row.isDeleted)];
}
