import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultTaskQueue, scheduleId } from '../../model/workflow-id.ts';
import type { ObjectType } from '../../simulators/hubspot/object-types.ts';
import type { RawValues } from '../../simulators/hubspot/record-changes.ts';
import type { reconcile as reconcileWorkflow } from '../../workflows/index.ts';
import type { BackfillResult, IncrementalResult, ReconcileResult } from '../../workflows/messages.ts';
import { ChaosWorld } from '../support/chaos-world.ts';
import { eventually } from '../support/eventually.ts';
import { expectSame, noDifference } from '../support/expect-same.ts';

let world: ChaosWorld;

beforeAll(async () => {
  const common = { associations: [], chunkRecords: 200 };
  world = await ChaosWorld.open({
    contacts: 1_000,
    seed: 2_501,
    chunkRecords: 200,
    stream: { ...common, contract: 'evolve' },
    records: { companies: 1_000, deals: 1_000 },
    streams: { companies: { ...common, contract: 'freeze' }, deals: { ...common, contract: 'discard' } },
    // What widening makes of odd spellings is told in docs/decisions/0007.
    simulator: { isHostile: false },
  });
  await world.startWorker().ready;
  await Promise.all(['crm.contacts', 'crm.companies', 'crm.deals'].map((stream) => world.run('backfill', { stream })));
});

afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
});

const incremental = (stream: string) => world.run<IncrementalResult>('incremental', { stream });
const reconcile = (stream: string) => world.run<ReconcileResult>('reconcile', { stream });

/** A backfill from the beginning, with a change at the source once two of its five chunks are merged. */
async function backfillThrough(object: ObjectType, change: () => void): Promise<BackfillResult> {
  const stream = `crm.${object}`;
  world.simulator.configure({ latencyMs: 250 });
  const run = await world.begin('backfill', { stream, resume: 'never' });
  await eventually('two batches are merged', async () => {
    const progress = await world.progress('backfill', stream);
    return progress !== null && progress.run === run.firstExecutionRunId && progress.batches >= 2;
  });
  change();
  world.simulator.configure({ latencyMs: 0 });
  return (await run.result()) as BackfillResult;
}

async function typeOf(table: string, column: string): Promise<string | null> {
  const [row] = await world.query(
    `SELECT data_type AS type FROM duckdb_columns() WHERE schema_name = 'hubspot' AND table_name = '${table}' AND column_name = '${column}'`,
  );
  return (row?.['type'] as string | undefined) ?? null;
}

async function filled(table: string, column: string): Promise<number> {
  const [row] = await world.query(`SELECT count(${column})::INTEGER AS rows FROM hubspot.${table}`);
  return Number(row!['rows']);
}

