import { describe, expect, it } from 'vitest';

import type { RunningSimulator } from '../../../simulators/hubspot/start.ts';
import { get, listAll, post, startForTest } from './api-client.ts';

type Entry = Readonly<Record<string, unknown>> & { readonly id: string };

async function resultsOf(simulator: RunningSimulator, path: string): Promise<readonly Entry[]> {
  return (await get(simulator, path)).body.results as unknown as readonly Entry[];
}

async function control(simulator: RunningSimulator, path: string, body?: unknown): Promise<unknown> {
  const request = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
  return (await fetch(`${simulator.url}/_sim/${path}`, request)).json();
}

describe('owners', () => {
  it('come in pages, those who left apart', async () => {
    const simulator = await startForTest({ owners: 620 });
    const active = await listAll(simulator, '/crm/owners/2026-03?limit=500');
    const left = await listAll(simulator, '/crm/v3/owners/?archived=true');
    expect(active.length + left.length).toBe(620);
    expect(left.length).toBeGreaterThan(10);
    expect(active.every((owner) => !owner.archived) && left.every((owner) => owner.archived)).toBe(true);
    expect(active[0]).toMatchObject({
      id: '41000000',
      type: 'PERSON',
      email: expect.stringContaining('@') as unknown,
      createdAt: expect.any(String) as unknown,
      updatedAt: expect.any(String) as unknown,
    });
    expect((await get(simulator, '/crm/owners/2026-09?limit=501')).status).toBe(400);
    expect(simulator.stats.snapshot()['owners']?.requests).toBeGreaterThan(3);
  });

  it('are those whom records name', async () => {
    const simulator = await startForTest({ records: { contacts: 50 }, isHostile: false });
    const path = '/crm/objects/2026-03/contacts?limit=100&properties=hubspot_owner_id';
    const named = (await listAll(simulator, path)).flatMap(({ properties }) => properties['hubspot_owner_id'] ?? []);
    const { owners } = (await control(simulator, 'truth-owners')) as { owners: readonly Entry[] };
    expect(owners.map(({ id }) => id)).toEqual(expect.arrayContaining(named));
  });

  it('change, come and leave', async () => {
    const simulator = await startForTest({ owners: 3 });
    await control(simulator, 'owners', [
      { id: '41000000', email: 'new@corp.example' },
      { id: '41007919', archived: true },
      { id: '5', lastName: 'Nakamura' },
    ]);
    const active = await resultsOf(simulator, '/crm/owners/2026-03');
    expect(active.map(({ id }) => id)).toEqual(['5', '41000000', '41015838']);
    expect(active[0]).toMatchObject({ lastName: 'Nakamura', archived: false });
    expect(active[1]).toMatchObject({ email: 'new@corp.example', createdAt: '2024-01-01T00:00:00.000Z' });
    expect(active[1]?.['updatedAt']).not.toBe('2024-01-01T00:00:00.000Z');
    expect((await resultsOf(simulator, '/crm/owners/2026-03?archived=true')).map(({ id }) => id)).toEqual(['41007919']);
  });
});

describe('pipelines', () => {
  it('have the stages that records name', async () => {
    const simulator = await startForTest({ records: { deals: 40, tickets: 40 }, isHostile: false });
    for (const [type, pipelineName, stageName] of [
      ['deals', 'pipeline', 'dealstage'],
      ['tickets', 'hs_pipeline', 'hs_pipeline_stage'],
    ] as const) {
      const pipelines = await resultsOf(simulator, `/crm/pipelines/2026-03/${type}`);
      expect(await resultsOf(simulator, `/crm/v3/pipelines/${type}`)).toEqual(pipelines);
      const stages = pipelines.flatMap((pipeline) => pipeline['stages'] as readonly Entry[]);
      const path = `/crm/objects/2026-03/${type}?limit=100&properties=${pipelineName},${stageName}`;
      for (const { properties } of await listAll(simulator, path)) {
        expect(pipelines.map(({ id }) => id)).toContain(properties[pipelineName]);
        expect(stages.map(({ id }) => id)).toContain(properties[stageName]);
      }
      expect(stages[0]).toMatchObject({ label: expect.any(String) as unknown, displayOrder: 0, archived: false });
    }
  });

  it('change, come and go', async () => {
    const simulator = await startForTest();
    const [sales] = simulator.portal.pipelines('deals').all();
    await control(simulator, 'pipelines/deals', [
      {
        id: 'default',
        label: 'Direct sales',
        stages: sales?.stages.map((stage, i) => ({ ...stage, archived: i === 1 })),
      },
      { id: '7712345', archived: true },
      { id: '99', label: 'Partners' },
    ]);
    const pipelines = await resultsOf(simulator, '/crm/pipelines/2026-09/deals');
    expect(pipelines.map(({ id, label }) => [id, label])).toEqual([
      ['default', 'Direct sales'],
      ['99', 'Partners'],
    ]);
    const stages = pipelines.flatMap((pipeline) => pipeline['stages'] as readonly Entry[]);
    expect(stages.map(({ id }) => id)).toEqual(['appointmentscheduled', 'contractsent', 'closedwon', 'closedlost']);
    const truth = (await control(simulator, 'truth-pipelines/deals')) as { pipelines: readonly Entry[] };
    expect(truth.pipelines).toHaveLength(3);
  });
});

describe('custom objects', () => {
  it('are described by a schema, and read by type id, name and fully qualified name', async () => {
    const simulator = await startForTest({ records: { cars: 120, contacts: 2 } });
    for (const path of ['/crm-object-schemas/2026-03/schemas', '/crm/v3/schemas']) {
      const [schema] = await resultsOf(simulator, path);
      expect(schema).toMatchObject({
        objectTypeId: '2-1001',
        name: 'cars',
        fullyQualifiedName: 'p4711001_cars',
        labels: { singular: 'Car', plural: 'Cars' },
      });
    }
    const cars = await listAll(simulator, '/crm/objects/2026-03/cars?limit=100&properties=vin,hs_lastmodifieddate');
    expect(cars).toHaveLength(120);
    expect(cars[0]?.properties).toMatchObject({ vin: 'WSIM0000000000000', hs_lastmodifieddate: cars[0]?.updatedAt });
    for (const name of ['2-1001', 'p4711001_cars']) {
      const path = `/crm/objects/2026-03/${name}`;
      expect((await listAll(simulator, `${path}?limit=100`)).map(({ id }) => id)).toEqual(cars.map(({ id }) => id));
      const inputs = cars.slice(0, 3).map(({ id }) => ({ id }));
      const batch = await post(simulator, `${path}/batch/read`, { inputs, properties: ['vin'] });
      expect(batch.body.results).toHaveLength(3);
      expect((await post(simulator, `${path}/search`, { limit: 1 })).body.total).toBe(120);
      expect((await resultsOf(simulator, `/crm/properties/2026-03/${name}`)).length).toBeGreaterThan(5);
      const associations = `/crm/v4/associations/contacts/${name}/batch/read`;
      expect((await post(simulator, associations, { inputs: [] })).status).toBe(200);
    }
    expect((await get(simulator, '/crm/objects/2026-03/p1_cars')).status).toBe(404);
  });
});

describe('every object', () => {
  it('has a property that is calculated', async () => {
    const { portal } = await startForTest();
    for (const type of ['products', 'calls', 'emails', 'meetings', 'tasks', 'cars'] as const) {
      expect(portal.data(type).catalogue.properties.some((spec) => spec.isCalculated)).toBe(true);
    }
  });
});
