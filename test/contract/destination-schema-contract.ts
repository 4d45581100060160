import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Column, ColumnType } from '../../model/column.ts';
import type { Destination } from '../../model/destination.ts';
import type { StreamPlan, SyncMode } from '../../model/plan.ts';
import type { OpenRunRequest } from '../../model/run.ts';
import type { DestinationUnderTest } from '../support/destination-under-test.ts';
import { comparedPlan, openComparison } from '../support/staged-comparison.ts';
import { column, contactsPlan, instant, type TestRecord, wholeFrontier } from '../support/staged-records.ts';
import { openTestRun } from '../support/staged-run.ts';

const { stream, table } = contactsPlan;
const target = { stream, table };
const noAbort = new AbortController().signal;

const ada: TestRecord = {
  id: '1',
  email: 'ada@example.com',
  amount: '12.50',
  visits: '3',
  is_customer: 'true',
  born_on: '1815-12-10',
  seen_at: '2024-01-01T10:00:00.000Z',
  _version: instant(1),
  _observed_at: instant(10),
};

const without = (name: string) => contactsPlan.columns.filter((one) => one.name !== name);
const hashed = (name: string, type: ColumnType): Column => ({
  ...column(name, 'text'),
  ...(type === 'text' ? {} : { sourceType: type }),
  isHashed: true,
});
const retyped = (name: string, type: ColumnType): readonly Column[] =>
  contactsPlan.columns.map((one) => (one.name === name ? column(name, type) : one));

