import { expect, it } from 'vitest';
import { auditLedger } from '../support/ledger-audit.ts';
import { ChaosWorld } from '../support/chaos-world.ts';
import { readWarehouse } from '../support/warehouse.ts';

it('the first records and named records touch neither watermark nor resume point', async () => {
  await using world = await ChaosWorld.open({
    contacts: 5_000,
    seed: 901,
    chunkRecords: 1_000,
    simulator: { latencyMs: 100 },
  });
  const { portal } = world.simulator;
  const worker = world.startWorker();
  const run = async (input: object) => (await world.start(input)).result();

  const look = await run({ limit: 10 });
  expect(look).toMatchObject({ scope: 'limit', totals: { read: 10, inserted: 10 }, watermark: null });

  const ids = portal
    .data('contacts')
    .store.liveFrom(0, { limit: 2_000, sees: () => true })
    .map(({ id }) => String(id))
    .filter((_, n) => n % 40 === 17);
  expect(ids).toHaveLength(50);
  const named = await run({ ids });
  expect(named).toMatchObject({ scope: 'ids', totals: { read: 50, inserted: 50, updated: 0 }, watermark: null });

  const changed = portal.change('contacts', { ids: [ids[3]!, ids[21]!, ids[22]!, ids[48]!] });
  const archived = portal.archive('contacts', { ids: [ids[5]!] });
  const again = await run({ ids });
  expect(again.totals).toMatchObject({ read: 49, inserted: 0, updated: changed.length, unchanged: 45 });

  // A whole backfill that is lost, looks in between, and the next: it goes on from the lost one, not from a look.
  const lost = await world.start();
  await world.untilMerged(2);
  await lost.terminate('no clean-up');
  await run({ limit: 5 });
  await run({ ids: ids.slice(0, 3) });
  await worker.stop();
  const { watermark, runs, batches } = await auditLedger(world.sandbox.databasePath);
  expect(watermark).toBeNull();
  expect(runs.map(({ scope }) => scope)).toEqual(['limit', 'ids', 'ids', 'whole', 'limit', 'ids']);
  expect(batches.every((batch) => batch['watermark_fast'] === null)).toBe(true);
  const updated = await readWarehouse(world.sandbox.databasePath, (query) =>
    query(
      `SELECT t.id::VARCHAR AS id FROM hubspot.contacts t JOIN hubspot.sync_batches b ON b.batch_id = t._batch_id
       WHERE b.updated > 0 AND b.scope = 'ids' ORDER BY t.id`,
    ),
  );
  expect(updated.map(({ id }) => id)).toEqual([...changed].sort((a, b) => Number(a) - Number(b)));

  world.simulator.configure({ latencyMs: 0 });
  const last = world.startWorker();
  const whole = await run({});
  await last.stop();
  expect(whole.startReason).toBe('the last backfill ended as lost');
  expect(whole.watermark).not.toBeNull();
  const comparison = await world.compare();
  expect(comparison).toMatchObject({
    missing: { count: 0 },
    extra: { count: 1, ids: archived },
    duplicated: { count: 0 },
    differing: [],
  });
});
