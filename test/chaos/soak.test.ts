import { expect, it } from 'vitest';
import { AccountSteps } from '../support/account-steps.ts';
import type { ChaosWorld } from '../support/chaos-world.ts';
import { crmKinds, openCrmWorld } from '../support/crm-world.ts';
import { expectOnlyUnseenLeft } from '../support/only-unseen-left.ts';
import { SnowflakeWorld } from '../support/snowflake-world.ts';
import { Soak, soakSteps } from '../support/soak.ts';

const seed = Number(process.env['SLUICE_SOAK_SEED'] ?? 4_001);
const rounds = Number(process.env['SLUICE_SOAK_ROUNDS'] ?? 1);
const destination = process.env['SLUICE_SOAK_DESTINATION'] ?? 'duckdb';

/** An emulated account takes several times as long for a statement as a file does. */
const limits = {
  duckdb: { roundMs: 300_000, longestRunMs: 90_000 },
  snowflake: { roundMs: 1_800_000, longestRunMs: 400_000 },
}[destination];
const copied = [...crmKinds, 'assoc_contacts_companies', 'sync_batches', 'sync_runs', 'sync_watermarks'];

/** Snowflake's own is five minutes: what a killed worker left open, and nobody was told of. */
const abortIdleBlockerMs = 4_000;

it(
  `${rounds * soakSteps} steps of everything at once into ${destination}, seed ${seed}`,
  { timeout: 100_000 + rounds * (limits?.roundMs ?? 0) },
  async () => {
    expect(limits, `SLUICE_SOAK_DESTINATION ${destination}`).toBeDefined();
    expect(soakSteps).toBeGreaterThanOrEqual(200);
    await using stack = new AsyncDisposableStack();
    const { world, bringRows } = await openWorld(stack);
    const account = new AccountSteps(world.simulator.portal, seed);
    const { longestRunMs } = limits!;
    const soak = new Soak({ world, account, worker: world.startWorker(), seed, longestRunMs });
    try {
      for (const kind of crmKinds) await world.run('backfill', { stream: `crm.${kind}` });
      for (let round = 0; round < rounds; round++) await soak.takeAll();
      await expectOnlyUnseenLeft(world, { account, worker: soak.worker, bringRows });
    } catch (error) {
      throw new Error(`seed ${seed}, after ${soak.done.length} steps:\n  ${soak.done.join('\n  ')}`, { cause: error });
    }
  },
);

async function openWorld(
  stack: AsyncDisposableStack,
): Promise<{ readonly world: ChaosWorld; readonly bringRows: () => Promise<void> }> {
  const options = { contacts: 2_500, companies: 300, seed, chunkRecords: 500 };
  if (destination === 'duckdb') return { world: stack.use(await openCrmWorld(options)), bringRows: async () => {} };
  const around = await SnowflakeWorld.around((entry) => openCrmWorld({ ...options, destination: entry }));
  stack.use(around);
  await around.emulator.control.configure({ abortIdleBlockerMs });
  return { world: around.world, bringRows: () => around.copyOut(copied) };
}
