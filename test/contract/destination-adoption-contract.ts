import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Adoption } from '../../model/adoption.ts';
import { type Column, systemColumns } from '../../model/column.ts';
import type { Destination } from '../../model/destination.ts';
import type { StreamPlan } from '../../model/plan.ts';
import type { DestinationUnderTest } from '../support/destination-under-test.ts';
import { openComparison } from '../support/staged-comparison.ts';
import { ada, contactsPlan, instant, wholeFrontier } from '../support/staged-records.ts';
import { openTestRun } from '../support/staged-run.ts';

const { stream, table } = contactsPlan;
const target = { stream, table };
const noAbort = new AbortController().signal;
const sourceNow = instant(30);
const plan: StreamPlan = { ...contactsPlan, isAdopted: true };

const foreignColumns =
  'id BIGINT, email VARCHAR, visits BIGINT, lastmodifieddate TIMESTAMPTZ, loaded_by VARCHAR, is_customer BOOLEAN';

/** A row of another tool. */
const row = (id: number | null, minute: number | null, { visits = '3', email = 'ada@example.com' } = {}) =>
  `(${id ?? 'NULL'}, '${email}', ${visits}, ${minute === null ? 'NULL' : `'${instant(minute)}'`}, 'other tool', TRUE)`;

const hashedEmail = (column: Column): Column => (column.name === 'email' ? { ...column, isHashed: true } : column);

