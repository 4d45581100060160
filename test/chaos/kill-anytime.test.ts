import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createRandom } from '../../simulators/hubspot/seeded-random.ts';
import { ChaosWorld } from '../support/chaos-world.ts';
import { eventually } from '../support/eventually.ts';
import { expectWhole } from '../support/expect-whole.ts';
import { total } from '../support/ledger-audit.ts';

const kills = 6;
const seed = 101;
const contacts = 24_000;

it(`a backfill whose worker is killed ${kills} times, seed ${seed}`, { timeout: 240_000 }, async () => {
  const random = createRandom(seed);
  /** Slow enough that the run outlives the kills: 3,000 records in any ten seconds. */
  await using world = await ChaosWorld.open({
    contacts,
    seed,
    chunkRecords: 1_000,
    simulator: { latencyMs: 40, jitterMs: 80, limits: { burst: 30 } },
  });
  const run = await world.start();
  const moments: string[] = [];
  for (let kill = 1; kill <= kills; kill++) {
    const worker = world.startWorker();
    const idle = world.requests;
    await eventually('the worker sends requests', () => world.requests > idle, 45_000);
    const delayMs = random.between(0, 2_500);
    await sleep(delayMs);
    await worker.stop('SIGKILL');
    const { pendingActivities } = (await run.describe()).raw;
    const pending = pendingActivities?.map(({ activityType }) => activityType?.name).join('+');
    moments.push(`${delayMs} ms: ${pending || 'no activity'}`);
  }
  console.log(`killed after the first request (seed ${seed}), during:\n  ${moments.join('\n  ')}`);
  expect((await run.describe()).status.name).toBe('RUNNING');

  world.simulator.configure({ latencyMs: 0, jitterMs: 0, limits: { burst: null } });
  const worker = world.startWorker();
  const result = await run.result();
  await worker.stop();

  const { runs, batches, watermark } = await expectWhole(world);
  expect(runs).toMatchObject([{ run: run.firstExecutionRunId, status: 'done' }]);
  expect(watermark).not.toBeNull();
  expect(total(batches, 'inserted')).toBe(contacts);
  expect(total(batches, 'read')).toBe(contacts);
  expect(result.totals).toMatchObject({ read: contacts, inserted: contacts, updated: 0, unchanged: 0 });
});
