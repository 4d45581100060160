import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultTaskQueue, resetWorkflowId, scheduleId, syncWorkflowId } from '../../model/workflow-id.ts';
import { resetType, type BackfillResult, type IncrementalResult, type ResetResult } from '../../workflows/messages.ts';
import { ChaosWorld } from '../support/chaos-world.ts';
import { eventually } from '../support/eventually.ts';
import { expectSame } from '../support/expect-same.ts';
import { holdFile } from '../support/held-file.ts';

let world: ChaosWorld;

beforeAll(async () => {
  world = await ChaosWorld.open({
    contacts: 1_000,
    seed: 2_701,
    chunkRecords: 250,
    records: { companies: 500, deals: 200 },
    streams: {
      companies: { incremental: { enabled: false } },
      deals: { associations: [], incremental: { neverBackfilled: 'fullSync' } },
    },
  });
  await world.startWorker().ready;
});

afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
});

const backfill = (input: object = {}) => world.run<BackfillResult>('backfill', input);
const incremental = (input: object = {}) => world.run<IncrementalResult>('incremental', input);

async function batches(): Promise<number> {
  const [row] = await world.query('SELECT count(*)::INTEGER AS batches FROM hubspot.sync_batches');
  return Number(row!['batches']);
}

describe('what incremental makes of its state', () => {
  it('before any backfill it says so, and neither asks nor writes', async () => {
    const result = await incremental();
    expect(result).toMatchObject({ outcome: 'needsBackfill', batches: 0, rows: null });
    expect(result.text).toContain('needs backfill: it was never backfilled completely');
    expect(world.requests).toBe(0);
    expect(existsSync(world.sandbox.databasePath)).toBe(false);
  });

  it('before any backfill it makes one where config says so', async () => {
    const result = await incremental({ stream: 'crm.deals' });
    expect(result).toMatchObject({ outcome: 'fullSync', totals: { inserted: 200 } });
    expect(result.text).toContain('Performing full sync (it was never backfilled completely)');
    await expectSame(world, 'deals');
    expect((await incremental({ stream: 'crm.deals' })).outcome).toBe('idle');
  });

  it('without a change a run costs four requests at most, and writes nothing', async () => {
    await backfill();
    const before = await batches();
    const file = await stat(world.sandbox.databasePath);
    const sent = world.requests;
    const result = await incremental();
    expect(result).toMatchObject({ outcome: 'idle', batches: 0 });
    expect(result.text).toMatch(/^Performing incremental sync from \S+ to \S+: nothing changed$/);
    expect(world.requests - sent).toBeLessThanOrEqual(4);
    expect(await batches()).toBe(before);
    const after = await stat(world.sandbox.databasePath);
    expect([after.size, after.mtimeMs]).toEqual([file.size, file.mtimeMs]);
  });

  it('without a change scheduled runs go on from one another, and write nothing', async () => {
    const { client } = world.temporal;
    const before = await batches();
    const file = await stat(world.sandbox.databasePath);
    const sent = world.requests;
    const schedule = await client.schedule.create({
      scheduleId: scheduleId('incremental', 'crm.contacts'),
      spec: { intervals: [{ every: '2 seconds' }] },
      policies: { overlap: 'BUFFER_ONE' },
      action: {
        type: 'startWorkflow',
        workflowType: 'incremental',
        workflowId: syncWorkflowId('incremental', 'crm.contacts'),
        taskQueue: defaultTaskQueue,
        args: [{ stream: 'crm.contacts' }],
      },
    });
    const results = async (): Promise<IncrementalResult[]> => {
      const { recentActions } = (await schedule.describe()).info;
      const runs = recentActions.map(({ action }) => client.workflow.getHandle(action.workflow.workflowId));
      return (await Promise.all(runs.map((run) => run.result()))) as IncrementalResult[];
    };
    const idle = await eventually('three runs', async () => {
      const found = await results();
      return found.length >= 3 && found;
    });
    expect(idle.map(({ outcome }) => outcome)).toEqual(idle.map(() => 'idle'));
    expect(idle.map(({ next }) => next?.idleRuns)).toEqual(idle.map((_, n) => n + 1));
    const reached = idle.map(({ next }) => next!.positions.fast);
    expect(reached).toEqual([...new Set(reached)].toSorted());
    expect(world.requests - sent).toBeLessThanOrEqual(4 * (idle.length + 1));
    const after = await stat(world.sandbox.databasePath);
    expect([after.size, after.mtimeMs]).toEqual([file.size, file.mtimeMs]);

    world.simulator.portal.change('contacts', { count: 10, seed: 1 });
    const changed = await eventually('a run that finds the change', async () =>
      (await results()).find(({ outcome }) => outcome === 'changed'),
    );
    await schedule.pause();
    await results();
    await schedule.delete();
    expect(changed).toMatchObject({ totals: { updated: 10 }, next: { idleRuns: 0 } });
    expect(await batches()).toBe(before + 1);
    await expectSame(world);
  });

  it('once its state is lost it says so, and makes a full sync', async () => {
    const { portal } = world.simulator;
    portal.change('contacts', { count: 10, seed: 3 });
    portal.recalculate('contacts', { count: 10, seed: 3, values: { hs_latest_source_data_1: 'recalculated' } });
    portal.gdprDelete('contacts', { count: 5, seed: 3 });
    await holdFile(world.sandbox.databasePath, (execute) =>
      execute("DELETE FROM hubspot.sync_batches WHERE stream = 'crm.contacts'"),
    );
    const result = await incremental();
    expect(result.outcome).toBe('fullSync');
    expect(result.text).toBe('Performing full sync (the ledger has lost the positions of the backfill)');
    expect(result.full).toMatchObject({ mode: 'backfill', vanished: { differences: { vanished: 5 } } });
    await expectSame(world);
    expect((await incremental()).totals).toMatchObject({ inserted: 0, updated: 0 });
  });

  it('makes a full sync when it is asked for, once', async () => {
    const values = { hs_latest_source_data_1: 'recalculated again' };
    world.simulator.portal.recalculate('contacts', { count: 10, seed: 4, values });
    const result = await incremental({ forceFullSync: true });
    expect(result).toMatchObject({ outcome: 'fullSync', text: 'Performing full sync (asked for)' });
    await expectSame(world);
    expect((await incremental()).outcome).toBe('idle');
  });

  it('makes a full sync where config has it switched off', async () => {
    const { portal } = world.simulator;
    const stream = 'crm.companies';
    const first = await incremental({ stream });
    expect(first).toMatchObject({ outcome: 'fullSync', totals: { inserted: 500 } });
    // What was seen alive within the second in which a run begins is left to the next.
    await sleep(2_000);
    const changed = portal.change('companies', { count: 30, seed: 5 });
    portal.archive('companies', { ids: changed.slice(20, 25) });
    portal.gdprDelete('companies', { ids: changed.slice(25) });
    const second = await incremental({ stream });
    expect(second.text).toBe('Performing full sync (incremental sync is switched off)');
    expect(second.totals).toMatchObject({ updated: 30, deleted: 10 });
    await expectSame(world, 'companies');
  });
});