/** Taking over a table that another tool has filled. */
export function describeAdoption(name: string, open: () => Promise<DestinationUnderTest>): void {
  describe(`${name} and a table of another tool`, () => {
    let under: DestinationUnderTest;
    let destination: Destination;

    beforeEach(async () => {
      under = await open();
      destination = under.destination;
    });
    afterEach(async () => {
      await under.dispose();
    });

    /** Another stream has made the schema. */
    const makeSchema = () =>
      destination.claimRun(
        { stream: 'crm.other', table, run: 'other-1', mode: 'backfill', runStartedAt: instant(0) },
        noAbort,
      );
    const makeTable = async (rows: readonly string[], columns = foreignColumns) => {
      await under.change(`CREATE TABLE {TABLE:contacts} (${columns})`);
      if (rows.length > 0) await under.change(`INSERT INTO {TABLE:contacts} VALUES ${rows.join(', ')}`);
    };
    const fill = async (...made: Parameters<typeof makeTable>) => {
      await makeSchema();
      await makeTable(...made);
    };
    const survey = (changed: Partial<StreamPlan> = {}, run: string | null = null) =>
      destination.surveyTable({ plan: { ...plan, ...changed }, run, sourceNow }, noAbort);
    const adopt = async (run = 'adopt-1'): Promise<Adoption> => {
      const claimed = { ...target, run, mode: 'backfill', runStartedAt: instant(20) } as const;
      const { generation } = await destination.claimRun(claimed, noAbort);
      const opened = await destination.openRun(
        {
          run,
          plan,
          planDigest: 'digest',
          mode: 'backfill',
          scope: 'whole',
          startFrontier: wholeFrontier,
          firstStartedAt: sourceNow,
          resumedFrom: null,
          startReason: 'test',
          access: null,
          keepsListing: false,
          idleRuns: 0,
        },
        noAbort,
      );
      const request = { run, plan: opened.plan, planDigest: 'digest', generation, firstStartedAt: sourceNow };
      return destination.adoptTable({ ...request, overlapMs: 120_000 }, noAbort);
    };
    const rows = () => under.readRows(table);

    it('keeps the rows, gives them their versions, and the stream the positions of the newest', async () => {
      await fill([row(1, 5), row(2, null), row(3, 31), row(9, 4)]);
      const before = await rows();
      // Nobody is to take such a table for one that has lost its ledger, and read everything over it.
      expect(await destination.readState(target, noAbort)).toMatchObject({ generation: 0, liveRows: null });
      expect(await destination.countRows(target, noAbort)).toBeNull();

      const found = await survey();
      expect(found).toEqual({
        rows: 4,
        stampColumn: 'lastmodifieddate',
        stampedRows: 2,
        newestStamp: instant(5),
        addedColumns: ['amount', 'born_on', 'seen_at', ...systemColumns],
        widenedColumns: [],
      });
      expect(await rows()).toEqual(before);
      expect(await destination.readState(target, noAbort)).toMatchObject({ generation: 0 });

      const adopted = await adopt();
      const position = instant(3);
      expect(adopted).toMatchObject({
        head: { sequence: 1, frontier: { kind: 'ids', ids: [] }, totals: { read: 0, updated: 0 } },
        positions: { fast: position, settled: position },
      });
      const after = await rows();
      expect(after).toMatchObject(before);
      expect(after.map(({ _version }) => _version)).toEqual([instant(5), null, null, instant(4)]);
      expect(after.every((one) => one['_observed_at'] === null && one['_deleted'] === null)).toBe(true);

      expect(await survey({}, 'adopt-1')).toMatchObject({ addedColumns: [], stampedRows: 2 });
      expect(await adopt()).toEqual(adopted);
      expect(await rows()).toEqual(after);
      expect(await destination.countRows(target, noAbort)).toEqual({ live: 4, deleted: 0 });
      await destination.closeRun({ ...target, run: 'adopt-1', status: 'done', error: null }, noAbort);
      expect(await destination.readState(target, noAbort)).toMatchObject({
        positions: adopted.positions,
        backfill: 'done',
        liveRows: 4,
        comparedColumns: [],
      });
      await expect(survey()).rejects.toMatchObject({
        kind: 'ConfigInvalid',
        message: expect.stringMatching(/has run already/),
      });

      // Nobody told what came of the adoption, and the schedule went on from it meanwhile.
      const next = await openTestRun(destination, { run: 'run-2', startedAt: instant(50), mode: 'incremental' });
      await next.mergeRecords([{ ...ada, _observed_at: instant(51) }]);
      expect(await survey({}, 'adopt-1')).toMatchObject({ addedColumns: [] });
    });

    it('has what differs from the source read again, whatever version the other tool gave it', async () => {
      await fill([row(1, 5), row(2, 5, { visits: '99' }), row(3, 20), row(4, 4), row(5, null), row(6, 5)]);
      await adopt();
      const comparison = await openComparison(destination, { minute: 40 });
      const listed = (id: string, minute = 5) => ({
        id,
        visits: '3',
        _version: instant(minute),
        _observed_at: instant(41),
      });
      await comparison.list({ records: ['1', '2', '3', '4', '5', '7'].map((id) => listed(id)) });
      const { differences } = await comparison.compare();
      expect(differences).toEqual({ missing: 1, stale: 3, recalculated: 1, doubtful: 0, vanished: 1 });

      const run = await openTestRun(destination, { run: 'run-2', startedAt: instant(50), mode: 'incremental' });
      const same = { id: '1', email: 'ada@example.com', visits: '3', is_customer: 'true' };
      const read = (changed: object) => ({ ...same, _version: instant(5), _observed_at: instant(51), ...changed });
      const records = [read({}), read({ id: '2' }), read({ id: '3' }), read({ id: '4' }), read({ id: '5' })];
      const counts = { unchanged: 1, updated: 4, superseded: 0, inserted: 0 };
      expect(await run.mergeRecords(records)).toMatchObject({ kind: 'merged', counts });
      expect(await run.mergeRecords(records)).toMatchObject({ kind: 'merged', counts: { unchanged: 5 } });
      const merged = (await rows()).filter(({ id }) => Number(id) < 6);
      expect(merged.map(({ visits }) => visits)).toEqual(['3', '3', '3', '3', '3']);
      expect(merged.map(({ _version }) => _version)).toEqual(Array.from({ length: 5 }, () => instant(5)));
      expect(merged.map((one) => one['loaded_by'])).toEqual(Array.from({ length: 5 }, () => 'other tool'));
    });

    it('reads stamps of text as a merge reads instants', async () => {
      await fill(
        [`(1, '2024-01-01T00:05:00.250Z')`, `(2, 'yesterday')`, `(3, '')`, `(4, '1970-01-01T00:00:00Z')`],
        'id BIGINT, lastmodifieddate VARCHAR',
      );
      expect(await survey()).toMatchObject({ rows: 4, stampedRows: 1, newestStamp: '2024-01-01T00:05:00.250Z' });
      await adopt();
      expect((await rows()).map(({ _version }) => _version)).toEqual(['2024-01-01T00:05:00.250Z', null, null, null]);
    });

    it('is refused, before anything was changed, unless rows have keys and stamps and columns can be fitted', async () => {
      const isRefused = async (name: string, kind: string, message: RegExp, changed: Partial<StreamPlan> = {}) => {
        const refusal = { kind, message: expect.stringMatching(message), next: expect.any(String) };
        await expect(survey(changed), name).rejects.toMatchObject(refusal);
      };
      await isRefused('no schema', 'ConfigInvalid', /no table hubspot\.contacts/);
      await makeSchema();
      await isRefused('no table', 'ConfigInvalid', /no table hubspot\.contacts/);

      const cases: readonly [
        name: string,
        made: Parameters<typeof makeTable>,
        refusal: [kind: string, message: RegExp, changed?: Partial<StreamPlan>],
      ][] = [
        ['no rows', [[]], ['ConfigInvalid', /holds no rows/]],
        ['no key', [[`('x')`], 'contact VARCHAR'], ['SchemaConflict', /without the key column "id"/]],
        ['another key', [[`('1')`], 'id VARCHAR'], ['SchemaConflict', /column "id" .* is VARCHAR/]],
        ['a key that is NULL', [[row(1, 5), row(null, 5)]], ['StateCorrupt', /1 rows without a key/]],
        ['a key twice', [[row(1, 5), row(1, 6)]], ['StateCorrupt', /a key more than once/]],
        ['no stamps', [['(1, 3)'], 'id BIGINT, visits BIGINT'], ['ConfigInvalid', /does not tell when/]],
        ['stamps of tomorrow', [[row(1, 31)]], ['ConfigInvalid', /does not tell when/]],
        ['another type', [[`(1, '10:00')`], 'id BIGINT, email TIME'], ['SchemaConflict', /"email"/]],
        [
          'values that are to be hashed',
          [[row(1, 5)]],
          ['SchemaConflict', /"email" .* wants it hashed/, { columns: plan.columns.map(hashedEmail) }],
        ],
        ['frozen', [[row(1, 5)]], ['SchemaConflict', /is frozen/, { contract: 'freeze' }]],
      ];
      for (const [name, made, refusal] of cases) {
        await makeTable(...made);
        const before = await rows();
        await isRefused(name, ...refusal);
        expect(await rows(), name).toEqual(before);
        await under.change('DROP TABLE {TABLE:contacts}');
      }
    });

    it('is refused once the stream has run, also before a reset', async () => {
      const run = await openTestRun(destination, { run: 'run-1', startedAt: instant(0) });
      await run.mergeRecords([ada]);
      await destination.resetStream(
        { ...target, request: 'reset-1', tableRows: 'keep', associationTables: [] },
        noAbort,
      );
      await expect(survey()).rejects.toMatchObject({
        kind: 'ConfigInvalid',
        message: expect.stringMatching(/has run already/),
      });
    });

    it('adopts nothing of a table that changed since it was surveyed', async () => {
      await fill([row(1, 5)]);
      await survey();
      await under.change(`INSERT INTO {TABLE:contacts} VALUES ${row(1, 6)}`);
      await expect(adopt()).rejects.toMatchObject({ kind: 'StateCorrupt' });
      expect((await rows()).map(({ _version }) => _version)).toEqual([null, null]);
      expect(await destination.readState(target, noAbort)).toMatchObject({ positions: null });
      await under.change(`DELETE FROM {TABLE:contacts} WHERE lastmodifieddate = '${instant(6)}'`);
      expect(await adopt()).toMatchObject({ head: { sequence: 1 } });
    });
  });
}
