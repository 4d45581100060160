import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { associationTableName, type StagedHead, type StagedLink } from '../../model/association.ts';
import type { Counts } from '../../model/counts.ts';
import type { StreamPlan, SyncMode } from '../../model/plan.ts';
import type { DestinationUnderTest } from '../support/destination-under-test.ts';
import { counts, merged } from '../support/merged-counts.ts';
import { ada, column, contactsPlan, instant, type TestChunk } from '../support/staged-records.ts';
import { openTestRun, type TestRun } from '../support/staged-run.ts';

const noAbort = new AbortController().signal;

const { schema } = contactsPlan.table;
const companies = { schema, table: associationTableName('contacts', 'companies') };
const deals = { schema, table: associationTableName('deals', 'contacts') };
const plan: StreamPlan = {
  ...contactsPlan,
  associations: [{ to: 'companies', table: companies }],
  incomingAssociations: [{ to: 'contacts', table: deals }],
};
const dealsPlan: StreamPlan = {
  ...contactsPlan,
  stream: 'crm.deals',
  object: 'deals',
  table: { schema, table: 'deals' },
  associations: [{ to: 'contacts', table: deals, ends: [plan.table, { schema, table: 'not there' }] }],
};

const head = (minute: number, from = '1'): StagedHead => [from, instant(minute)];
const link = (
  minute: number,
  to: string,
  { from = '1', type = '279', label = null }: { from?: string; type?: string; label?: string | null } = {},
): StagedLink => [from, to, 'HUBSPOT_DEFINED', type, label, instant(minute)];
const read = (heads: readonly StagedHead[], links: readonly StagedLink[], table = companies): TestChunk => ({
  associations: [{ table, heads, links }],
});

