import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { associationTableName } from '../../model/association.ts';
import type { Destination, StreamState } from '../../model/destination.ts';
import type { StreamPlan, SyncMode } from '../../model/plan.ts';
import type { RunStatus } from '../../model/run.ts';
import type { DestinationUnderTest } from '../support/destination-under-test.ts';
import { column, contactsPlan, instant, type TestRecord } from '../support/staged-records.ts';
import { openTestRun, type TestRun } from '../support/staged-run.ts';

const { stream, table } = contactsPlan;
const target = { stream, table };
const noAbort = new AbortController().signal;

const ada: TestRecord = { id: '1', email: 'ada@example.com', _version: instant(1), _observed_at: instant(10) };

const untouched: StreamState = {
  generation: 0,
  positions: null,
  isUnreadable: false,
  liveRows: null,
  backfill: 'none',
  reconciledAt: null,
  access: null,
  comparedColumns: null,
};

/** What a destination knows of a stream, and how to make it forget: rules 3 and 6 of docs/spec.md. */
export function describeStreamState(name: string, open: () => Promise<DestinationUnderTest>): void {
  describe(`${name} knows of a stream`, () => {
    let under: DestinationUnderTest;
    let destination: Destination;

    beforeEach(async () => {
      under = await open();
      destination = under.destination;
    });
    afterEach(async () => {
      await under.dispose();
    });

    const state = () => destination.readState(target, noAbort);
    const openRun = (
      run: string,
      minute: number,
      options: { mode?: SyncMode; plan?: StreamPlan; access?: string } = {},
    ): Promise<TestRun> => openTestRun(destination, { run, startedAt: instant(minute), ...options });
    const close = (run: string, status: Exclude<RunStatus, 'running'> = 'done') =>
      destination.closeRun({ ...target, run, status, error: null }, noAbort);
    const companies = { ...table, table: associationTableName('contacts', 'companies') };
    const reset = (request: string, tableRows: 'keep' | 'drop' = 'keep') =>
      destination.resetStream({ ...target, request, tableRows, associationTables: [companies] }, noAbort);

    it('nothing, where it never ran, and creates nothing by being asked', async () => {
      expect(await state()).toEqual(untouched);
      await openTestRun(destination, {
        run: 'x',
        startedAt: instant(0),
        plan: { ...contactsPlan, stream: 'crm.deals', table: { ...table, table: 'deals' } },
      });
      expect(await state()).toEqual(untouched);
    });

    it('how far its backfill came, and its positions once they are earned', async () => {
      const claim = await destination.claimRun(
        { ...target, run: 'run-1', mode: 'backfill', runStartedAt: instant(0) },
        noAbort,
      );
      expect(claim.state).toEqual({ ...untouched, generation: 1 });
      const run = await openRun('run-1', 0);
      await run.mergeRecords([ada]);
      expect(await state()).toEqual({ ...untouched, generation: 1, liveRows: 1, backfill: 'unfinished' });
      await run.mergeRecords([], { positions: { fast: instant(7), settled: instant(3) } });
      await close('run-1');
      expect(await state()).toEqual({
        ...untouched,
        generation: 1,
        liveRows: 1,
        backfill: 'done',
        positions: { fast: instant(7), settled: instant(3) },
        comparedColumns: contactsPlan.columns,
      });
      const later = await openRun('run-2', 1, { mode: 'incremental' });
      await later.mergeRecords([], { positions: { fast: instant(9), settled: instant(2) } });
      expect(await state()).toMatchObject({ positions: { fast: instant(9), settled: instant(3) }, backfill: 'done' });
    });

    it('rows without a ledger', async () => {
      await (await openRun('run-1', 0)).mergeRecords([ada]);
      await under.change(
        'DROP TABLE {TABLE:sync_fence}; DROP TABLE {TABLE:sync_batches}; DROP TABLE {TABLE:sync_runs}',
      );
      expect(await state()).toEqual({ ...untouched, liveRows: 1 });
    });

    it('a ledger without positions', async () => {
      const run = await openRun('run-1', 0);
      await run.mergeRecords([ada], { positions: { fast: instant(7), settled: instant(3) } });
      await under.change('UPDATE {TABLE:sync_batches} SET watermark_fast = NULL');
      expect(await state()).toMatchObject({ positions: null, isUnreadable: false });
      await under.change('DROP TABLE {TABLE:sync_batches}');
      expect(await state()).toMatchObject({ positions: null, isUnreadable: false, generation: 1 });
    });

    it('positions that are no instants', async ({ skip }) => {
      skip(!under.history.hasLooseInstants);
      const run = await openRun('run-1', 0);
      await run.mergeRecords([ada], { positions: { fast: instant(7), settled: instant(3) } });
      await under.change('ALTER TABLE {TABLE:sync_batches} ALTER COLUMN watermark_fast SET DATA TYPE VARCHAR');
      expect(await state()).toMatchObject({
        positions: { fast: instant(7), settled: instant(3) },
        isUnreadable: false,
      });
      await under.change("UPDATE {TABLE:sync_batches} SET watermark_fast = 'yesterday'");
      expect(await state()).toMatchObject({ positions: null, isUnreadable: true });
    });

    it('positions that were earned again after some that are no instants', async ({ skip }) => {
      skip(!under.history.hasLooseInstants);
      const run = await openRun('run-1', 0);
      await run.mergeRecords([ada], { positions: { fast: instant(7), settled: instant(3) } });
      await under.change("UPDATE {TABLE:sync_batches} SET watermark_fast = 'infinity'");
      expect(await state()).toMatchObject({ positions: null, isUnreadable: true });
      await run.mergeRecords([]);
      expect(await state()).toMatchObject({ positions: null, isUnreadable: true });
      await run.mergeRecords([], { positions: { fast: instant(9), settled: instant(5) } });
      expect(await state()).toMatchObject({
        positions: { fast: instant(9), settled: instant(5) },
        isUnreadable: false,
      });
    });

    it('the tables of an earlier release', async ({ skip }) => {
      skip(!under.history.hasEarlierReleases);
      const run = await openRun('run-1', 0);
      await run.mergeRecords([ada]);
      await close('run-1');
      await under.change(
        'DROP VIEW {TABLE:sync_watermarks}; ALTER TABLE {TABLE:sync_runs} DROP COLUMN generation; ' +
          'ALTER TABLE {TABLE:sync_runs} DROP COLUMN access; ALTER TABLE {TABLE:sync_runs} DROP COLUMN idle_runs; ' +
          'ALTER TABLE {TABLE:sync_fence} DROP COLUMN reset_by',
      );
      const before = await state();
      expect(before).toMatchObject({ generation: 1, backfill: 'done', access: null });
      expect((await openRun('run-2', 1)).claim).toMatchObject({
        state: before,
        previous: { record: { run: 'run-1' } },
      });
    });

    it('when it was last reconciled, with which columns, and what the source said of its access', async () => {
      await openRun('run-1', 0, { access: 'first' });
      await close('run-1', 'failed');
      expect(await state()).toMatchObject({ access: null, comparedColumns: null, reconciledAt: null });
      const plan = { ...contactsPlan, columns: [column('email', 'text')] };
      await openRun('run-2', 1, { mode: 'reconcile', plan, access: 'second' });
      await close('run-2');
      await openRun('run-3', 2, { mode: 'incremental' });
      await close('run-3');
      const { reconciledAt, access, comparedColumns } = await state();
      expect({ access, comparedColumns }).toEqual({ access: 'second', comparedColumns: [column('email', 'text')] });
      const [, reconciled] = await destination.listRuns({ ...target, limit: 2 }, noAbort);
      expect(reconciledAt).toBe(reconciled?.endedAt);
      // Another account's, which nobody approved: it repaired nothing.
      await openRun('run-4', 3, { mode: 'reconcile', access: 'third' });
      await destination.closeRun(
        { ...target, run: 'run-4', status: 'done', error: 'not approved', forgetsAccess: true },
        noAbort,
      );
      expect(await state()).toMatchObject({ access: 'second', reconciledAt, comparedColumns });
    });

    describe('and forgets it at a reset', () => {
      it('positions, backfill and resume point, but not the ledger, the rows or the access', async () => {
        const run = await openRun('run-1', 0, { access: 'account 7' });
        await run.mergeRecords([ada], { positions: { fast: instant(7), settled: instant(3) } });
        await close('run-1');
        expect(await reset('reset-1')).toEqual({ generation: 2 });
        expect(await state()).toEqual({ ...untouched, generation: 2, liveRows: 1, access: 'account 7' });
        expect(await under.readRows({ ...table, table: 'sync_batches' })).toHaveLength(1);
        const next = await openRun('run-2', 1);
        expect(next.claim).toMatchObject({ generation: 2, previous: null, self: null });
        expect(await next.mergeRecords([ada])).toMatchObject({ kind: 'merged', counts: { unchanged: 1 } });
        expect(await state()).toMatchObject({ generation: 2, backfill: 'unfinished', positions: null });
      });

      it('the access too, where the table is dropped: another account may fill it', async () => {
        await openRun('run-1', 0, { access: 'account 7' });
        await close('run-1');
        await reset('reset-1', 'drop');
        expect((await state()).access).toBeNull();
        expect((await openRun('run-2', 1, { access: 'account 8' })).claim.state.access).toBeNull();
      });

      it('once per request', async () => {
        await (await openRun('run-1', 0)).mergeRecords([ada]);
        await reset('reset-1', 'drop');
        expect(await state()).toMatchObject({ generation: 2, liveRows: null });
        await (await openRun('run-2', 1)).mergeRecords([ada]);
        expect(await reset('reset-1', 'drop')).toEqual({ generation: 2 });
        expect(await state()).toMatchObject({ generation: 2, liveRows: 1 });
        expect(await reset('reset-2')).toEqual({ generation: 3 });
      });

      it('with the rows of its associations, where the table is dropped', async () => {
        const run = await openRun('run-1', 0);
        await run.mergeRecords({
          associations: [
            {
              table: companies,
              heads: [['1', instant(10)]],
              links: [['1', '7', 'HUBSPOT_DEFINED', '279', null, instant(10)]],
            },
          ],
        });
        await reset('reset-1');
        expect(await under.readRows(companies)).toHaveLength(1);
        await reset('reset-2', 'drop');
        await expect(under.readRows(companies)).rejects.toThrow(/does not exist/);
      });

      it('and fences the runs that were under way', async () => {
        const running = await openRun('run-1', 0);
        const request = await running.mint([ada]);
        const reconcile = await openTestRun(destination, {
          run: 'run-2',
          startedAt: instant(1),
          mode: 'reconcile',
          keepsListing: true,
        });
        await reset('reset-1');
        const fenced = { kind: 'Fenced', next: expect.any(String) };
        await expect(running.merge(request)).rejects.toMatchObject(fenced);
        await expect(openRun('run-1', 0)).rejects.toMatchObject(fenced);
        await expect(reconcile.mergeRecords([ada])).rejects.toMatchObject(fenced);
        const work = {
          ...target,
          run: 'run-2',
          mode: 'reconcile',
          keyType: 'integer',
          task: 'repair',
          after: null,
          limit: 1,
        } as const;
        await expect(destination.readWork(work, noAbort)).rejects.toMatchObject(fenced);
        expect(await destination.countRows(target, noAbort)).toEqual({ live: 0, deleted: 0 });
        await close('run-1', 'failed');
      });

      it('only where there is something', async () => {
        const refusal = { kind: 'ConfigInvalid', message: expect.stringContaining('nothing to reset') };
        await expect(reset('reset-1')).rejects.toMatchObject(refusal);
        await openTestRun(destination, {
          run: 'x',
          startedAt: instant(0),
          plan: { ...contactsPlan, stream: 'crm.deals', table: { ...table, table: 'deals' } },
        });
        await expect(reset('reset-1')).rejects.toMatchObject(refusal);
        expect(await state()).toEqual(untouched);
      });
    });
  });
}
