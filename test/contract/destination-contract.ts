import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stageFiles } from '../../model/batch.ts';
import { type Counts, zeroCounts } from '../../model/counts.ts';
import type { Destination } from '../../model/destination.ts';
import type { StreamPlan } from '../../model/plan.ts';
import type { TableName } from '../../model/stream-table.ts';
import type { DestinationUnderTest } from '../support/destination-under-test.ts';
import { counts, merged } from '../support/merged-counts.ts';
import {
  ada,
  bob,
  column,
  contactsPlan,
  frontierFrom,
  instant,
  type TestChunk,
  type TestRecord,
  wholeFrontier,
} from '../support/staged-records.ts';
import { openTestRun } from '../support/staged-run.ts';

const { stream, table } = contactsPlan;
const target = { stream, table };
const noAbort = new AbortController().signal;

/** One scenario for every destination: what `Destination` promises, rule by rule of docs/spec.md. */
export function describeDestination(name: string, open: () => Promise<DestinationUnderTest>): void {
  describe(`${name} as a destination`, () => {
    let under: DestinationUnderTest;
    let destination: Destination;

    beforeEach(async () => {
      under = await open();
      destination = under.destination;
    });
    afterEach(async () => {
      await under.dispose();
    });

    const openRun = (run = 'run-1', minute = 0, plan: StreamPlan = contactsPlan) =>
      openTestRun(destination, { run, startedAt: instant(minute), plan });
    const contacts = () => under.readRows(table);
    const contact = async (id: string) => (await contacts()).find((row) => row['id'] === id);
    const system = (tableName: string) => under.readRows({ schema: table.schema, table: tableName });

    it('answers questions about a stream that never ran', async () => {
      expect(await destination.countRows(target, noAbort)).toBeNull();
      expect(await destination.listRuns({ ...target, limit: 10 }, noAbort)).toEqual([]);
      expect(await destination.listRejects({ ...target, limit: 10 }, noAbort)).toEqual({ total: 0, rows: [] });
      const findings = await destination.check({ schemas: [table.schema], incrementalGapsMs: [120_000] }, noAbort);
      expect(findings.filter(({ status }) => status === 'failed')).toEqual([]);
    });

    it('creates the table and loads typed values exactly', async () => {
      const run = await openRun();
      expect(merged(await run.mergeRecords([ada, bob]))).toEqual(counts({ read: 2, inserted: 2 }));
      expect(await contact('1')).toMatchObject({
        email: 'ada@example.com',
        amount: '12.500000000',
        visits: '3',
        is_customer: 'true',
        born_on: '1815-12-10',
        seen_at: '2024-01-01T10:00:00.123Z',
        _version: instant(1),
        _observed_at: instant(10),
        _state_observed_at: instant(10),
        _deleted: 'false',
        _deleted_at: null,
        _merged_into: null,
      });
      expect(await contact('9007199254740993')).toMatchObject({ amount: '99999999999999999999.999999999' });
      expect(await destination.countRows(target, noAbort)).toEqual({ live: 2, deleted: 0 });
    });

    it('merges an empty batch', async () => {
      const run = await openRun();
      expect(merged(await run.mergeRecords([]))).toEqual(zeroCounts);
      const [row] = await destination.listRuns({ ...target, limit: 1 }, noAbort);
      expect(row).toMatchObject({ run: 'run-1', batches: 1, status: 'running' });
    });

    describe('content is ordered by version, then observation', () => {
      const cases: { title: string; staged: TestRecord; expected: Partial<Counts>; email: string }[] = [
        {
          title: 'newer version',
          staged: { _version: instant(2), email: 'new' },
          expected: { updated: 1 },
          email: 'new',
        },
        {
          title: 'older version',
          staged: { _version: instant(0), email: 'old' },
          expected: { superseded: 1 },
          email: 'ada@example.com',
        },
        {
          title: 'same version, seen later',
          staged: { _observed_at: instant(11), email: 'new' },
          expected: { updated: 1 },
          email: 'new',
        },
        {
          title: 'same version, seen earlier',
          staged: { _observed_at: instant(9), email: 'old' },
          expected: { superseded: 1 },
          email: 'ada@example.com',
        },
        {
          title: 'same version and observation',
          staged: { email: 'other' },
          expected: { superseded: 1 },
          email: 'ada@example.com',
        },
        {
          title: 'no version, seen later',
          staged: { _version: null, _observed_at: instant(20), email: 'x' },
          expected: { superseded: 1 },
          email: 'ada@example.com',
        },
        {
          title: 'equal content seen later',
          staged: { _observed_at: instant(20) },
          expected: { unchanged: 1 },
          email: 'ada@example.com',
        },
        {
          title: 'a value cleared',
          staged: { _version: instant(2), email: null },
          expected: { updated: 1 },
          email: 'null',
        },
      ];
      it.each(cases)('$title', async ({ staged, expected, email }) => {
        const run = await openRun();
        await run.mergeRecords([ada]);
        expect(merged(await run.mergeRecords([{ ...ada, ...staged }]))).toEqual(counts({ read: 1, ...expected }));
        expect(String((await contact('1'))?.['email'])).toBe(email);
      });

      it('a version over none, then none against it', async () => {
        const run = await openRun();
        await run.mergeRecords([{ ...ada, _version: null, _observed_at: instant(30) }]);
        expect(merged(await run.mergeRecords([{ ...ada, email: 'v', _observed_at: instant(5) }])).updated).toBe(1);
        expect((await contact('1'))?.['email']).toBe('v');
      });

      it('without versions the later observation wins', async () => {
        const run = await openRun();
        await run.mergeRecords([{ ...ada, _version: null }]);
        const later = { ...ada, _version: null, email: 'later', _observed_at: instant(11) };
        const earlier = { ...ada, _version: null, email: 'earlier', _observed_at: instant(9) };
        expect(merged(await run.mergeRecords([earlier])).superseded).toBe(1);
        expect(merged(await run.mergeRecords([later])).updated).toBe(1);
        expect((await contact('1'))?.['email']).toBe('later');
      });
    });

    it('writes nothing for an unchanged repeat', async () => {
      const run = await openRun();
      await run.mergeRecords([ada, bob]);
      const before = await contacts();
      expect(merged(await run.mergeRecords([ada, bob]))).toEqual(counts({ read: 2, unchanged: 2 }));
      expect(await contacts()).toEqual(before);
    });

    it('the same batch twice is one batch, stage gone or not', async () => {
      const run = await openRun();
      const request = await run.mint([ada]);
      const first = await run.merge(request);
      expect(await run.merge(request)).toEqual({ ...first, isRepeat: true });
      for (const { path } of stageFiles(request.batch.stage)) await under.removeStaged(path);
      expect(await run.merge(request)).toEqual({
        kind: 'merged',
        counts: counts({ read: 1, inserted: 1 }),
        isRepeat: true,
      });
      expect(await system('sync_batches')).toHaveLength(1);
    });

    it('keeps one of several stagings of a record, by version, observation, order', async () => {
      const run = await openRun();
      const outcome = await run.mergeRecords(
        [
          { ...ada, email: 'newest version', _version: instant(5), _observed_at: instant(1) },
          { ...ada, email: 'seen later', _version: instant(4), _observed_at: instant(9) },
          { ...ada, email: 'no version', _version: null, _observed_at: instant(50) },
          { ...bob, email: 'first' },
          { ...bob, email: 'second' },
        ],
        { fileCount: 3 },
      );
      expect(merged(outcome)).toEqual(counts({ read: 5, duplicate: 3, inserted: 2 }));
      expect(await contact('1')).toMatchObject({
        email: 'newest version',
        _observed_at: instant(1),
        _state_observed_at: instant(50),
      });
      expect((await contact('9007199254740993'))?.['email']).toBe('second');
    });

    describe('live or deleted goes by observation alone', () => {
      const deleteAda = (minute: number): TestChunk => ({
        tombstones: [['1', 'merged', instant(minute), '2', instant(minute)]],
      });
      const cases: { title: string; staged: TestRecord; expected: Partial<Counts>; deleted: string; email: string }[] =
        [
          {
            title: 'equal content seen later revives',
            staged: { _observed_at: instant(21) },
            expected: { updated: 1, restored: 1 },
            deleted: 'false',
            email: 'ada@example.com',
          },
          {
            title: 'older content seen later revives, its content does not win',
            staged: { _observed_at: instant(21), _version: instant(0), email: 'old' },
            expected: { updated: 1, restored: 1 },
            deleted: 'false',
            email: 'ada@example.com',
          },
          {
            title: 'newer content seen later revives and wins',
            staged: { _observed_at: instant(21), _version: instant(2), email: 'new' },
            expected: { updated: 1, restored: 1 },
            deleted: 'false',
            email: 'new',
          },
          {
            title: 'newer content seen earlier wins and stays deleted',
            staged: { _observed_at: instant(19), _version: instant(2), email: 'new' },
            expected: { updated: 1 },
            deleted: 'true',
            email: 'new',
          },
          {
            title: 'equal content seen earlier changes nothing',
            staged: { _observed_at: instant(19) },
            expected: { superseded: 1 },
            deleted: 'true',
            email: 'ada@example.com',
          },
          {
            title: 'seen at the same instant stays deleted',
            staged: { _observed_at: instant(20) },
            expected: { superseded: 1 },
            deleted: 'true',
            email: 'ada@example.com',
          },
        ];
      it.each(cases)('$title', async ({ staged, expected, deleted, email }) => {
        const run = await openRun();
        await run.mergeRecords([ada, bob]);
        await run.mergeRecords(deleteAda(20));
        expect(merged(await run.mergeRecords([{ ...ada, ...staged }]))).toEqual(counts({ read: 1, ...expected }));
        const row = await contact('1');
        expect(row).toMatchObject({ _deleted: deleted, email });
        expect(row?.['_deleted_at']).toBe(deleted === 'true' ? instant(20) : null);
        expect(row?.['_merged_into']).toBe(deleted === 'true' ? '2' : null);
        const observed = staged['_observed_at']!;
        expect(row?.['_state_observed_at']).toBe(observed > instant(20) ? observed : instant(20));
      });

      it('a staging that loses its content still shows the record alive', async () => {
        const run = await openRun();
        await run.mergeRecords([ada]);
        await run.mergeRecords(deleteAda(20));
        const outcome = await run.mergeRecords([
          { ...ada, email: 'new', _version: instant(2), _observed_at: instant(15) },
          { ...ada, _observed_at: instant(30) },
        ]);
        expect(merged(outcome)).toEqual(counts({ read: 2, duplicate: 1, updated: 1, restored: 1 }));
        expect(await contact('1')).toMatchObject({ email: 'new', _deleted: 'false', _state_observed_at: instant(30) });
      });
    });

    it('tells null from an empty string, and clears what is not text', async () => {
      const run = await openRun();
      const cleared = { amount: '', visits: '', is_customer: '', born_on: '', seen_at: '' };
      const outcome = await run.mergeRecords([
        { ...ada, ...cleared, email: '' },
        { ...bob, email: null },
      ]);
      expect(merged(outcome)).toEqual(counts({ read: 2, inserted: 2 }));
      expect(await contact('1')).toMatchObject({
        email: '',
        amount: null,
        visits: null,
        is_customer: null,
        born_on: null,
        seen_at: null,
      });
      expect((await contact('9007199254740993'))?.['email']).toBeNull();
      expect(await system('sync_errors')).toEqual([]);
    });

    it('quarantines values that do not convert and records without a key', async () => {
      const run = await openRun();
      const outcome = await run.mergeRecords([
        {
          ...ada,
          visits: '1.5',
          amount: '0.1234567891',
          is_customer: 'yes',
          born_on: '2024-02-30',
          seen_at: '2024-01-01T00:00:00',
        },
        { ...bob, amount: '123456789012345678901234567890', born_on: '2024-1-1', visits: under.tooLargeInteger },
        { ...ada, id: null, email: 'no key "at all"', visits: 'x' },
        { ...ada, id: 'abc' },
      ]);
      expect(merged(outcome)).toEqual(counts({ read: 4, rejected: 2, inserted: 2, nulledValues: 8 }));
      expect(await contact('1')).toMatchObject({
        visits: null,
        amount: null,
        is_customer: null,
        born_on: null,
        seen_at: null,
      });
      const errors = await system('sync_errors');
      expect(
        errors
          .filter((row) => row['record_id'] === '1')
          .map((row) => [row['column_name'], row['payload'], row['column_type']])
          .sort(),
      ).toEqual([
        ['amount', '0.1234567891', expect.any(String)],
        ['born_on', '2024-02-30', expect.any(String)],
        ['is_customer', 'yes', expect.any(String)],
        ['seen_at', '2024-01-01T00:00:00', expect.any(String)],
        ['visits', '1.5', expect.any(String)],
      ]);
      const keyless = errors.find((row) => row['record_id'] === null);
      expect(keyless?.['reason']).toBe('record has no key');
      expect(JSON.parse(keyless!['payload']!)).toMatchObject({ id: null, email: 'no key "at all"', visits: 'x' });
      expect(errors.find((row) => row['record_id'] === 'abc')?.['reason']).toMatch(/^key does not convert to /);
      expect(errors.every((row) => row['observed_at'] === instant(10) && row['run'] === 'run-1')).toBe(true);

      const listed = await destination.listRejects({ ...target, limit: 3 }, noAbort);
      expect(listed.total).toBe(10);
      expect(listed.rows).toHaveLength(3);
      expect(JSON.stringify(listed)).not.toContain('0.1234567891');
    });

    it('reports what does not convert, where that was asked for, and writes nothing', async () => {
      const run = await openRun();
      const records = [
        { ...ada, visits: '1.5', born_on: 'once' },
        { ...bob, visits: 'x' },
        { ...ada, id: null },
      ];
      const request = await run.mint(records, { onNulled: 'report' });
      expect(await run.merge(request)).toEqual({ kind: 'nulled', columns: ['visits', 'born_on'] });
      expect(await contacts()).toEqual([]);
      expect(await system('sync_errors')).toEqual([]);
      expect(merged(await run.merge({ ...request, onNulled: 'quarantine' }))).toMatchObject({ nulledValues: 3 });
    });

    it('merges what was to be reported, where everything converts', async () => {
      const run = await openRun();
      const outcome = await run.mergeRecords([ada, { ...ada, id: null, visits: 'x' }], { onNulled: 'report' });
      expect(merged(outcome)).toEqual(counts({ read: 2, rejected: 1, inserted: 1 }));
    });

    describe('columns that the source had no longer', () => {
      const absent = (...records: readonly TestRecord[]): TestChunk => ({
        records,
        absentColumns: ['visits', 'email'],
      });
      const without: TestRecord = { ...ada, visits: null, email: null };

      it('keep what rows have, and are NULL in new ones', async () => {
        const run = await openRun();
        await run.mergeRecords([ada]);
        const outcome = await run.mergeRecords(
          absent({ ...without, amount: '7', _version: instant(2) }, { ...without, id: '2' }),
        );
        expect(merged(outcome)).toEqual(counts({ read: 2, inserted: 1, updated: 1 }));
        expect(await contact('1')).toMatchObject({ visits: '3', email: 'ada@example.com', amount: '7.000000000' });
        expect(await contact('2')).toMatchObject({ visits: null, email: null });
      });

      it('make no difference', async () => {
        const run = await openRun();
        await run.mergeRecords([ada]);
        expect(merged(await run.mergeRecords(absent({ ...without, _observed_at: instant(20) })))).toEqual(
          counts({ read: 1, unchanged: 1 }),
        );
      });
    });

    it('takes any name for a schema, a table or a column', async () => {
      const hostile = `we"ird'; drop table "x`;
      const named = { schema: hostile, table: `${hostile} of contacts` };
      const links = { schema: hostile, table: `${hostile} of links` };
      const plan: StreamPlan = {
        ...contactsPlan,
        stream: `crm.${hostile}`,
        table: named,
        key: column(`${hostile} key`, 'integer'),
        columns: [column(hostile, 'integer'), { ...column('c0', 'text'), property: hostile }],
        listedColumns: [hostile],
        onVanished: 'erase',
        associations: [{ to: 'companies', table: links }],
      };
      const record = (id: string, value: string): TestRecord => ({
        [plan.key.name]: id,
        [hostile]: value,
        c0: 'text',
        _version: instant(1),
        _observed_at: instant(10),
      });
      const run = await openTestRun(destination, { run: hostile, startedAt: instant(0), plan, keepsListing: true });
      const outcome = await run.mergeRecords({
        records: [record('1', '7'), record('2', 'x'), record('3', '8'), record('none', '9')],
        tombstones: [
          ['3', 'archived', null, null, instant(20)],
          ['4', 'merged', null, hostile, instant(20)],
        ],
        associations: [
          { table: links, heads: [['1', instant(10)]], links: [['1', '70', hostile, hostile, hostile, instant(10)]] },
        ],
      });
      expect(merged(outcome)).toMatchObject({
        read: 6,
        rejected: 1,
        nulledValues: 1,
        inserted: 4,
        deleted: 2,
        linked: 1,
      });
      expect(
        merged(await run.mergeRecords({ kind: 'listing', records: [record('1', '7'), record('3', 'x')] })),
      ).toEqual(counts({ listed: 2 }));
      const again = { ...record('2', '5'), _version: instant(2) };
      const vanishing = { records: [again], tombstones: [['1', 'vanished', null, null, instant(20)]] } as const;
      expect(merged(await run.mergeRecords(vanishing))).toMatchObject({ updated: 2, erased: 1 });
      const escaped = (name: string) => name.replaceAll('"', '""');
      const read = ({ schema, table: name }: TableName) =>
        under.readRows({ schema: escaped(schema), table: escaped(name) });
      const rows = await read(named);
      expect(new Map(rows.map((row) => [row[plan.key.name], [row[hostile], row['_deleted']]]))).toEqual(
        new Map([
          ['1', [null, 'true']],
          ['2', ['5', 'false']],
          ['3', ['8', 'true']],
          ['4', [null, 'true']],
        ]),
      );
      expect(await read(links)).toEqual([]);
    });

    it('accepts every spelling of a value that loses nothing', async () => {
      const run = await openRun();
      const spellings: TestRecord[] = [
        { amount: '-0.000000001', is_customer: 'TRUE', seen_at: '2024-01-01T12:00:00.123456+02:00' },
        { amount: '+12345678901234567.5', is_customer: 'False', seen_at: '2024-01-01 12:00:00Z' },
        {
          amount: '99999999999999999999999999999.999999999',
          visits: '-9223372036854775808',
          seen_at: '2024-01-01T12:00:00.5000000000+0000',
        },
        {
          amount: '1.50000000000000',
          visits: '9223372036854775807',
          born_on: '0001-01-01',
          seen_at: '2024-01-01T12:00:00+02',
        },
        { amount: '000000000000000000012', visits: '+7', born_on: '9999-12-31', seen_at: '2024-01-01t05:30:00-0430' },
        { amount: '1', seen_at: '2024-01-01T10:00:00z' },
      ];
      const outcome = await run.mergeRecords(spellings.map((some, n) => ({ ...ada, ...some, id: String(n) })));
      expect(merged(outcome)).toEqual(counts({ read: 6, inserted: 6 }));
      const rows = (await contacts()).toSorted((a, b) => Number(a['id']) - Number(b['id']));
      expect(rows.map((row) => row['amount'])).toEqual([
        '-0.000000001',
        '12345678901234567.500000000',
        '99999999999999999999999999999.999999999',
        '1.500000000',
        '12.000000000',
        '1.000000000',
      ]);
      expect(rows.map((row) => row['visits'])).toEqual([
        '3',
        '3',
        '-9223372036854775808',
        '9223372036854775807',
        '7',
        '3',
      ]);
      expect(rows.map((row) => row['seen_at'])).toEqual([
        '2024-01-01T10:00:00.123456Z',
        '2024-01-01T12:00:00.000Z',
        '2024-01-01T12:00:00.500Z',
        '2024-01-01T10:00:00.000Z',
        '2024-01-01T10:00:00.000Z',
        '2024-01-01T10:00:00.000Z',
      ]);
    });

    it('widens the table and keeps what is there', async () => {
      await (await openRun()).mergeRecords([ada]);
      await under.change('ALTER TABLE {TABLE:contacts} ADD COLUMN mine VARCHAR');
      const wider: StreamPlan = { ...contactsPlan, columns: [...contactsPlan.columns, column('city', 'text')] };
      const run = await openRun('run-2', 1, wider);
      expect(
        merged(
          await run.mergeRecords([
            { ...ada, city: 'London', _version: instant(2) },
            { ...bob, city: 'Oslo' },
          ]),
        ),
      ).toEqual(counts({ read: 2, inserted: 1, updated: 1 }));
      expect(await contact('1')).toMatchObject({ city: 'London', email: 'ada@example.com', mine: null });
      expect(await destination.readPlan({ ...target, run: 'run-2' }, noAbort)).toEqual(wider);
    });

    it('refuses a column of another type where columns are frozen', async () => {
      await openRun();
      const columns = contactsPlan.columns.map((one) => (one.name === 'visits' ? column('visits', 'text') : one));
      await expect(openRun('run-2', 1, { ...contactsPlan, contract: 'freeze', columns })).rejects.toMatchObject({
        kind: 'SchemaConflict',
        message: expect.stringContaining('visits'),
        next: expect.any(String),
      });
    });

    it('passes the claim to a newer run only, and fences the older', async () => {
      const first = await openRun('run-1', 5);
      const request = await first.mint([ada]);
      await expect(openRun('run-0', 4)).rejects.toMatchObject({ kind: 'Fenced' });
      await expect(openRun('run-x', 5)).rejects.toMatchObject({ kind: 'Fenced' });
      await openRun('run-2', 6);
      await expect(first.merge(request)).rejects.toMatchObject({ kind: 'Fenced' });
      expect(await contacts()).toEqual([]);
      expect(
        (await destination.listRuns({ ...target, limit: 5 }, noAbort)).map(({ run, status }) => [run, status]),
      ).toEqual([
        ['run-2', 'running'],
        ['run-1', 'lost'],
      ]);
      const softDelete = await openTestRun(destination, { run: 'run-3', startedAt: instant(1), mode: 'softDelete' });
      expect(merged(await softDelete.mergeRecords([ada])).inserted).toBe(1);
    });

    it('fences batches of an older generation', async () => {
      const run = await openRun();
      const request = await run.mint([ada]);
      await under.change("UPDATE {TABLE:sync_fence} SET generation = generation + 1 WHERE stream = 'crm.contacts'");
      await expect(run.merge(request)).rejects.toMatchObject({
        kind: 'Fenced',
        message: expect.stringContaining('generation'),
      });
      expect(await contacts()).toEqual([]);
    });

    it('sends back a run that is behind the ledger', async () => {
      const run = await openRun();
      const [first, second] = [await run.mint([ada]), await run.mint([bob])];
      const early = await run.merge(second);
      expect(early).toMatchObject({
        kind: 'rewind',
        reason: 'ledgerAhead',
        head: { sequence: 0, batchId: null, frontier: wholeFrontier },
      });
      await run.merge(first);
      const outcome = await run.merge({ ...second, batch: { ...second.batch, sequence: 1, predecessor: null } });
      expect(outcome).toMatchObject({
        kind: 'rewind',
        reason: 'ledgerAhead',
        head: {
          sequence: 1,
          batchId: first.batch.batchId,
          frontier: frontierFrom(1000),
          totals: counts({ read: 1, inserted: 1 }),
        },
      });
      expect((await run.merge(second)).kind).toBe('merged');
    });

    const losses: [string, (path: string) => Promise<void>][] = [
      ['missing', (path) => under.removeStaged(path)],
      ['longer', (path) => under.lengthenStaged(path)],
    ];
    it.each(losses)('sends back a run whose stage is %s, writing nothing', async (_, lose) => {
      const run = await openRun();
      const request = await run.mint([ada, bob], { fileCount: 2 });
      await lose(request.batch.stage.records.files.at(-1)!.path);
      expect(await run.merge(request)).toMatchObject({ kind: 'rewind', reason: 'stageLost', head: { sequence: 0 } });
      expect(await contacts()).toEqual([]);
      expect(await system('sync_batches')).toEqual([]);
    });

    it('sends back a run whose stage holds other rows than listed', async () => {
      const run = await openRun();
      const { batch, ...rest } = await run.mint([ada, bob]);
      const [file] = batch.stage.records.files;
      const stage = { ...batch.stage, records: { rowCount: 3, files: [{ ...file!, rowCount: 3 }] } };
      expect(await run.merge({ ...rest, batch: { ...batch, stage } })).toMatchObject({
        kind: 'rewind',
        reason: 'stageLost',
      });
      expect(await contacts()).toEqual([]);
    });

    it('gives a run back its progress, and a later run the previous one', async () => {
      const run = await openRun();
      await run.mergeRecords([ada]);
      await run.mergeRecords([bob]);
      const again = await destination.claimRun(
        { ...target, run: 'run-1', mode: 'backfill', runStartedAt: instant(0) },
        noAbort,
      );
      expect(again).toMatchObject({
        previous: null,
        self: {
          record: {
            run: 'run-1',
            status: 'running',
            planDigest: 'digest',
            startFrontier: wholeFrontier,
            firstStartedAt: instant(0),
          },
          head: {
            sequence: 2,
            frontier: frontierFrom(2000),
            totals: counts({ read: 2, inserted: 2 }),
            requests: { requests: 2 },
          },
        },
      });
      const next = await openRun('run-2', 1);
      expect(next.claim).toMatchObject({
        self: null,
        previous: { record: { run: 'run-1', status: 'lost' }, head: { sequence: 2, frontier: frontierFrom(2000) } },
      });
    });

    it('closes a run, and again where it ends otherwise after a reset', async () => {
      const run = await openRun();
      await run.mergeRecords([ada]);
      const close = (status: 'done' | 'failed', error: string | null) =>
        destination.closeRun({ ...target, run: 'run-1', status, error }, noAbort);
      expect(await close('failed', 'Unavailable: the source is down')).toMatchObject({ sequence: 1 });
      const [failed] = await destination.listRuns({ ...target, limit: 1 }, noAbort);
      expect(failed).toMatchObject({ status: 'failed', error: 'Unavailable: the source is down' });
      await close('done', null);
      const [row] = await destination.listRuns({ ...target, limit: 1 }, noAbort);
      expect(row).toMatchObject({
        status: 'done',
        error: null,
        startedAt: instant(0),
        batches: 1,
        requests: 1,
        totals: counts({ read: 1, inserted: 1 }),
      });
      expect(row?.endedAt).toMatch(/Z$/);
    });

    it('closes runs that are gone, as lost, and none that has ended meanwhile', async () => {
      const openRuns = () => destination.listOpenRuns(target, noAbort);
      const close = (...runs: string[]) => destination.closeLostRuns({ ...target, runs }, noAbort);
      expect(await openRuns()).toEqual([]);
      expect(await close('run-1')).toEqual([]);
      await openRun();
      expect(await openRuns()).toEqual([{ run: 'run-1', mode: 'backfill', startedAt: instant(0) }]);
      expect(await close('run-2')).toEqual([]);
      expect(await close('run-1', 'run-2')).toEqual(['run-1']);
      expect(await openRuns()).toEqual([]);
      expect(await destination.listRuns({ ...target, limit: 1 }, noAbort)).toMatchObject([
        { run: 'run-1', status: 'lost' },
      ]);
      await destination.closeRun({ ...target, run: 'run-1', status: 'done', error: null }, noAbort);
      expect(await close('run-1')).toEqual([]);
      expect(await destination.listRuns({ ...target, limit: 1 }, noAbort)).toMatchObject([{ status: 'done' }]);
    });

    it('sums up each run: counts, requests, statements, idle runs and seconds', async () => {
      const run = await openRun();
      const first = await run.mint([ada, bob, ada, { ...ada, id: null }]);
      const requests = { requests: 7, rateLimited: 2, retried: 1, receivedBytes: 9_007_199_254_740_991 };
      await run.merge({ ...first, batch: { ...first.batch, requests } });
      await run.mergeRecords([ada]);
      const [running] = await system('sync_run_totals');
      expect(running).toMatchObject({ status: 'running', ended_at: null, seconds: null });
      await destination.closeRun({ ...target, run: 'run-1', status: 'done', error: null }, noAbort);
      await openRun('run-2', 1);

      const totals = await system('sync_run_totals');
      const [listed] = (await destination.listRuns({ ...target, limit: 2 }, noAbort)).slice(1);
      const done = totals.find((row) => row['run'] === 'run-1');
      expect(done).toMatchObject({
        stream,
        status: 'done',
        batches: '2',
        read: '5',
        duplicate: '1',
        rejected: '1',
        inserted: '2',
        unexplained: '0',
        requests: '8',
        rate_limited: '2',
        retried: '1',
        received_bytes: '9007199254740991',
        idle_runs: '0',
      });
      expect(Number(done!['seconds'])).toBeGreaterThan(0);
      const batches = await system('sync_batches');
      const perBatch = batches.map((row) => Number(row['statements']));
      expect(perBatch.every((count) => count > 5)).toBe(true);
      expect(done!['statements']).toBe(String(perBatch[0]! + perBatch[1]!));
      expect(listed).toMatchObject({
        requests: 8,
        rateLimited: 2,
        retried: 1,
        receivedBytes: 9_007_199_254_740_991,
        statements: Number(done!['statements']),
        idleRuns: 0,
        totals: { read: 5, duplicate: 1, rejected: 1 },
      });
      expect(totals.find((row) => row['run'] === 'run-2')).toMatchObject({ batches: '0', read: '0', unexplained: '0' });
    });

    it('shows a watermark once it is earned', async () => {
      const run = await openRun();
      await run.mergeRecords([ada]);
      expect(await system('sync_watermarks')).toMatchObject([
        { source_table: stream, last_watermark: null, last_status: 'running', last_run: 'run-1' },
      ]);
      await run.mergeRecords([{ ...ada, email: 'x', _version: instant(9) }], {
        positions: { fast: instant(4), settled: instant(3) },
      });
      await destination.closeRun({ ...target, run: 'run-1', status: 'done', error: null }, noAbort);
      expect(await system('sync_watermarks')).toMatchObject([
        {
          source_table: stream,
          last_watermark: instant(3),
          last_status: 'done',
          last_error: null,
          rows_processed: '2',
        },
      ]);
      const second = await openRun('run-2', 1);
      await second.mergeRecords([], { positions: { fast: instant(5), settled: instant(2) } });
      expect(await system('sync_watermarks')).toMatchObject([{ last_watermark: instant(3), last_run: 'run-2' }]);
    });

    it('refuses to go on from a ledger that contradicts itself', async () => {
      const run = await openRun();
      await run.mergeRecords([ada]);
      await run.mergeRecords([bob]);
      await under.change('DELETE FROM {TABLE:sync_batches} WHERE sequence = 1');
      await expect(
        destination.claimRun({ ...target, run: 'run-1', mode: 'backfill', runStartedAt: instant(0) }, noAbort),
      ).rejects.toMatchObject({ kind: 'StateCorrupt', next: expect.any(String) });
    });

    it('does nothing once aborted', async () => {
      const run = await openRun();
      const request = await run.mint([ada]);
      const reason = new Error('paused');
      await expect(destination.mergeBatch(request, AbortSignal.abort(reason))).rejects.toBe(reason);
      expect((await run.merge(request)).kind).toBe('merged');
    });

    it('carries any text unharmed', async () => {
      const run = await openRun();
      const outcome = await run.mergeRecords(
        hostileTexts.map((email, n) => ({ ...ada, id: String(n), email })),
        { fileCount: 3 },
      );
      expect(merged(outcome)).toEqual(counts({ read: hostileTexts.length, inserted: hostileTexts.length }));
      const rows = new Map((await contacts()).map((row) => [row['id'], row['email']]));
      hostileTexts.forEach((text, n) =>
        expect(rows.get(String(n)) === text, `text ${n}: ${text?.slice(0, 20)}`).toBe(true),
      );
    });
  });
}

const hostileTexts: readonly (string | null)[] = [
  '',
  null,
  ' ',
  'NULL',
  'null',
  '\\N',
  '\\',
  '\\n',
  '"',
  '""',
  "'",
  ',',
  ',,',
  '\n',
  '\r',
  '\r\n',
  'a\rb',
  'a\nb',
  'a\r\nb',
  'say "hi", twice\n"',
  '\t',
  '\u0001',
  '\u0085',
  '\u2028',
  '\u2029',
  '\ufeff',
  '\ufeffbom',
  'é',
  '日本語',
  '😀',
  'e\u0301',
  '#',
  '--',
  ';',
  '$1',
  '{}',
  '%s',
  'x'.repeat(65_536),
  '"'.repeat(65_536),
  '\r\n"'.repeat(40_000),
  'é'.repeat(600_000),
];
