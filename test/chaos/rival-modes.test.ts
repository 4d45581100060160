import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { SyncMode } from '../../model/plan.ts';
import { createRandom, shuffled } from '../../simulators/hubspot/seeded-random.ts';
import type { BackfillResult, IncrementalResult, ReconcileResult } from '../../workflows/messages.ts';
import { accountSteps, AccountSteps } from '../support/account-steps.ts';
import { ChaosWorld } from '../support/chaos-world.ts';
import { crmKinds, openCrmWorld } from '../support/crm-world.ts';
import { eventually } from '../support/eventually.ts';
import { expectSame } from '../support/expect-same.ts';
import { auditLedger } from '../support/ledger-audit.ts';
import { mergeOutcomes } from '../support/merge-outcomes.ts';
import { expectOnlyUnseenLeft } from '../support/only-unseen-left.ts';
import { planSabotage, type Harm } from '../support/sabotage-plan.ts';

/** As long as the runs of a round last, at least. */
const stepsPerRound = 50;

/** A filled world whose worker then holds merges of a mode, each until it is released. */
async function openHolding({ seed, harms, stream = {} }: { seed: number; harms: readonly Harm[]; stream?: object }) {
  const world = await ChaosWorld.open({ contacts: 800, seed, chunkRecords: 1_000, stream });
  const filling = world.startWorker();
  await world.run('backfill');
  await filling.stop();
  const sabotage = planSabotage(world.folder, harms);
  const worker = world.startWorker(sabotage);
  const held = (harm: Harm): Promise<boolean> => eventually('a merge is held', () => sabotage.isDone(harm), 60_000);
  return { world, worker, held, release: sabotage.release, portal: world.simulator.portal };
}

