import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultToken } from '../../simulators/hubspot/options.ts';
import type { IncrementalResult, ReconcileResult, SyncResult } from '../../workflows/messages.ts';
import { ChaosWorld } from '../support/chaos-world.ts';
import { eventually } from '../support/eventually.ts';
import { expectSame } from '../support/expect-same.ts';

let world: ChaosWorld;

beforeAll(async () => {
  world = await ChaosWorld.open({
    contacts: 3_000,
    seed: 2_401,
    chunkRecords: 500,
    stream: { associations: [] },
    records: { companies: 3_000 },
    streams: { companies: { chunkRecords: 500 } },
  });
  await writeToken(defaultToken);
  await world.configure({ source: { accessToken: '${ROTATING_TOKEN}' } });
  await world.startWorker().ready;
  await Promise.all(['crm.contacts', 'crm.companies'].map((stream) => world.run('backfill', { stream })));
});

afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
});

const incremental = (stream: string) => world.run<IncrementalResult>('incremental', { stream });
const reconcile = (stream: string) => world.run<ReconcileResult>('reconcile', { stream });

/** As a person puts a new token into the file beside the config. */
async function writeToken(token: string): Promise<void> {
  await writeFile(join(world.folder, '.env'), `ROTATING_TOKEN=${token}\n`);
}

describe('the account', () => {
  it('case 12: its daily limit is met within an incremental and a reconcile, which wait and lose nothing', async () => {
    const { portal } = world.simulator;
    const runs = [
      { mode: 'incremental', stream: 'crm.contacts', object: 'contacts' },
      { mode: 'reconcile', stream: 'crm.companies', object: 'companies' },
    ] as const;
    for (const { object } of runs) {
      portal.change(object, { count: 1_500, seed: 1 });
      portal.create(object, { count: 500, seed: 1 });
    }
    const dailyResetsAt = new Date(Date.now() + 15_000).toISOString();
    world.simulator.configure({ limits: { daily: 40, dailyUsage: 0, dailyResetsAt } });
    const handles = await Promise.all(runs.map(({ mode, stream }) => world.begin(mode, { stream })));
    for (const { mode, stream } of runs) {
      const waiting = await eventually(
        `${mode} waits`,
        async () => {
          const progress = await world.progress(mode, stream);
          return progress?.phase === 'waiting' && progress.stagedBatches === 0 ? progress : null;
        },
        14_000,
      );
      expect(waiting, mode).toMatchObject({ wait: { reason: 'HubSpot daily limit', until: dailyResetsAt } });
      expect(waiting.batches, mode).toBeGreaterThan(0);
    }
    // Whoever asked before the reset would now be answered, and so be found out.
    world.simulator.configure({ limits: { daily: null } });
    const sent = world.requests;
    await sleep(Date.parse(dailyResetsAt) - Date.now() - 500);
    expect(world.requests).toBe(sent);
    const results = (await Promise.all(handles.map((handle) => handle.result()))) as SyncResult[];
    for (const [n, { mode, object }] of runs.entries()) {
      const { totals } = results[n]!;
      expect(totals, mode).toMatchObject({ inserted: 500, updated: 1_500 });
      await expectSame(world, object);
    }
  });

  it('case 14: a token that is rotated within a run is taken up, and the run goes on', async () => {
    const { portal } = world.simulator;
    portal.change('contacts', { count: 1_000, seed: 2 });
    world.simulator.configure({ latencyMs: 200 });
    const run = await world.begin('incremental', {});
    const sent = world.requests;
    await eventually('it reads', () => world.requests > sent + 6);
    await writeToken('pat-na1-second');
    world.simulator.configure({ tokens: [{ token: 'pat-na1-second' }] });
    const result = (await run.result()) as IncrementalResult;
    world.simulator.configure({ latencyMs: 0 });
    expect(result.totals.updated).toBe(1_000);
    await expectSame(world);
  });

  it('case 14: an object without scope fails its own stream, by name, and no other', async () => {
    const { portal } = world.simulator;
    portal.change('contacts', { count: 20, seed: 3 });
    portal.change('companies', { count: 20, seed: 3 });
    world.simulator.configure({ missingScopes: ['companies'] });
    const [refused, other] = await Promise.allSettled([incremental('crm.companies'), incremental('crm.contacts')]);
    expect(refused).toMatchObject({
      status: 'rejected',
      reason: { cause: { type: 'AuthRejected', message: expect.stringContaining('crm.objects.companies.read') } },
    });
    expect(other).toMatchObject({ status: 'fulfilled', value: { totals: { updated: 20 } } });
    await expect(reconcile('crm.companies')).rejects.toMatchObject({ cause: { type: 'AuthRejected' } });
    world.simulator.configure({ missingScopes: [] });
    await expectSame(world);
    const granted = await incremental('crm.companies');
    expect(granted.totals.updated).toBe(20);
    await expectSame(world, 'companies');
  });

  it.each(['incremental', 'reconcile', 'softDelete'] as const)(
    'case 14: a token that is refused for good stops %s, and nothing is written',
    async (mode) => {
      world.simulator.portal.change('contacts', { count: 20, seed: 4 });
      const before = await world.query('SELECT count(*)::INTEGER AS batches FROM hubspot.sync_batches');
      world.simulator.configure({ tokens: [] });
      const sent = world.requests;
      await expect(world.run(mode)).rejects.toMatchObject({ cause: { type: 'AuthRejected' } });
      expect(world.requests - sent).toBeLessThanOrEqual(3);
      world.simulator.configure({ tokens: [{ token: 'pat-na1-second' }] });
      expect(await world.query('SELECT count(*)::INTEGER AS batches FROM hubspot.sync_batches')).toEqual(before);
    },
  );

  it('case 14: and after it nothing is lost', async () => {
    await incremental('crm.contacts');
    await expectSame(world);
  });
});
