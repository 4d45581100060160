import { expect, it } from 'vitest';
import { AccountSteps } from '../support/account-steps.ts';
import { crmKinds, openCrmWorld } from '../support/crm-world.ts';
import { expectOnlyUnseenLeft } from '../support/only-unseen-left.ts';
import { Soak, soakSteps } from '../support/soak.ts';

const seed = Number(process.env['SLUICE_SOAK_SEED'] ?? 4_001);

it(`${soakSteps} steps of everything at once, seed ${seed}`, { timeout: 400_000 }, async () => {
  expect(soakSteps).toBeGreaterThanOrEqual(200);
  await using world = await openCrmWorld({ contacts: 2_500, companies: 300, seed, chunkRecords: 500 });
  const account = new AccountSteps(world.simulator.portal, seed);
  const soak = new Soak({ world, account, worker: world.startWorker(), seed });
  try {
    for (const kind of crmKinds) await world.run('backfill', { stream: `crm.${kind}` });
    await soak.takeAll();
    await expectOnlyUnseenLeft(world, { account, worker: soak.worker });
  } catch (error) {
    throw new Error(`seed ${seed}, after ${soak.done.length} steps:\n  ${soak.done.join('\n  ')}`, { cause: error });
  }
});