describe.concurrent('runs of one stream in different modes', () => {
  it('a page read before a refresh, a tombstone and an erasure, merged after them', { timeout: 180_000 }, async () => {
    const harm: Harm = { at: 'mergeStarts', mode: 'backfill', does: 'hold' };
    const stream = { onVanished: 'erase' };
    const { world, worker, held, release, portal } = await openHolding({ seed: 1_401, harms: [harm], stream });
    await using _ = world;
    const backfill = await world.begin('backfill');
    await held(harm);
    const archived = portal.archive('contacts', { count: 25, seed: 1 });
    const erased = portal.gdprDelete('contacts', { count: 10, seed: 2 });
    const refreshed = portal.change('contacts', { count: 40, seed: 3 });
    expect((await world.run<IncrementalResult>('incremental')).totals.updated).toBe(refreshed.length);
    expect((await world.run<ReconcileResult>('softDelete')).totals.deleted).toBe(archived.length);
    expect((await world.run<ReconcileResult>('reconcile')).totals.erased).toBe(erased.length);
    release(harm);
    const { totals } = (await backfill.result()) as BackfillResult;
    await worker.stop();
    const late = archived.length + erased.length + refreshed.length;
    expect(totals).toMatchObject({ read: 800, inserted: 0, updated: 0, restored: 0, superseded: late });
    await expectSame(world, 'contacts', { erasedIds: erased });
    await auditLedger(world.sandbox.databasePath);
  });

  it('a record restored between the bin’s reading and its tombstone’s merge', { timeout: 180_000 }, async () => {
    const harm: Harm = { at: 'mergeStarts', mode: 'softDelete', sequence: 1, does: 'hold' };
    const { world, worker, held, release, portal } = await openHolding({ seed: 1_402, harms: [harm] });
    await using _ = world;
    const archived = portal.archive('contacts', { count: 30, seed: 1 });
    const deletion = await world.begin('softDelete');
    await held(harm);
    const restored = portal.restore('contacts', { ids: archived.slice(0, 12) });
    // It sees them alive and as they were, and so writes nothing that could stop a tombstone.
    const backfill = await world.run<BackfillResult>('backfill', { ids: restored });
    expect(backfill.totals).toMatchObject({ read: restored.length, unchanged: restored.length, updated: 0 });
    release(harm);
    const { totals } = (await deletion.result()) as ReconcileResult;
    await worker.stop();
    expect(totals).toMatchObject({
      doubtful: archived.length,
      deleted: archived.length - restored.length,
      restored: 0,
    });
    await expectSame(world);
    await auditLedger(world.sandbox.databasePath);
  });

  it('the same where the tombstone is work that was in doubt before', { timeout: 180_000 }, async () => {
    // Batch 1 is the bin, 2 the comparison, 3 the records in doubt, read once more.
    const [bin, work] = ([1, 3] as const).map((sequence): Harm => ({
      at: 'mergeStarts',
      mode: 'softDelete',
      sequence,
      does: 'hold',
    })) as [Harm, Harm];
    const { world, worker, held, release, portal } = await openHolding({ seed: 1_403, harms: [bin, work] });
    await using _ = world;
    const left = portal.archive('contacts', { count: 5, seed: 1 });
    const deletion = await world.begin('softDelete');
    await held(bin);
    // A look at records that are as they were: what was read of the bin before is in doubt.
    await world.run('backfill', { limit: 20 });
    release(bin);
    await held(work);
    const back = portal.restore('contacts', { ids: left.slice(0, 2) });
    await world.run('backfill', { ids: back });
    release(work);
    const { totals } = (await deletion.result()) as ReconcileResult;
    await worker.stop();
    const rewinds = (await mergeOutcomes(deletion)).filter((outcome) => outcome.kind === 'rewind');
    expect(rewinds.map(({ reason }) => reason)).toContain('doubtful');
    expect(totals).toMatchObject({ deleted: left.length - back.length, restored: 0 });
    await expectSame(world);
    await auditLedger(world.sandbox.databasePath);
  });

  it(
    'a soft delete beside a backfill that commits every second waits until it is sure',
    // On a machine that is slower than these commits it gives up, rightly: `Conflict`.
    { timeout: 180_000, retry: 2 },
    async () => {
      await using world = await ChaosWorld.open({ contacts: 3_000, seed: 1_404, chunkRecords: 100 });
      const worker = world.startWorker();
      await world.run('backfill', { chunkRecords: 2_000 });
      world.simulator.configure({ limits: { burst: 30 } });
      const backfill = await world.begin('backfill');
      await world.untilMerged(3);
      const archived = world.simulator.portal.archive('contacts', { count: 40, seed: 1 });
      const deletion = await world.begin('softDelete');
      const { totals } = (await deletion.result()) as ReconcileResult;
      expect(totals).toMatchObject({ doubtful: archived.length, deleted: archived.length });
      const rewinds = (await mergeOutcomes(deletion)).filter((outcome) => outcome.kind === 'rewind');
      expect(rewinds.map(({ reason }) => reason)).toContain('doubtful');
      world.simulator.configure({ limits: { burst: null } });
      await backfill.result();
      await worker.stop();
      await expectSame(world);
      await auditLedger(world.sandbox.databasePath);
    },
  );
});

describe('backfill, incremental, softDelete and reconcile at once', () => {
  it.each([1_501])('while the account changes, seed %i', { timeout: 240_000 }, async (seed) => {
    const random = createRandom(seed);
    await using world = await openCrmWorld({ contacts: 1_000, companies: 150, seed, chunkRecords: 200 });
    const account = new AccountSteps(world.simulator.portal, seed);
    const worker = world.startWorker();
    for (const kind of crmKinds) await world.run('backfill', { stream: `crm.${kind}` });
    for (let round = 0; round < 3; round++) {
      const modes: SyncMode[] = ['backfill', 'incremental', 'softDelete', 'reconcile'];
      const runs = shuffled(modes, random).flatMap((mode) =>
        crmKinds.map((kind) => world.run(mode, { stream: `crm.${kind}` })),
      );
      const ended = Promise.all(runs);
      for (let step = 0; step < stepsPerRound; step++) {
        account.take(random.pick(accountSteps));
        await sleep(50);
      }
      await ended;
    }
    await expectOnlyUnseenLeft(world, { account, worker });
  });
});