describe('drift under contract evolve', () => {
  it('case 24: a property added is a column, and reconcile fills the rows that did not change', async () => {
    const { portal } = world.simulator;
    portal.addProperty('contacts', { name: 'vip_level', type: 'number', value: '7' });
    portal.change('contacts', { count: 30, seed: 1 });
    const result = await incremental('crm.contacts');
    expect(result.addedColumns).toEqual(['vip_level']);
    expect(await world.compare()).toMatchObject({ ...noDifference, differing: [{ column: 'vip_level', count: 970 }] });
    const repaired = await reconcile('crm.contacts');
    expect(repaired.vanished?.differences).toMatchObject({ recalculated: 970, missing: 0, stale: 0 });
    await expectSame(world);
  });

  it('case 24: a scheduled reconciliation is left out once the rows have the values of all columns, not before', async () => {
    world.simulator.portal.addProperty('contacts', { name: 'vip_since', type: 'string', value: 'long ago' });
    const scheduled = (time: string): Promise<ReconcileResult> =>
      world.temporal.client.workflow.execute<typeof reconcileWorkflow>('reconcile', {
        workflowId: `${scheduleId('reconcile', 'crm.contacts')}-2026-11-20T${time}Z`,
        taskQueue: defaultTaskQueue,
        args: [{ stream: 'crm.contacts', mayStretch: true }],
      });
    expect((await scheduled('12:00:00')).vanished?.differences).toMatchObject({ recalculated: 1_000 });
    await expectSame(world);
    expect(await scheduled('13:00:00')).toMatchObject({
      startReason: expect.stringContaining('counts fit') as string,
      vanished: null,
    });
  });

  it('case 24: a property removed keeps its column and its values', async () => {
    const { portal } = world.simulator;
    portal.removeProperty('contacts', 'vip_level');
    portal.change('contacts', { count: 30, seed: 2 });
    expect((await incremental('crm.contacts')).totals.updated).toBe(30);
    await reconcile('crm.contacts');
    expect(await filled('contacts', 'vip_level')).toBe(1_000);
    await expectSame(world, 'contacts', { ignoredColumns: ['vip_level'] });
  });

  it('case 24: a property removed within a run keeps its values', async () => {
    const { portal } = world.simulator;
    const before = await filled('contacts', 'jobtitle');
    const result = await backfillThrough('contacts', () => {
      portal.change('contacts', { count: 400, seed: 3 });
      portal.removeProperty('contacts', 'jobtitle');
    });
    expect(result.totals.read).toBe(1_000);
    await incremental('crm.contacts');
    expect(await filled('contacts', 'jobtitle')).toBeGreaterThanOrEqual(before - 5);
    await expectSame(world, 'contacts', { ignoredColumns: ['vip_level', 'jobtitle'] });
  });

  it('case 24: a type changed before a run widens the column', async () => {
    const { portal } = world.simulator;
    portal.retypeProperty('contacts', 'customer_number', 'string');
    portal.change('contacts', { count: 30, seed: 4, values: { customer_number: 'K-4711 b' } });
    const result = await incremental('crm.contacts');
    expect(result.totals).toMatchObject({ updated: 30, nulledValues: 0 });
    expect(await typeOf('contacts', 'customer_number')).toBe('VARCHAR');
    await expectSame(world, 'contacts', { ignoredColumns: ['vip_level', 'jobtitle'] });
  });

  it('case 24: a type changed within a run widens the column, and loses no value', async () => {
    const { portal } = world.simulator;
    const before = await typeOf('contacts', 'num_notes');
    const result = await backfillThrough('contacts', () => {
      portal.retypeProperty('contacts', 'num_notes', 'string');
      portal.change('contacts', { count: 600, seed: 5, values: { num_notes: 'about a dozen' } });
    });
    expect(before).not.toBe('VARCHAR');
    expect(result.totals.nulledValues).toBe(0);
    await incremental('crm.contacts');
    expect(await typeOf('contacts', 'num_notes')).toBe('VARCHAR');
    await expectSame(world, 'contacts', { ignoredColumns: ['vip_level', 'jobtitle'] });
  });

  it('case 24: values: an option that nobody declared, epoch and ISO, "" and null, twenty digits', async () => {
    const { portal } = world.simulator;
    const ids = portal.change('contacts', { count: 6, seed: 6 });
    const values: RawValues[] = [
      { lifecyclestage: 'a stage of tomorrow' },
      { notes_last_updated: '1764547200123' },
      { notes_last_updated: '2026-11-20T12:00:00Z' },
      { company: '', annualrevenue: '', notes_last_updated: '' },
      { company: null, annualrevenue: null },
      { company: '12345678901234567890', annualrevenue: '12345678901234567890', city: '00012345678901234567890' },
    ];
    values.forEach((given, n) => portal.change('contacts', { ids: [ids[n]!], values: given }));
    const result = await incremental('crm.contacts');
    expect(result.totals.nulledValues).toBe(0);
    await expectSame(world, 'contacts', { ignoredColumns: ['vip_level', 'jobtitle'] });
    const rows = await world.query(
      `SELECT company, annualrevenue::VARCHAR AS total FROM hubspot.contacts WHERE id IN (${ids.slice(3).join()}) ORDER BY company NULLS LAST`,
    );
    expect(rows).toEqual([
      { company: '', total: null },
      { company: '12345678901234567890', total: '12345678901234567890.000000000' },
      { company: null, total: null },
    ]);
  });

  it('case 24: a number too large for any column is kept apart and counted', async () => {
    const { portal } = world.simulator;
    const [id] = portal.change('contacts', { count: 1, seed: 7, values: { annualrevenue: `${'9'.repeat(60)}.5` } });
    const result = await incremental('crm.contacts');
    expect(result.totals).toMatchObject({ updated: 1, nulledValues: 1 });
    const [kept] = await world.query(
      `SELECT record_id::VARCHAR AS id, column_name AS name FROM hubspot.sync_errors WHERE run = '${result.run}'`,
    );
    expect(kept).toEqual({ id, name: 'annualrevenue' });
    portal.change('contacts', { ids: [id!], values: { annualrevenue: '1' } });
    await incremental('crm.contacts');
    await expectSame(world, 'contacts', { ignoredColumns: ['vip_level', 'jobtitle'] });
  });
});

