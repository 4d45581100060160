import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BackfillResult, IncrementalResult, ReconcileResult } from '../../workflows/messages.ts';
import { ChaosWorld } from '../support/chaos-world.ts';
import { expectSame, expectSameAssociations, noDifference } from '../support/expect-same.ts';

let world: ChaosWorld;

beforeAll(async () => {
  world = await ChaosWorld.open({
    contacts: 1_500,
    seed: 2_201,
    chunkRecords: 1_000,
    records: { companies: 300, deals: 300 },
    streams: { companies: { reconcile: { refreshCalculated: false } }, deals: {} },
    simulator: { initialAssociations: { 'contacts>companies': 2, 'deals>contacts': 3, 'deals>companies': 2 } },
  });
  await world.startWorker().ready;
  await Promise.all(
    ['crm.contacts', 'crm.companies', 'crm.deals'].map((stream) => world.run<BackfillResult>('backfill', { stream })),
  );
});

afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
});

const incremental = (stream: string) => world.run<IncrementalResult>('incremental', { stream });
const softDelete = (stream: string) => world.run<ReconcileResult>('softDelete', { stream });
const reconcile = (stream: string) => world.run<ReconcileResult>('reconcile', { stream });

const none = { missing: 0, stale: 0, recalculated: 0, doubtful: 0, vanished: 0 };

describe('what leaves no new version', () => {
  it('case 10: a record with more associations than a page is read whole, by incremental where it changed', async () => {
    const { portal } = world.simulator;
    await expectSameAssociations(world, 'contacts', 'companies');
    await expectSameAssociations(world, 'deals', 'contacts');
    await expectSameAssociations(world, 'deals', 'companies');
    const contacts = portal.data('contacts').store.liveFrom(0, { limit: 1_200, sees: () => true });
    const [deal] = portal.change('deals', { count: 1, seed: 1 }) as [string];
    const pairs = contacts.map(({ id }) => ({ from: deal, to: String(id) }));
    portal.associations.associate('deals', 'contacts', pairs);
    const linked = await incremental('crm.deals');
    expect(linked.totals.linked).toBeGreaterThan(1_190);
    await expectSameAssociations(world, 'deals', 'contacts');

    portal.associations.dissociate('deals', 'contacts', pairs.slice(0, 700));
    portal.associations.associate('deals', 'contacts', [{ ...pairs[900]!, label: 'Decision maker' }]);
    portal.change('deals', { ids: [deal] });
    world.simulator.configure({ associations: { missing: 'errors207', toObjectId: 'number' } });
    const unlinked = await incremental('crm.deals');
    expect(unlinked.totals).toMatchObject({ linked: 1, unlinked: 700 });
    await expectSameAssociations(world, 'deals', 'contacts');
  });

  it('case 10: associations alone, added and removed, wait for reconcile', async () => {
    const { portal } = world.simulator;
    const deals = portal.data('deals').store.liveFrom(0, { limit: 40, sees: () => true });
    const contacts = portal.data('contacts').store.liveFrom(0, { limit: 1_500, sees: () => true });
    const added = deals.slice(0, 5).map(({ id }, n) => ({ from: String(id), to: String(contacts[1_400 + n]!.id) }));
    const removed = deals.slice(20, 40).flatMap(({ id }) => {
      const [link] = portal.associations.of('deals', 'contacts', id);
      return link === undefined ? [] : [{ from: String(id), to: String(link.toId) }];
    });
    portal.associations.associate('deals', 'contacts', added);
    portal.associations.dissociate('deals', 'contacts', removed);
    expect((await incremental('crm.deals')).outcome).toBe('idle');
    await softDelete('crm.deals');
    expect(await world.compareAssociations('deals', 'contacts')).toMatchObject({
      missing: { count: added.length },
      extra: { count: removed.length },
    });
    expect(removed.length).toBeGreaterThan(5);
    await expectSame(world, 'deals');

    const result = await reconcile('crm.deals');
    expect(result.vanished?.differences).toEqual(none);
    expect(result.totals).toMatchObject({ linked: added.length, unlinked: removed.length, updated: 0 });
    await expectSameAssociations(world, 'deals', 'contacts');
    await expectSameAssociations(world, 'deals', 'companies');
    await expectSame(world, 'deals');
  });

  it('case 23: what is recalculated waits for reconcile', async () => {
    const { portal } = world.simulator;
    portal.recalculate('contacts', { count: 25, seed: 2, values: { hs_latest_source_data_1: 'recalculated' } });
    expect((await incremental('crm.contacts')).outcome).toBe('idle');
    expect(await world.compare()).toMatchObject({
      ...noDifference,
      differing: [{ column: 'hs_latest_source_data_1', count: 25 }],
    });
    const result = await reconcile('crm.contacts');
    expect(result.vanished?.differences).toEqual({ ...none, recalculated: 25 });
    expect(result.totals).toMatchObject({ updated: 25 });
    await expectSame(world);
    const again = await reconcile('crm.contacts');
    expect(again.vanished?.differences).toEqual(none);
  });

  it('case 23: and is left as it is where config says so', async () => {
    const { portal } = world.simulator;
    portal.recalculate('companies', { count: 25, seed: 2, values: { num_associated_deals: '77' } });
    const result = await reconcile('crm.companies');
    expect(result.vanished?.differences).toEqual(none);
    expect(await world.compare('companies')).toMatchObject({
      ...noDifference,
      differing: [{ column: 'num_associated_deals', count: 25 }],
    });
  });
});
