import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { IncrementalResult } from '../../workflows/messages.ts';
import { ChaosWorld } from '../support/chaos-world.ts';
import { expectSame } from '../support/expect-same.ts';

let world: ChaosWorld;

const lagMs = 6_000;

/** After this a run's overlap of a second, by a clock of whole seconds, no longer reaches back to a change. */
const beyondOverlapMs = 2_200;

beforeAll(async () => {
  const few = { columns: ['createdate', 'firstname', 'lastname', 'email', 'jobtitle', 'lastmodifieddate'] };
  world = await ChaosWorld.open({
    contacts: 24_000,
    seed: 2_101,
    chunkRecords: 5_000,
    stream: { ...few, associations: [], incremental: { overlap: '1s' } },
    records: { companies: 500, deals: 500 },
    streams: {
      companies: { incremental: { overlap: '1s', horizon: '8s', settledEvery: '1s' } },
      deals: { associations: [], incremental: { overlap: '10s' } },
    },
  });
  await world.startWorker().ready;
  await Promise.all(['crm.contacts', 'crm.companies', 'crm.deals'].map((stream) => world.run('backfill', { stream })));
});

afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
});

const incremental = (stream: string) => world.run<IncrementalResult>('incremental', { stream });

/** Answers of the search by status. */
const searches = (object: string) => world.simulator.stats.snapshot()[`search ${object}`]?.statuses ?? {};

describe('search', { timeout: 120_000 }, () => {
  it('case 1: a window of more than 10,000 hits is brought whole, and never asked for its 10,000th', async () => {
    const { portal } = world.simulator;
    const changed = new Set<string>();
    for (let seed = 1; seed <= 6; seed++) {
      for (const id of portal.change('contacts', { count: 2_300, seed })) changed.add(id);
      await sleep(5);
    }
    expect(changed.size).toBeGreaterThan(10_000);
    await sleep(beyondOverlapMs);
    const result = await incremental('crm.contacts');
    expect(result.text).toContain('Performing incremental sync from');
    expect(result.totals).toMatchObject({ read: changed.size, updated: changed.size });
    expect(Object.keys(searches('contacts'))).toEqual(['200']);
    await expectSame(world);
  });

  it('case 2: 12,000 records of one millisecond end, and are complete', async () => {
    const { portal } = world.simulator;
    const { store } = portal.data('contacts');
    const ids = store.liveFrom(0, { limit: 12_000, sees: () => true }).map(({ id }) => String(id));
    const atOnce = portal.change('contacts', { ids });
    const versions = new Set(atOnce.map((id) => portal.data('contacts').store.find(Number(id))?.modifiedMs));
    expect(versions.size).toBe(1);
    await sleep(beyondOverlapMs);
    const result = await incremental('crm.contacts');
    expect(result.text).toContain('Performing incremental sync from');
    expect(result.totals).toMatchObject({ read: 12_000, updated: 12_000 });
    expect(Object.keys(searches('contacts'))).toEqual(['200']);
    await expectSame(world);
    expect((await incremental('crm.contacts')).outcome).toBe('idle');
  });

  it('case 2: where most of an object changed at once it is listed instead', async () => {
    world.simulator.portal.change('contacts', { count: 20_000, seed: 10 });
    const before = searches('contacts')['200']!;
    const result = await incremental('crm.contacts');
    expect(result).toMatchObject({ outcome: 'changed', totals: { read: 24_000, updated: 20_000, unchanged: 4_000 } });
    expect(result.text).toContain('Performing full sync: 20000 records changed');
    // One told how many changed, one counts.
    expect(searches('contacts')['200']! - before).toBeLessThanOrEqual(4);
    await expectSame(world);
  });

  it('case 3: what is indexed late is missed by the fast pass, and brought by the settled one', async () => {
    const { portal } = world.simulator;
    world.simulator.configure({ search: { slowShare: 0.5, slowLagMs: lagMs } });
    const ids = portal.change('companies', { count: 40, seed: 2 });
    const changedMs = Date.now();
    await sleep(beyondOverlapMs);
    const fast = await incremental('crm.companies');
    expect(Date.now()).toBeLessThan(changedMs + lagMs);
    expect(fast.outcome).toBe('changed');
    const between = await world.compare('companies');
    const late = between.differing.find(({ column }) => column === '_version')!.count;
    expect(late).toBeGreaterThan(0);
    expect(late + fast.totals.updated).toBe(ids.length);
    // No later fast pass reaches back to the change.
    expect(Date.parse(fast.next!.positions.fast) - 1_000).toBeGreaterThan(changedMs);

    await sleep(Math.max(0, changedMs + 10_500 - Date.now()));
    const settled = await incremental('crm.companies');
    expect(settled.totals.updated).toBe(late);
    await expectSame(world, 'companies');
    world.simulator.configure({ search: { slowShare: 0 } });
  });

  it('case 4: of hits that are stale, in disorder and outside of the window, the batch read counts', async () => {
    const { portal } = world.simulator;
    const staleMs = 3_000;
    world.simulator.configure({ search: { lagMs: staleMs, isDisordered: true, windowSlackMs: 3_600_000 } });
    const ids = portal.change('deals', { count: 60, seed: 3, values: { dealname: 'before' } });
    await sleep(staleMs);
    portal.change('deals', { ids: ids.slice(0, 30), values: { dealname: 'after' } });
    portal.archive('deals', { ids: ids.slice(30, 33) });
    const result = await incremental('crm.deals');
    expect(result.totals).toMatchObject({ read: 57, updated: 57 });
    const comparison = await world.compare('deals');
    expect(comparison).toMatchObject({ missing: { count: 0 }, extra: { count: 3 }, differing: [] });
    await sleep(staleMs);
    const known = await incremental('crm.deals');
    expect(known.outcome).toBe('idle');
    world.simulator.configure({ search: { lagMs: 0, isDisordered: false, windowSlackMs: 0 } });
  });
});
