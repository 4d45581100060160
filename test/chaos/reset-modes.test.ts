import { describe, expect, it } from 'vitest';
import type { IncrementalResult, ReconcileResult } from '../../workflows/messages.ts';
import { ChaosWorld } from '../support/chaos-world.ts';
import { eventually } from '../support/eventually.ts';
import { expectSame } from '../support/expect-same.ts';
import { auditLedger } from '../support/ledger-audit.ts';
import { resetToTask } from '../support/reset-to-task.ts';
import { planSabotage, type Harm } from '../support/sabotage-plan.ts';

async function openFilled(seed: number, stream: object = {}): Promise<ChaosWorld> {
  const world = await ChaosWorld.open({ contacts: 800, seed, chunkRecords: 1_000, stream });
  const worker = world.startWorker();
  await world.run('backfill');
  await worker.stop();
  return world;
}

describe.concurrent('temporal workflow reset', () => {
  it(
    'of a reconciliation to before its comparison, while it repairs and after its end',
    { timeout: 180_000 },
    async () => {
      await using world = await openFilled(1_601);
      const { portal } = world.simulator;
      portal.gdprDelete('contacts', { count: 15, seed: 1 });
      portal.recalculate('contacts', { count: 20, seed: 2, values: { hs_latest_source_data_1: 'recalculated' } });
      const repairing: Harm = { at: 'mergeStarts', mode: 'reconcile', sequence: 3, does: 'hold' };
      const sabotage = planSabotage(world.folder, [repairing]);
      const worker = world.startWorker(sabotage);
      const run = await world.begin('reconcile');
      await eventually('it repairs', () => sabotage.isDone(repairing), 60_000);
      await resetToTask(world, run.workflowId, { after: 'mergeChunk', times: 1 });
      sabotage.release(repairing);
      const result = (await world.temporal.client.workflow.getHandle(run.workflowId).result()) as ReconcileResult;
      expect(result.run).toBe(run.firstExecutionRunId);
      expect(result.vanished?.differences).toMatchObject({ recalculated: 20, vanished: 15 });
      expect(result.totals).toMatchObject({ updated: 35, deleted: 15 });

      await resetToTask(world, run.workflowId, { after: 'mergeChunk', times: 1 });
      const again = world.temporal.client.workflow.getHandle(run.workflowId).result();
      await expect(again).rejects.toMatchObject({
        cause: { message: expect.stringContaining('start a new run of reconcile') },
      });
      await worker.stop();
      await expectSame(world);
      await auditLedger(world.sandbox.databasePath);
      expect(await world.stagedRuns('reconcile')).toEqual([]);
    },
  );

  it('of an incremental run to its begin, after its end and further changes', { timeout: 180_000 }, async () => {
    await using world = await openFilled(1_602, { incremental: { overlap: '0s', horizon: '1s', settledEvery: '1s' } });
    const { portal } = world.simulator;
    const worker = world.startWorker();
    const first = portal.change('contacts', { count: 30, seed: 1 });
    const run = await world.begin('incremental');
    expect(((await run.result()) as IncrementalResult).totals.updated).toBe(first.length);

    const second = portal.change('contacts', { count: 40, seed: 2 });
    await resetToTask(world, run.workflowId, { after: 'beginIncremental', times: 0 });
    await world.temporal.client.workflow.getHandle(run.workflowId).result();
    const next = await world.run<IncrementalResult>('incremental');
    await worker.stop();
    expect(next.totals.updated).toBe(second.length);
    await expectSame(world);
    await auditLedger(world.sandbox.databasePath);
    expect(await world.stagedRuns('incremental')).toEqual([]);
  });
});