describe('drift under contract freeze', () => {
  const conflict = (property: string) => ({
    cause: { type: 'SchemaConflict', message: expect.stringContaining(property) as unknown },
  });

  it('case 24: a property added stops the run, which writes nothing, until it is gone again', async () => {
    const { portal } = world.simulator;
    portal.addProperty('companies', { name: 'vip_level', type: 'number', value: '7' });
    portal.change('companies', { count: 30, seed: 1 });
    await expect(incremental('crm.companies')).rejects.toMatchObject(conflict('vip_level'));
    await expect(reconcile('crm.companies')).rejects.toMatchObject(conflict('vip_level'));
    expect(await typeOf('companies', 'vip_level')).toBeNull();
    portal.removeProperty('companies', 'vip_level');
    const result = await incremental('crm.companies');
    expect(result.totals.updated).toBe(30);
    await expectSame(world, 'companies');
  });

  it('case 24: a type changed stops the run before it, and within it values are kept apart', async () => {
    const { portal } = world.simulator;
    let changed = 0;
    const result = await backfillThrough('companies', () => {
      portal.retypeProperty('companies', 'founded_year', 'string');
      changed = portal.change('companies', { count: 300, seed: 5, values: { founded_year: 'long ago' } }).length;
    });
    expect(result.totals.nulledValues).toBeGreaterThan(0);
    expect(result.totals.nulledValues).toBeLessThanOrEqual(changed);
    await expect(incremental('crm.companies')).rejects.toMatchObject(conflict('founded_year'));
    portal.retypeProperty('companies', 'founded_year', 'number');
    portal.change('companies', { count: 1_000, seed: 6, values: { founded_year: '1999' } });
    await incremental('crm.companies');
    await expectSame(world, 'companies');
  });

  it('case 24: a property removed stops the run, within it too', async () => {
    const { portal } = world.simulator;
    const before = await filled('companies', 'about_us');
    const through = backfillThrough('companies', () => portal.removeProperty('companies', 'about_us'));
    await expect(through).rejects.toMatchObject(conflict('about_us'));
    portal.change('companies', { count: 10, seed: 7 });
    await expect(incremental('crm.companies')).rejects.toMatchObject(conflict('about_us'));
    expect(await filled('companies', 'about_us')).toBe(before);
  });
});

describe('drift under contract discard', () => {
  it('case 24: a property added is left out', async () => {
    const { portal } = world.simulator;
    portal.addProperty('deals', { name: 'vip_level', type: 'number', value: '7' });
    portal.change('deals', { count: 30, seed: 1 });
    const result = await incremental('crm.deals');
    expect(result).toMatchObject({ addedColumns: [], totals: { updated: 30 } });
    expect((await reconcile('crm.deals')).vanished?.differences.recalculated).toBe(0);
    expect(await typeOf('deals', 'vip_level')).toBeNull();
    await expectSame(world, 'deals');
  });

  it('case 24: a type changed leaves the column, and what does not fit is kept apart', async () => {
    const { portal } = world.simulator;
    const before = await typeOf('deals', 'amount');
    portal.retypeProperty('deals', 'amount', 'string');
    portal.change('deals', { count: 20, seed: 2, values: { amount: 'a lot' } });
    const result = await incremental('crm.deals');
    expect(result.totals).toMatchObject({ updated: 20, nulledValues: 20 });
    expect(await typeOf('deals', 'amount')).toBe(before);
    await expectSame(world, 'deals', { ignoredColumns: ['amount'] });
  });

  it('case 24: a property removed before and within a run keeps its values', async () => {
    const { portal } = world.simulator;
    const before = await filled('deals', 'description');
    portal.removeProperty('deals', 'description');
    portal.change('deals', { count: 30, seed: 3 });
    await incremental('crm.deals');
    const campaigns = await filled('deals', 'hs_campaign');
    await backfillThrough('deals', () => portal.removeProperty('deals', 'hs_campaign'));
    expect(await filled('deals', 'description')).toBe(before);
    expect(await filled('deals', 'hs_campaign')).toBe(campaigns);
    await expectSame(world, 'deals', { ignoredColumns: ['amount', 'description', 'hs_campaign'] });
  });
});