/** What a run does when the source's properties are no longer those of the table (docs/decisions/0007-schema-contract.md). */
export function describeSchemaContract(name: string, open: () => Promise<DestinationUnderTest>): void {
  describe(`${name} and a table of other columns`, () => {
    let under: DestinationUnderTest;
    let destination: Destination;

    beforeEach(async () => {
      under = await open();
      destination = under.destination;
    });
    afterEach(async () => {
      await under.dispose();
    });

    const fill = async (...records: readonly TestRecord[]) => {
      const run = await openTestRun(destination, { run: 'run-1', startedAt: instant(0) });
      await run.mergeRecords(records);
    };
    const openWith = async (changed: Partial<StreamPlan>, { run = 'run-2', minute = 1 } = {}) => {
      const plan = { ...contactsPlan, ...changed };
      const request: OpenRunRequest = {
        run,
        plan,
        planDigest: 'digest',
        mode: 'backfill',
        scope: 'whole',
        startFrontier: wholeFrontier,
        firstStartedAt: instant(minute),
        resumedFrom: null,
        startReason: 'test',
        access: null,
        keepsListing: false,
        idleRuns: 0,
      };
      await destination.claimRun({ ...target, run, mode: 'backfill', runStartedAt: instant(minute) }, noAbort);
      return destination.openRun(request, noAbort);
    };
    const mergeWith = async (plan: StreamPlan, record: TestRecord) => {
      const run = await openTestRun(destination, { run: 'run-2', startedAt: instant(1), plan });
      return run.mergeRecords([record]);
    };
    const rows = () => under.readRows(table);

    describe('evolve', () => {
      it('adds columns, and says which', async () => {
        await fill(ada);
        const columns = [...contactsPlan.columns, column('city', 'text')];
        const opened = await openWith({ columns });
        expect(opened).toEqual({
          plan: { ...contactsPlan, columns },
          addedColumns: ['city'],
          widenedColumns: [],
        });
        expect(await destination.readPlan({ ...target, run: 'run-2' }, noAbort)).toEqual(opened.plan);
        expect(await openWith({ columns })).toEqual({ plan: opened.plan, addedColumns: [], widenedColumns: [] });
      });

      const widenings: readonly [string, ColumnType, string, string][] = [
        ['visits', 'decimal', '3', '3.000000000'],
        ['visits', 'text', '3', '3'],
        ['amount', 'text', '12.50', '12.5'],
        ['amount', 'text', '-0.000000001', '-0.000000001'],
        ['amount', 'text', '100', '100'],
        ['amount', 'text', '0', '0'],
        ['is_customer', 'text', 'TRUE', 'true'],
        ['born_on', 'text', '0001-01-01', '0001-01-01'],
        ['seen_at', 'text', '2024-01-01T12:00:00+02:00', '2024-01-01T10:00:00.000Z'],
        ['seen_at', 'text', '2024-01-01T10:00:00.123456Z', '2024-01-01T10:00:00.123456Z'],
        ['seen_at', 'integer', '2024-01-01T10:00:00.5Z', '2024-01-01T10:00:00.500Z'],
        ['born_on', 'timestamp', '1815-12-10', '1815-12-10'],
      ];
      it.each(widenings)('widens %s for %s and keeps %s as %s', async (property, type, staged, kept) => {
        await fill({ ...ada, [property]: staged }, { ...ada, id: '2', [property]: null });
        const { plan, widenedColumns } = await openWith({ columns: retyped(property, type) });
        expect(widenedColumns).toEqual([property]);
        const becomes = plan.columns.find((one) => one.name === property)!;
        expect(becomes.sourceType ?? becomes.type).toBe(type);
        expect((await rows()).map((row) => row[property])).toEqual([kept, null]);
      });

      it('makes text of a column that is hashed now, as a table that is new would have it', async () => {
        await fill({ ...ada, visits: '3' });
        const columns = [...without('visits'), hashed('visits', 'integer')];
        const { plan, widenedColumns } = await openWith({ columns });
        expect({ columns: plan.columns, widenedColumns }).toEqual({ columns, widenedColumns: ['visits'] });
        const digest = '1'.repeat(64);
        const outcome = await mergeWith(plan, { ...ada, visits: digest, _observed_at: instant(11) });
        expect(outcome).toMatchObject({ kind: 'merged', counts: { updated: 1, nulledValues: 0 } });
        expect((await rows()).map((row) => row['visits'])).toEqual([digest]);
      });

      it('lists a column that is hashed now with the next comparison, until all rows were compared', async () => {
        const fillDone = async (run: string, minute: number, options: { plan: StreamPlan; mode?: SyncMode }) => {
          const opened = await openTestRun(destination, { run, startedAt: instant(minute), ...options });
          await opened.mergeRecords([ada]);
          await destination.closeRun({ ...target, run, status: 'done', error: null }, noAbort);
          return destination.readPlan({ ...target, run }, noAbort);
        };
        await fillDone('run-1', 0, { plan: contactsPlan });
        const plan = {
          ...contactsPlan,
          columns: [...without('email'), hashed('email', 'text')],
          listedColumns: ['visits'],
        };
        expect((await fillDone('run-2', 1, { plan, mode: 'incremental' })).listedColumns).toEqual(['visits']);
        const reconcile = { plan, mode: 'reconcile' } as const;
        expect((await fillDone('run-3', 2, reconcile)).listedColumns).toEqual(['visits', 'email']);
        expect((await fillDone('run-4', 3, reconcile)).listedColumns).toEqual(['visits']);
      });

      it('spells what comes in afterwards as what was there', async () => {
        await fill({ ...ada, seen_at: '2024-01-01T10:00:00Z' });
        const widened = await openWith({ columns: retyped('amount', 'text') });
        expect(widened.plan.columns.find((one) => one.name === 'amount')).toEqual(column('amount', 'text'));
        // The property is a number once more: the column stays text.
        const { plan } = await openWith({}, { run: 'run-3', minute: 2 });
        expect(plan.columns.find((one) => one.name === 'amount')).toEqual({
          ...column('amount', 'text'),
          sourceType: 'decimal',
        });
        const run = await openTestRun(destination, { run: 'run-3', startedAt: instant(2), plan });
        const outcome = await run.mergeRecords([
          { ...ada, _observed_at: instant(11) },
          { ...ada, id: '2', amount: '7.000' },
          { ...ada, id: '3', amount: '' },
          { ...ada, id: '4', amount: 'many' },
        ]);
        expect(outcome).toMatchObject({
          kind: 'merged',
          counts: { unchanged: 1, inserted: 3, nulledValues: 0 },
        });
        expect((await rows()).map((row) => row['amount'])).toEqual(['12.5', '7', null, 'many']);
      });

      it('leaves columns alone that the source has no longer', async () => {
        await fill(ada);
        const plan = { ...contactsPlan, columns: without('email') };
        await mergeWith(plan, { ...ada, visits: '4', _version: instant(2) });
        expect(await rows()).toMatchObject([{ email: 'ada@example.com', visits: '4' }]);
      });

      it('lets a run of another mode merge on under the narrower plan', async () => {
        await fill(ada);
        const other = await openTestRun(destination, { run: 'other', startedAt: instant(1), mode: 'incremental' });
        await openWith({ columns: retyped('amount', 'text') });
        await under.change("UPDATE {TABLE:contacts} SET amount = 'many' WHERE id = 1");
        const outcome = await other.mergeRecords([
          { ...ada, _version: instant(2), amount: '13.50' },
          { ...ada, id: '2' },
        ]);
        expect(outcome).toMatchObject({ kind: 'merged', counts: { updated: 1, inserted: 1 } });
        expect((await rows()).map((row) => row['amount']).toSorted()).toEqual(['12.5', '13.5']);
      });
    });

    describe('widening in the middle of a run', () => {
      it('changes table, plan and listing, and again nothing', async () => {
        await fill(ada);
        const run = await openComparison(destination);
        await run.list({ records: [{ ...ada, visits: '4', _observed_at: instant(21) }] });
        const request = {
          run: 'reconcile-1',
          mode: 'reconcile',
          plan: comparedPlan,
          columns: [{ name: 'visits', sourceType: 'decimal' }],
        } as const;
        const plan = await destination.widenColumns(request, noAbort);
        expect(plan.columns.find((one) => one.name === 'visits')).toEqual(column('visits', 'decimal'));
        expect(await destination.readPlan({ ...target, run: 'reconcile-1' }, noAbort)).toEqual(plan);
        expect(await destination.widenColumns(request, noAbort)).toEqual(plan);
        expect((await rows()).map((row) => row['visits'])).toEqual(['3.000000000']);
        const { batch, ...rest } = await run.mint({
          kind: 'listing',
          records: [{ ...ada, id: '2', visits: '4.5', _observed_at: instant(21) }],
        });
        expect(await run.merge({ ...rest, plan, batch })).toMatchObject({ kind: 'merged' });
        expect((await run.compare({ plan })).differences).toMatchObject({ recalculated: 1, missing: 1 });
      });

      it('is refused where the contract freezes the table, and left out where it discards', async () => {
        await fill(ada);
        const columns = [{ name: 'visits', sourceType: 'text' }] as const;
        const widen = async (contract: StreamPlan['contract'], run: string, minute: number) => {
          const plan = { ...contactsPlan, contract };
          await openTestRun(destination, { run, startedAt: instant(minute), plan });
          return destination.widenColumns({ run, mode: 'backfill', plan, columns }, noAbort);
        };
        await expect(widen('freeze', 'run-2', 2)).rejects.toMatchObject({ kind: 'SchemaConflict' });
        const kept = await widen('discard', 'run-3', 3);
        expect(kept.columns.find((one) => one.name === 'visits')).toEqual({
          ...column('visits', 'integer'),
          sourceType: 'text',
        });
      });
    });

    describe('freeze', () => {
      const contract = 'freeze';
      it('opens a table that is new', async () => {
        expect(await openWith({ contract })).toMatchObject({ plan: { ...contactsPlan, contract }, addedColumns: [] });
      });

      it('opens a table that is the same', async () => {
        await fill(ada);
        expect(await openWith({ contract })).toMatchObject({ plan: { ...contactsPlan, contract }, addedColumns: [] });
      });

      it('opens a table whose numbers, dates and switches are hashed', async () => {
        const columns = (['decimal', 'date', 'boolean'] as const).map((type) => hashed(`of_${type}`, type));
        await openWith({ contract, columns });
        const { plan } = await openWith({ contract, columns }, { run: 'run-3', minute: 2 });
        expect(plan.columns).toEqual(columns);
      });

      it('stops at a column that is hashed now, and was a number', async () => {
        await fill(ada);
        const columns = [...without('visits'), hashed('visits', 'integer')];
        await expect(openWith({ contract, columns })).rejects.toMatchObject({
          kind: 'SchemaConflict',
          message: expect.stringContaining('of another type: visits'),
        });
      });

      const drifts: readonly [string, Partial<StreamPlan>, string][] = [
        ['a new property', { columns: [...contactsPlan.columns, column('city', 'text')] }, 'new: city'],
        ['a property that is gone', { columns: without('email') }, 'gone: email'],
        ['a property of another type', { columns: retyped('visits', 'text') }, 'of another type: visits'],
        [
          'many at once',
          { columns: ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((one) => column(one, 'text')) },
          'new: a, b, c, d, e and 2 more; gone: email, amount, visits, is_customer, born_on and 1 more',
        ],
      ];
      it.each(drifts)('stops at %s, and changes nothing', async (_, changed, text) => {
        await fill(ada);
        const before = await rows();
        await expect(openWith({ contract, ...changed })).rejects.toMatchObject({
          kind: 'SchemaConflict',
          message: expect.stringMatching(new RegExp(`^crm\\.contacts .*${text}$`)),
          next: expect.any(String),
        });
        expect(await rows()).toEqual(before);
      });
    });

    describe('discard', () => {
      const contract = 'discard';
      it('does not read what the table has no column for', async () => {
        await fill(ada);
        const columns = [column('city', 'text'), ...contactsPlan.columns];
        const { plan, addedColumns } = await openWith({ contract, columns, listedColumns: ['city', 'visits'] });
        expect(plan).toEqual({ ...contactsPlan, contract, listedColumns: ['visits'] });
        expect(addedColumns).toEqual([]);
        expect(Object.keys((await rows())[0]!)).not.toContain('city');
      });

      it('keeps the type, and quarantines what does not fit it', async () => {
        await fill(ada);
        const { plan } = await openWith({ contract, columns: retyped('visits', 'text') });
        expect(plan.columns.find((one) => one.name === 'visits')).toEqual({
          ...column('visits', 'integer'),
          sourceType: 'text',
        });
        const outcome = await mergeWith(plan, { ...ada, id: '2', visits: 'often' });
        expect(outcome).toMatchObject({ kind: 'merged', counts: { inserted: 1, nulledValues: 1 } });
      });

      it('creates a table that is not there', async () => {
        expect(await openWith({ contract })).toMatchObject({ plan: { ...contactsPlan, contract }, addedColumns: [] });
      });
    });

    it.each(['evolve', 'freeze', 'discard'] as const)(
      '%s refuses a column that it could not fill',
      async (contract) => {
        await fill(ada);
        await under.change('ALTER TABLE {TABLE:contacts} ALTER COLUMN visits SET DATA TYPE DOUBLE');
        await expect(openWith({ contract })).rejects.toMatchObject({
          kind: 'SchemaConflict',
          message: expect.stringContaining('visits'),
          next: expect.any(String),
        });
      },
    );

    describe('a column of JSON', () => {
      const columns = [...without('email'), column('email', 'json')];
      const valueOf = (value: unknown): unknown => (typeof value === 'string' ? JSON.parse(value) : value);
      const json = async () =>
        Object.fromEntries((await rows()).map((row) => [String(row['id']), valueOf(row['email'])]));
      const nested = '{"teams": [{"id": "12", "primary": true}], "none": null, "size": 1.5}';

      it('holds the value that is written, and its null is not NULL', async () => {
        const run = await openTestRun(destination, {
          run: 'run-1',
          startedAt: instant(0),
          plan: { ...contactsPlan, columns },
        });
        const values = [nested, 'null', '"text"', '[]', null, ''];
        const records = values.map((email, n) => ({ ...ada, id: String(n), email }));
        const outcome = await run.mergeRecords(records);
        expect(outcome).toMatchObject({ kind: 'merged', counts: { inserted: 6, nulledValues: 0, rejected: 0 } });
        expect(await json()).toEqual({ 0: JSON.parse(nested), 1: null, 2: 'text', 3: [], 4: null, 5: null });
        expect(await under.ask('SELECT id FROM hubspot.contacts WHERE email IS NULL')).toHaveLength(2);
        const again = records.map((record) => ({ ...record, _version: instant(2), _observed_at: instant(11) }));
        expect(await run.mergeRecords(again)).toMatchObject({ counts: { updated: 6 } });
        const unchanged = again.map((record) => ({ ...record, _observed_at: instant(12) }));
        expect(await run.mergeRecords(unchanged)).toMatchObject({ counts: { unchanged: 6 } });
      });

      it('leaves out what is no JSON, and quarantines it', async () => {
        const run = await openTestRun(destination, {
          run: 'run-1',
          startedAt: instant(0),
          plan: { ...contactsPlan, columns },
        });
        const outcome = await run.mergeRecords([
          { ...ada, email: '{"a": 1' },
          { ...ada, id: '2', email: '{"a": 1}' },
        ]);
        expect(outcome).toMatchObject({ counts: { inserted: 2, nulledValues: 1 } });
        expect(await json()).toEqual({ 1: null, 2: { a: 1 } });
        const { rows: rejects } = await destination.listRejects({ ...target, limit: 10 }, noAbort);
        expect(rejects).toMatchObject([{ recordId: '1', column: 'email' }]);
      });

      it('is not made of one that has other values, but becomes text again', async () => {
        await fill(ada);
        await expect(openWith({ columns })).rejects.toMatchObject({
          kind: 'SchemaConflict',
          message: expect.stringContaining('column "email" of hubspot.contacts has values already'),
        });
        const fresh = { table: { schema: 'hubspot', table: 'fresh' }, stream: 'crm.fresh' };
        const run = await openTestRun(destination, {
          run: 'run-3',
          startedAt: instant(3),
          plan: { ...contactsPlan, ...fresh, columns },
        });
        await run.mergeRecords([{ ...ada, email: '[1]' }]);
        const plan = { ...contactsPlan, ...fresh };
        const opened = await openTestRun(destination, { run: 'run-4', startedAt: instant(4), plan });
        expect(await opened.mergeRecords([{ ...ada, id: '2', email: 'x' }])).toMatchObject({ counts: { inserted: 1 } });
        const texts = (await under.readRows(fresh.table)).map((row) => row['email']).toSorted();
        expect(texts).toEqual(['[1]', 'x']);
      });
    });

    it('refuses a key of another type', async () => {
      await fill();
      await expect(openWith({ key: column('id', 'text') })).rejects.toMatchObject({
        kind: 'SchemaConflict',
        message: expect.stringContaining('"id"'),
      });
    });
  });
}
