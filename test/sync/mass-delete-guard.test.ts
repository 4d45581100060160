import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PendingApproval, ReconcileResult } from '../../workflows/messages.ts';
import { syncWorkflowId } from '../../model/workflow-id.ts';
import { approve } from '../support/approve.ts';
import { ChaosWorld } from '../support/chaos-world.ts';
import { eventually } from '../support/eventually.ts';
import { expectSame } from '../support/expect-same.ts';

const portalId = 4_711_001;

let world: ChaosWorld;

beforeAll(async () => {
  const common = { associations: [], chunkRecords: 500 };
  const waits = { ...common, reconcile: { approvalWait: '60s' } };
  world = await ChaosWorld.open({
    contacts: 1_000,
    seed: 2_601,
    chunkRecords: 500,
    stream: waits,
    records: { companies: 1_000, deals: 1_000, tickets: 1_000 },
    streams: { companies: waits, deals: waits, tickets: { ...common, reconcile: { approvalWait: '1s' } } },
  });
  await world.startWorker().ready;
  const streams = ['crm.contacts', 'crm.companies', 'crm.deals', 'crm.tickets'];
  await Promise.all(streams.map((stream) => world.run('backfill', { stream })));
  // Notes whose account it is.
  await Promise.all(streams.map((stream) => world.run('reconcile', { stream })));
});

afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
});

async function pending(stream: string): Promise<PendingApproval> {
  return eventually('it needs an approval', async () => {
    const progress = await world.progress('reconcile', stream);
    return progress?.phase === 'needs approval' ? progress.approval : null;
  });
}

function approveOf(stream: string, args: { run: string; digest: string }): Promise<PendingApproval> {
  return approve(world.temporal.client.workflow.getHandle(syncWorkflowId('reconcile', stream)), args);
}

async function flagged(table: string): Promise<number> {
  const [row] = await world.query(`SELECT count(*)::INTEGER AS rows FROM hubspot.${table} WHERE _deleted`);
  return Number(row!['rows']);
}

describe('the guard against mass deletion', () => {
  it('case 25: fewer visible records wait for approval, and of those approved only what is still absent is flagged', async () => {
    world.simulator.configure({ visibility: { contacts: 0.5 } });
    const gone = world.simulator.portal.gdprDelete('contacts', { count: 30, seed: 1 });
    const run = await world.begin('reconcile', {});
    const waiting = await pending('crm.contacts');
    expect(waiting).toMatchObject({ run: run.firstExecutionRunId, liveRows: 1_000 });
    expect(waiting.vanished).toBeGreaterThan(400);
    expect(waiting.vanished).toBeLessThan(600);
    expect(await flagged('contacts')).toBe(0);

    await expect(approveOf('crm.contacts', { ...waiting, digest: 'f'.repeat(64) })).rejects.toMatchObject({
      cause: { message: expect.stringContaining('names other rows than those that wait') as unknown },
    });
    await expect(approveOf('crm.contacts', { ...waiting, run: 'another' })).rejects.toThrow();
    expect((await world.progress('reconcile'))?.phase).toBe('needs approval');

    world.simulator.configure({ visibility: {} });
    await approveOf('crm.contacts', waiting);
    const result = (await run.result()) as ReconcileResult;
    expect(result.vanished).toMatchObject({ approval: 'approved', differences: { vanished: waiting.vanished } });
    expect(result.totals.deleted).toBeGreaterThan(0);
    expect(result.totals.deleted).toBeLessThanOrEqual(gone.length);
    await expectSame(world);
  });

  it('case 25: an empty list against a filled table flags nothing, without approval', async () => {
    world.simulator.configure({ visibility: { tickets: 0 } });
    const result = await world.run<ReconcileResult>('reconcile', { stream: 'crm.tickets' });
    expect(result.vanished).toMatchObject({ approval: 'lapsed', pending: null, differences: { vanished: 1_000 } });
    expect(result.totals.deleted).toBe(0);
    world.simulator.configure({ visibility: {} });
    await expectSame(world, 'tickets');
    // The next run finds all well.
    const after = await world.run<ReconcileResult>('reconcile', { stream: 'crm.tickets' });
    expect(after.vanished).toMatchObject({ approval: 'notNeeded', differences: { vanished: 0, missing: 0 } });
  });

  it('case 25: a first page that is empty once, from a flaky answer, flags nothing', async () => {
    world.simulator.faults.add({ kind: 'emptyBody', count: 2, match: { route: 'list', type: 'tickets', after: '' } });
    const result = await world.run<ReconcileResult>('reconcile', { stream: 'crm.tickets' });
    expect(result.totals.deleted).toBe(0);
    await expectSame(world, 'tickets');
  });

  it('case 25: a few that vanish while the token is of another account wait, and lapse', async () => {
    world.simulator.configure({ portalId: portalId + 1 });
    world.simulator.portal.gdprDelete('tickets', { count: 3, seed: 2 });
    // What lapsed once is not what the next run is measured by.
    for (let run = 1; run <= 2; run++) {
      const result = await world.run<ReconcileResult>('reconcile', { stream: 'crm.tickets' });
      expect(result.vanished).toMatchObject({ approval: 'lapsed', differences: { vanished: 3 } });
      expect(await flagged('tickets')).toBe(0);
    }
    world.simulator.configure({ portalId });
    const own = await world.run<ReconcileResult>('reconcile', { stream: 'crm.tickets' });
    expect(own.vanished?.approval).toBe('notNeeded');
    expect(own.totals.deleted).toBe(3);
    await expectSame(world, 'tickets');
  });

  it('case 25: softDelete and incremental flag nothing of what is only invisible', async () => {
    world.simulator.configure({ visibility: { deals: 0.3 } });
    await world.run('incremental', { stream: 'crm.deals' });
    await world.run('softDelete', { stream: 'crm.deals' });
    expect(await flagged('deals')).toBe(0);
    world.simulator.configure({ visibility: {} });
    await expectSame(world, 'deals');
  });

  it('case 25: under the bounds vanished rows are flagged at once, and a replacing backfill waits like reconcile', async () => {
    const { portal } = world.simulator;
    portal.gdprDelete('companies', { count: 40, seed: 3 });
    portal.archive('companies', { count: 5, seed: 3 });
    const replaced = await world.run<ReconcileResult>('backfill', { stream: 'crm.companies', replace: true });
    expect(replaced.vanished).toMatchObject({ approval: 'notNeeded', differences: { vanished: 40 } });
    await expectSame(world, 'companies');

    world.simulator.configure({ visibility: { companies: 0.8 } });
    const run = await world.begin('backfill', { stream: 'crm.companies', replace: true });
    await eventually('it needs an approval', async () => {
      const progress = await world.progress('backfill', 'crm.companies');
      return progress?.phase === 'needs approval';
    });
    world.simulator.configure({ visibility: {} });
    await run.cancel();
    await expect(run.result()).rejects.toThrow();
    await expectSame(world, 'companies');
  });
});