describe('reset', () => {
  it('fences a running backfill, and incremental then needs another', async () => {
    world.simulator.configure({ latencyMs: 300 });
    const running = await world.begin('backfill', { resume: 'never' });
    await eventually('a batch is merged', async () => ((await world.progress())?.batches ?? 0) > 0);
    const reset = (await world.temporal.client.workflow.execute(resetType, {
      workflowId: resetWorkflowId('crm.contacts'),
      taskQueue: defaultTaskQueue,
      args: [{ stream: 'crm.contacts', tableRows: 'keep' }],
    })) as ResetResult;
    expect(reset.generation).toBe(2);
    await expect(running.result()).rejects.toMatchObject({ cause: { type: 'Fenced' } });
    world.simulator.configure({ latencyMs: 0 });
    expect((await incremental()).outcome).toBe('needsBackfill');
    world.simulator.portal.change('contacts', { count: 10, seed: 7 });
    const again = await backfill();
    expect(again).toMatchObject({ startReason: 'no earlier backfill of this stream', totals: { updated: 10 } });
    await expectSame(world);
    expect((await incremental()).totals).toMatchObject({ inserted: 0, updated: 0 });
  });
});

describe('SLUICE_INCREMENTAL_ENABLED', () => {
  it('set to no makes every run a full sync', async () => {
    await world.sandbox.stop();
    await world.startWorker({ environment: { SLUICE_INCREMENTAL_ENABLED: 'no' } }).ready;
    world.simulator.portal.recalculate('deals', { count: 10, seed: 8, values: { hs_forecast_amount: '77' } });
    const result = await incremental({ stream: 'crm.deals' });
    expect(result).toMatchObject({ outcome: 'fullSync', totals: { read: 200, updated: 10 } });
    expect(result.text).toBe('Performing full sync (incremental sync is switched off)');
    await expectSame(world, 'deals');
  });
});