/** Associations: rule 5 of docs/spec.md. */
export function describeAssociations(name: string, open: () => Promise<DestinationUnderTest>): void {
  describe(`${name} keeps associations`, () => {
    let under: DestinationUnderTest;
    beforeEach(async () => {
      under = await open();
    });
    afterEach(async () => {
      await under.dispose();
    });

    const openRun = (mode: SyncMode = 'backfill', ofPlan = plan) =>
      openTestRun(under.destination, {
        run: `run of ${ofPlan.object} ${mode}`,
        startedAt: instant(0),
        plan: ofPlan,
        mode,
        keepsListing: mode === 'reconcile',
      });
    const merge = async (run: TestRun, chunk: TestChunk) => merged(await run.mergeRecords(chunk));
    const rows = async (table = companies) =>
      (await under.readRows(table)).toSorted((a, b) => Number(a['to_id']) - Number(b['to_id']));
    const states = async (table = companies) =>
      (await rows(table)).map((row) => [row['from_id'], row['to_id'], row['_deleted'] === 'true' ? 'gone' : 'linked']);

    it('with all that is known of them, beside the records', async () => {
      const run = await openRun();
      const outcome = await run.mergeRecords(
        {
          records: [ada],
          associations: [
            {
              table: companies,
              heads: [head(10), head(10, '2')],
              links: [
                link(10, '70', { label: 'Boss, "the"' }),
                link(11, '9007199254740993'),
                link(10, '7', { from: '2' }),
              ],
            },
          ],
        },
        { fileCount: 2 },
      );
      expect(merged(outcome)).toEqual(counts({ read: 1, inserted: 1, linked: 3 }));
      const [seventh, seventieth, last] = await rows();
      expect(seventh).toMatchObject({ from_id: '2', to_id: '7' });
      expect(seventieth).toEqual({
        from_id: '1',
        to_id: '70',
        category: 'HUBSPOT_DEFINED',
        type_id: '279',
        label: 'Boss, "the"',
        _observed_at: instant(10),
        _synced_at: expect.stringMatching(/Z$/),
        _deleted: 'false',
        _deleted_at: null,
        _batch_id: expect.stringContaining('backfill'),
      });
      expect(last).toMatchObject({ to_id: '9007199254740993', label: null, _observed_at: instant(11) });
    });

    interface Case {
      readonly title: string;
      readonly chunk: TestChunk;
      readonly expected: Partial<Counts>;
      readonly states: readonly (readonly string[])[];
    }
    /** Before each: 1–70 and 1–71, read at minute 10. */
    const cases: readonly Case[] = [
      {
        title: 'the same again: nothing',
        chunk: read([head(20)], [link(20, '70'), link(20, '71')]),
        expected: {},
        states: [
          ['1', '70', 'linked'],
          ['1', '71', 'linked'],
        ],
      },
      {
        title: 'one less: a tombstone',
        chunk: read([head(20)], [link(20, '70')]),
        expected: { unlinked: 1 },
        states: [
          ['1', '70', 'linked'],
          ['1', '71', 'gone'],
        ],
      },
      {
        title: 'none at all: tombstones',
        chunk: read([head(20)], []),
        expected: { unlinked: 2 },
        states: [
          ['1', '70', 'gone'],
          ['1', '71', 'gone'],
        ],
      },
      {
        title: 'none at all, read earlier: nothing',
        chunk: read([head(9)], []),
        expected: {},
        states: [
          ['1', '70', 'linked'],
          ['1', '71', 'linked'],
        ],
      },
      {
        title: 'another, and one less',
        chunk: read([head(20)], [link(20, '70'), link(20, '72')]),
        expected: { linked: 1, unlinked: 1 },
        states: [
          ['1', '70', 'linked'],
          ['1', '71', 'gone'],
          ['1', '72', 'linked'],
        ],
      },
      {
        title: 'another type of the same pair: both',
        chunk: read([head(20)], [link(20, '70'), link(20, '70', { type: '5' }), link(20, '71')]),
        expected: { linked: 1 },
        states: [
          ['1', '70', 'linked'],
          ['1', '70', 'linked'],
          ['1', '71', 'linked'],
        ],
      },
      {
        title: 'another record: these stay',
        chunk: read([head(20, '2')], []),
        expected: {},
        states: [
          ['1', '70', 'linked'],
          ['1', '71', 'linked'],
        ],
      },
      {
        title: 'read twice in one stage: the later reading counts',
        chunk: read([head(20), head(30)], [link(20, '70'), link(20, '71'), link(30, '70'), link(31, '70')]),
        expected: { unlinked: 1 },
        states: [
          ['1', '70', 'linked'],
          ['1', '71', 'gone'],
        ],
      },
    ];
    it.each(cases)('$title', async ({ chunk, expected, states: after }) => {
      const run = await openRun();
      await merge(run, read([head(10)], [link(10, '70'), link(10, '71')]));
      const before = await rows();
      expect(await merge(run, chunk)).toEqual(counts(expected));
      expect(await states()).toEqual(after);
      if (Object.keys(expected).length === 0) expect(await rows()).toEqual(before);
    });

    it('a label that changed, unless it was read earlier', async () => {
      const run = await openRun();
      await merge(run, read([head(10)], [link(10, '70', { label: 'Boss' })]));
      expect((await merge(run, read([head(20)], [link(20, '70', { label: 'Friend' })]))).linked).toBe(1);
      expect(await merge(run, read([head(15)], [link(15, '70', { label: 'Foe' })]))).toEqual(counts({}));
      expect(await rows()).toMatchObject([{ label: 'Friend', _observed_at: instant(20) }]);
    });

    it('one that was removed comes back when it is seen later, and not before', async () => {
      const run = await openRun();
      await merge(run, read([head(10)], [link(10, '70')]));
      await merge(run, read([head(20)], []));
      expect(await rows()).toMatchObject([{ _deleted: 'true', _deleted_at: instant(20), _observed_at: instant(20) }]);
      expect(await merge(run, read([head(15)], [link(15, '70')]))).toEqual(counts({}));
      expect(await states()).toEqual([['1', '70', 'gone']]);
      expect((await merge(run, read([head(30)], [link(30, '70')]))).linked).toBe(1);
      expect(await rows()).toMatchObject([{ _deleted: 'false', _deleted_at: null, _observed_at: instant(30) }]);
    });

    describe('that another run saw since, unchanged', () => {
      const before = [
        ['2', '7', 'linked'],
        ['1', '70', 'linked'],
        ['1', '71', 'linked'],
      ];
      /** A run that lists, after which another one saw 1–70 and 1–71. */
      const openSeen = async () => {
        const [run, other] = [await openRun('reconcile'), await openRun('incremental')];
        const links = [link(10, '70'), link(10, '71')];
        await merge(run, read([head(10), head(10, '2')], [...links, link(10, '7', { from: '2' })]));
        await merge(other, read([head(20)], [link(20, '70'), link(20, '71')]));
        return run;
      };
      const older = {
        ...read([head(15), head(15, '3')], [link(15, '70'), link(15, '8', { from: '3' })]),
        records: [ada],
      };

      it('and an older reading has not: the whole batch is read again', async () => {
        const run = await openSeen();
        expect(await run.mergeRecords(older, { onDoubt: 'rewind' })).toMatchObject({
          kind: 'rewind',
          reason: 'doubtful',
          head: { sequence: 1 },
        });
        expect(await states()).toEqual(before);
        expect(await under.readRows(plan.table)).toEqual([]);
      });

      it('and an older reading has not: the record is kept as work, once', async () => {
        const run = await openSeen();
        expect(await merge(run, older)).toEqual(counts({ read: 1, inserted: 1, linked: 1 }));
        expect(await merge(run, read([head(16)], []))).toEqual(counts({}));
        expect(await states()).toEqual([before[0], ['3', '8', 'linked'], ...before.slice(1)]);
        const work = { ...plan, run: 'run of contacts reconcile', mode: 'reconcile', task: 'repair' } as const;
        expect(
          await under.destination.readWork({ ...work, keyType: 'integer', after: null, limit: 10 }, noAbort),
        ).toEqual(['1']);
      });

      it('and a later reading has not: tombstones', async () => {
        const run = await openSeen();
        const later = new Date(Date.now() + 2 * under.doubtMarginMs).toISOString();
        expect(merged(await run.mergeRecords(read([['1', later]], []), { onDoubt: 'rewind' })).unlinked).toBe(2);
      });
    });

    it('other runs that read none leave no doubt', async () => {
      const [early, run] = [await openRun(), await openRun('incremental')];
      await merge(early, { ...read([head(10)], [link(10, '70')]), records: [ada] });
      expect(await merge(run, { records: [ada] })).toEqual(counts({ read: 1, unchanged: 1 }));
      expect((await merge(early, read([head(20)], []))).unlinked).toBe(1);
    });

    describe('of a record that is deleted', () => {
      const fill = async () => {
        const [run, ofDeals] = [await openRun(), await openRun('backfill', dealsPlan)];
        await merge(run, {
          ...read([head(10), head(10, '2')], [link(10, '70'), link(10, '71', { from: '2' })]),
          records: [ada],
        });
        await merge(
          ofDeals,
          read([head(10, '5')], [link(10, '1', { from: '5' }), link(30, '2', { from: '5' })], deals),
        );
        return run;
      };

      it('become tombstones, at both ends, and come back with it', async () => {
        const run = await fill();
        const outcome = await merge(run, { tombstones: [['1', 'merged', null, '9', instant(20)]] });
        expect(outcome).toEqual(counts({ read: 1, tombstones: 1, updated: 1, deleted: 1, unlinked: 2 }));
        expect(await states()).toEqual([
          ['1', '70', 'gone'],
          ['2', '71', 'linked'],
        ]);
        expect(await states(deals)).toEqual([
          ['5', '1', 'gone'],
          ['5', '2', 'linked'],
        ]);
        expect((await rows())[0]).toMatchObject({ _deleted_at: instant(20), _observed_at: instant(20) });
        await merge(run, { ...read([head(30)], [link(30, '70')]), records: [{ ...ada, _observed_at: instant(30) }] });
        expect((await states())[0]).toEqual(['1', '70', 'linked']);
      });

      it('even of one that has no row yet', async () => {
        const run = await fill();
        expect(await merge(run, { tombstones: [['2', 'archived', null, null, instant(20)]] })).toEqual(
          counts({ read: 1, tombstones: 1, inserted: 1, deleted: 1, unlinked: 1 }),
        );
        expect(await states()).toEqual([
          ['1', '70', 'linked'],
          ['2', '71', 'gone'],
        ]);
        // Seen after the record was: the deal's own stream knows better.
        expect((await states(deals))[1]).toEqual(['5', '2', 'linked']);
      });

      it('are not brought back by what was read before', async () => {
        const run = await fill();
        await merge(run, { tombstones: [['1', 'archived', null, null, instant(20)]] });
        expect(await merge(run, read([head(19)], [link(19, '70'), link(19, '72')]))).toEqual(counts({}));
        expect(await states()).toEqual([
          ['1', '70', 'gone'],
          ['2', '71', 'linked'],
        ]);
      });

      it('are not brought by another stream that read them before', async () => {
        const run = await openRun('backfill', { ...plan, onVanished: 'erase' });
        await merge(run, { records: [ada, { ...ada, id: '2' }] });
        await merge(run, {
          tombstones: [
            ['1', 'vanished', null, null, instant(20)],
            ['2', 'archived', null, null, instant(20)],
          ],
        });
        const ofDeals = await openRun('backfill', dealsPlan);
        const late = (minute: number) =>
          read(
            [head(minute, '5')],
            ['1', '2', '3'].map((to) => link(minute, to, { from: '5' })),
            deals,
          );
        expect((await merge(ofDeals, late(19))).linked).toBe(1);
        expect(await states(deals)).toEqual([['5', '3', 'linked']]);
        // Seen after the record was: the other stream knows better.
        expect((await merge(ofDeals, late(21))).linked).toBe(2);
      });

      it('are removed where it is erased, and not brought back', async () => {
        await fill();
        const run = await openRun('reconcile', { ...plan, onVanished: 'erase' });
        const late = await run.mint(read([head(19)], [link(19, '70')]));
        const { batch, ...rest } = await run.mint({ tombstones: [['1', 'vanished', null, null, instant(20)]] });
        const erasure = { ...rest, batch: { ...batch, sequence: 1, predecessor: null } };
        expect(merged(await run.merge(erasure))).toEqual(
          counts({ read: 1, tombstones: 1, updated: 1, deleted: 1, erased: 1 }),
        );
        expect(await states()).toEqual([['2', '71', 'linked']]);
        expect(await states(deals)).toEqual([['5', '2', 'linked']]);
        const { batchId } = batch;
        const after = { ...late, batch: { ...late.batch, sequence: 2, predecessor: batchId } };
        expect(merged(await run.merge(after))).toEqual(counts({}));
        expect(await states()).toEqual([['2', '71', 'linked']]);
      });
    });

    it('between ids that are texts', async () => {
      const texts = { ...plan, key: column('id', 'text') };
      const run = await openRun('backfill', texts);
      expect((await merge(run, read([head(10, 'a"1')], [link(10, "b'2", { from: 'a"1' })]))).linked).toBe(1);
      expect((await merge(run, { tombstones: [['a"1', 'archived', null, null, instant(20)]] })).unlinked).toBe(1);
      expect(await rows()).toMatchObject([{ from_id: 'a"1', to_id: "b'2", _deleted: 'true' }]);
    });

    it('only whole: none without usable ids, none of a record that was not read', async () => {
      const run = await openRun();
      const unusable: readonly TestChunk[] = [
        read([head(10)], [link(10, 'x')]),
        read([head(10)], [link(10, '7', { from: '2' })]),
        read([head(10, 'x')], []),
      ];
      for (const chunk of unusable) {
        const { batch, ...rest } = await run.mint({ ...chunk, records: [ada] });
        const first = { ...rest, batch: { ...batch, sequence: 1, predecessor: null } };
        await expect(run.merge(first)).rejects.toMatchObject({ kind: 'DataRejected', next: expect.any(String) });
      }
      expect(await under.readRows(plan.table)).toEqual([]);
    });

    it('in a stage of which every part is intact', async ({ skip }) => {
      skip(under.knowsStagesBy === 'rowCount');
      const run = await openRun();
      const request = await run.mint({
        ...read([head(10)], [link(10, '70')]),
        records: [ada],
        tombstones: [['9', 'archived', null, null, instant(10)]],
      });
      const { stage } = request.batch;
      const [associations] = stage.associations;
      const spoil = <T extends { files: readonly object[] }>(part: T) => ({
        ...part,
        files: part.files.map((file) => ({ ...file, sha256: 'other' })),
      });
      const spoilt = [
        { ...stage, records: spoil(stage.records) },
        { ...stage, tombstones: spoil(stage.tombstones) },
        { ...stage, associations: [{ ...associations!, heads: spoil(associations!.heads) }] },
        { ...stage, associations: [{ ...associations!, links: spoil(associations!.links) }] },
      ];
      for (const one of spoilt) {
        expect(await run.merge({ ...request, batch: { ...request.batch, stage: one } })).toMatchObject({
          kind: 'rewind',
          reason: 'stageLost',
        });
      }
      expect(merged(await run.merge(request))).toMatchObject({ read: 2, linked: 1 });
    });
  });
}
