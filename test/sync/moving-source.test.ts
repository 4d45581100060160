import { expect, it } from 'vitest';
import type { IncrementalResult, ReconcileResult } from '../../workflows/messages.ts';
import { AccountLife } from '../support/account-life.ts';
import { ChaosWorld } from '../support/chaos-world.ts';
import { expectSame } from '../support/expect-same.ts';

const seed = 2_301;

it(
  `case 16: records that come, change and go while reconcile lists and incremental pages, seed ${seed}`,
  { timeout: 120_000 },
  async () => {
    await using world = await ChaosWorld.open({
      contacts: 4_000,
      seed,
      chunkRecords: 500,
      simulator: { latencyMs: 150, jitterMs: 100 },
    });
    await world.startWorker().ready;
    await world.run('backfill');
    const life = new AccountLife(world.simulator.portal, seed);
    life.begin();
    const reconciling = await world.begin('reconcile');
    let isOver = false;
    const reconciled = reconciling.result().finally(() => (isOver = true)) as Promise<ReconcileResult>;
    let read = 0;
    while (!isOver) read += (await world.run<IncrementalResult>('incremental')).totals.read;
    expect(read).toBeGreaterThan(300);
    const during = await reconciled;
    expect(during.totals.listed).toBeGreaterThan(3_500);
    await world.run('softDelete');
    life.end();
    expect(life.steps).toBeGreaterThan(60);

    world.simulator.configure({ latencyMs: 0, jitterMs: 0 });
    await world.run('incremental');
    await world.run('softDelete');
    // Only recalculated values are left for the last reconciliation.
    const ignoredColumns = ['hs_latest_source_data_1'];
    await expectSame(world, 'contacts', { ignoredColumns });
    const last = await world.run<ReconcileResult>('reconcile');
    expect(last.vanished?.differences).toMatchObject({ missing: 0, stale: 0, vanished: 0 });
    await expectSame(world);
  },
);
