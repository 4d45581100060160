import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { IncrementalResult, ReconcileResult } from '../../workflows/messages.ts';
import { ChaosWorld } from '../support/chaos-world.ts';
import { eventually } from '../support/eventually.ts';
import { expectSame } from '../support/expect-same.ts';
import { auditLedger, total } from '../support/ledger-audit.ts';
import { planSabotage, type Harm } from '../support/sabotage-plan.ts';

/** Short enough that a change is missed at once by a position that was moved beyond what was read. */
const narrow = { incremental: { overlap: '0s', horizon: '1s', settledEvery: '1s' } };

async function openFilled(seed: number): Promise<ChaosWorld> {
  const world = await ChaosWorld.open({ contacts: 1_200, seed, chunkRecords: 500, stream: narrow });
  const worker = world.startWorker();
  await world.run('backfill');
  await worker.stop();
  return world;
}

describe.concurrent('a worker killed with SIGKILL', () => {
  it('once a tombstone, a comparison, or the begin of flagging is committed', { timeout: 180_000 }, async () => {
    const harms: Harm[] = [
      { at: 'afterCommit', mode: 'softDelete', does: 'kill' },
      { at: 'compared', mode: 'reconcile', does: 'kill' },
      { at: 'vanishedBegun', mode: 'reconcile', does: 'kill' },
    ];
    await using world = await openFilled(1_301);
    const sabotage = planSabotage(world.folder, harms);
    const { portal } = world.simulator;
    portal.archive('contacts', { count: 30, seed: 1 });
    let worker = world.startWorker(sabotage);
    const survive = async (harm: Harm): Promise<void> => {
      await eventually(`a kill at ${harm.at}`, () => !worker.isRunning, 60_000);
      expect(sabotage.isDone(harm)).toBe(true);
      worker = world.startWorker(sabotage);
    };

    const deletion = await world.begin('softDelete');
    await survive(harms[0]!);
    const deleted = (await deletion.result()) as ReconcileResult;
    expect(deleted.totals).toMatchObject({ deleted: 30, restored: 0 });

    portal.gdprDelete('contacts', { count: 20, seed: 2 });
    portal.recalculate('contacts', { count: 15, seed: 3, values: { hs_latest_source_data_1: 'recalculated' } });
    const comparison = await world.begin('reconcile');
    await survive(harms[1]!);
    await survive(harms[2]!);
    const reconciled = (await comparison.result()) as ReconcileResult;
    await worker.stop();
    expect(reconciled.vanished?.differences).toEqual({
      missing: 0,
      stale: 0,
      recalculated: 15,
      doubtful: 0,
      vanished: 20,
    });
    expect(reconciled.totals).toMatchObject({ inserted: 0, updated: 35, deleted: 20 });
    await expectSame(world);
    const { batches } = await auditLedger(world.sandbox.databasePath);
    expect(total(batches, 'deleted')).toBe(50);
    for (const mode of ['softDelete', 'reconcile'] as const) expect(await world.stagedRuns(mode)).toEqual([]);
  });

  it('once an incremental run is claimed, or opened, and what changes meanwhile', { timeout: 180_000 }, async () => {
    await using world = await openFilled(1_302);
    const { portal } = world.simulator;
    for (const [n, at] of (['claimed', 'opened', 'afterCommit'] as const).entries()) {
      const harm: Harm = { at, mode: 'incremental', does: 'kill' };
      const sabotage = planSabotage(world.folder, [harm]);
      const first = portal.change('contacts', { count: 25, seed: 2 * n + 1 });
      const killed = world.startWorker(sabotage);
      const run = await world.begin('incremental');
      await eventually(`a kill at ${at}`, () => !killed.isRunning, 60_000);
      expect(sabotage.isDone(harm)).toBe(true);
      // Later than any window that the killed attempt had planned, and before the next attempt plans its own.
      await sleep(2_500);
      const second = portal.change('contacts', { count: 25, seed: 2 * n + 2 });
      const changed = new Set([...first, ...second]).size;

      const worker = world.startWorker(sabotage);
      const result = (await run.result()) as IncrementalResult;
      expect(result.totals.updated).toBeGreaterThanOrEqual(first.filter((id) => !second.includes(id)).length);
      // What the run did not read, no position may have passed.
      const next = await world.run<IncrementalResult>('incremental');
      await worker.stop();
      expect(result.totals.updated + next.totals.updated, at).toBeGreaterThanOrEqual(changed);
      await expectSame(world);
    }
    await auditLedger(world.sandbox.databasePath);
    expect(await world.stagedRuns('incremental')).toEqual([]);
  });
});
