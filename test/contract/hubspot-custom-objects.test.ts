import { describe, expect, it } from 'vitest';
import { associationsOf, associationTable, linkText } from '../support/association-reading.ts';
import { extractAll } from '../support/extract-all.ts';
import { startGateway } from '../support/gateway.ts';
import { planFor, startHubSpot } from '../support/hubspot-under-test.ts';
import { problemsOf, truthOf } from '../support/staged-against-truth.ts';

const never = new AbortController().signal;

const schemasAsked = (arrivals: readonly { path: string }[]): number =>
  arrivals.filter(({ path }) => path.endsWith('/schemas')).length;

describe.concurrent('a custom object of HubSpot', () => {
  it.each(['cars', 'p4711001_cars', '2-1001'])('called %s is read as any other', async (name) => {
    await using hubspot = await startHubSpot({ records: { cars: 250 }, isHostile: true });
    await using gateway = await startGateway(hubspot.simulator.url);
    const source = hubspot.openSource({ config: { baseUrl: gateway.url } });
    const plan = await planFor(source, name);
    expect([plan.object, plan.versionProperty]).toEqual([name, 'hs_lastmodifieddate']);
    const { rows } = await extractAll(source, { plan });
    expect(problemsOf(rows, { plan, truth: truthOf(hubspot.simulator, { ...plan, object: 'cars' }) })).toEqual([]);
    expect(await source.countRecords(name, never)).toMatchObject({ records: 250 });
    expect(schemasAsked(gateway.arrivals)).toBe(1);
    const objectPaths = gateway.arrivals.filter(({ path }) => path.includes('/objects/'));
    expect(objectPaths.every(({ path }) => path.includes('/2-1001'))).toBe(true);
  });

  it.each(['2026-09', 'v3'] as const)('is found in the %s family of paths', async (apiVersion) => {
    await using hubspot = await startHubSpot({ records: { cars: 5 } });
    const source = hubspot.openSource({ config: { apiVersion } });
    const { rows } = await extractAll(source, { plan: await planFor(source, 'cars') });
    expect(rows).toHaveLength(5);
  });

  it('is associated from either end', async () => {
    await using hubspot = await startHubSpot({
      records: { cars: 40, contacts: 20 },
      initialAssociations: { 'cars>contacts': 2 },
    });
    for (const [from, to] of [
      ['cars', 'contacts'],
      ['contacts', 'cars'],
    ] as const) {
      const plan = await planFor(hubspot.source, from, {
        properties: ['hs_object_id'],
        associations: [associationTable(from, to)],
      });
      const { rows, associations } = await extractAll(hubspot.openSource(), { plan });
      const truth = rows.flatMap(([id]) => associationsOf(hubspot.simulator, { from, to, id: id! }));
      expect(truth.length).toBeGreaterThan(10);
      expect(associations.flatMap(({ links }) => links.map(linkText)).toSorted()).toEqual(truth.toSorted());
    }
  });

  it('is read by its own creation time', async () => {
    await using hubspot = await startHubSpot({ records: { cars: 100, contacts: 100 } });
    const created = { from: '2020-01-01T00:00:00.000Z', to: '2030-01-01T00:00:00.000Z' };
    for (const [object, property] of [
      ['cars', 'hs_createdate'],
      ['contacts', 'createdate'],
      ['notes', 'hs_createdate'],
    ] as const) {
      const start = await hubspot.source.planBackfill(object, { kind: 'range', created }, never);
      expect(start.frontier).toEqual({
        kind: 'windows',
        property,
        windows: [{ ...created, ranges: [{ from: '0', to: null }] }],
      });
      expect(start.estimatedRecords).toBe(object === 'notes' ? 0 : 100);
    }
    const before = { from: '2020-01-01T00:00:00.000Z', to: '2020-01-02T00:00:00.000Z' };
    const none = await hubspot.source.planBackfill('cars', { kind: 'range', created: before }, never);
    expect(none.estimatedRecords).toBe(0);
  });

  it('of a range of creation times is read by that range alone', async () => {
    await using hubspot = await startHubSpot({ records: { cars: 300 } });
    const plan = await planFor(hubspot.source, 'cars', { properties: ['hs_createdate'] });
    const all = (await extractAll(hubspot.source, { plan })).rows;
    const [from, to] = [99, 199].map((i) => all.map(([, created]) => created!).toSorted()[i]!) as [string, string];
    const inRange = all.filter(([, created]) => created! >= from && created! <= to).map(([id]) => id);
    const { rows } = await extractAll(hubspot.source, { plan, scope: { kind: 'range', created: { from, to } } });
    expect(rows.map(([id]) => id).toSorted()).toEqual(inRange.toSorted());
    expect(inRange.length).toBeGreaterThan(100);
    expect(inRange.length).toBeLessThan(300);
  });

  it('is listed with the standard ones, and left out where the scope is missing', async () => {
    await using hubspot = await startHubSpot({ records: { cars: 7, contacts: 3 } });
    const listed = await hubspot.source.listObjects(never);
    expect(listed).toEqual(
      expect.arrayContaining([
        { object: 'cars', recordCount: 7, reason: null },
        { object: 'contacts', recordCount: 3, reason: null },
        { object: 'owners', recordCount: null, reason: expect.any(String) as string },
      ]),
    );
    expect(new Set(listed.map(({ object }) => object)).size).toBe(17);
    await using gateway = await startGateway(hubspot.simulator.url, ({ path }) =>
      path.endsWith('/schemas') ? { status: 403, contentType: 'application/json', body: '{}' } : null,
    );
    const source = hubspot.openSource({ config: { baseUrl: gateway.url } });
    const standard = await source.listObjects(never);
    expect(standard.map(({ object }) => object)).toEqual(
      listed.map(({ object }) => object).filter((object) => object !== 'cars'),
    );
    expect(hubspot.warnings).toHaveLength(1);
  });
});

describe.concurrent('a HubSpot object that is not there', () => {
  it.each([
    ['contcats', 'did you mean contacts?'],
    ['car', 'did you mean cars?'],
    ['owner', 'did you mean owners?'],
    ['deal_pipline', 'did you mean deal_pipelines?'],
    ['something_else', 'there is contacts, companies, deals'],
  ])('called %s: %s', async (name, next) => {
    await using hubspot = await startHubSpot({ records: {} });
    const error = { next: expect.stringContaining(next) as string };
    await expect(hubspot.source.describeObject(name, never)).rejects.toMatchObject({ kind: 'ConfigInvalid', ...error });
    const [, finding] = await hubspot.source.check([name], never);
    expect(finding).toMatchObject({
      subject: `HubSpot ${name}`,
      status: 'failed',
      kind: 'config',
      ...error,
    });
  });

  it('may be a custom one that the token cannot see', async () => {
    await using hubspot = await startHubSpot({ records: {} });
    await using gateway = await startGateway(hubspot.simulator.url, ({ path }) =>
      path.endsWith('/schemas') ? { status: 403, contentType: 'application/json', body: '{}' } : null,
    );
    const source = hubspot.openSource({ config: { baseUrl: gateway.url } });
    await expect(source.describeObject('cars', never)).rejects.toMatchObject({
      kind: 'ConfigInvalid',
      next: expect.stringContaining('crm.schemas.custom.read') as string,
    });
  });

  it('is looked for once more, since it may be new', async () => {
    await using hubspot = await startHubSpot({ records: { cars: 1 } });
    let isDefined = false;
    const none = { status: 200, contentType: 'application/json', body: '{"results":[]}' };
    await using gateway = await startGateway(hubspot.simulator.url, ({ path }) =>
      path.endsWith('/schemas') && !isDefined ? none : null,
    );
    const source = hubspot.openSource({ config: { baseUrl: gateway.url } });
    await expect(source.describeObject('cars', never)).rejects.toMatchObject({ kind: 'ConfigInvalid' });
    isDefined = true;
    expect(await source.describeObject('cars', never)).toMatchObject({ object: 'cars' });
    await source.describeObject('cars', never);
    expect(schemasAsked(gateway.arrivals)).toBe(2);
  });

  it('at the other end of an association is named', async () => {
    await using hubspot = await startHubSpot({ records: { deals: 1 } });
    const read = async (to: string): Promise<unknown> => {
      const plan = await planFor(hubspot.source, 'deals', { associations: [associationTable('deals', to)] });
      return extractAll(hubspot.source, { plan });
    };
    await expect(read('contcats')).rejects.toMatchObject({ next: 'did you mean contacts?' });
    await expect(read('owners')).rejects.toMatchObject({
      kind: 'ConfigInvalid',
      message: 'HubSpot owners have no associations',
    });
  });
});

it('HubSpot access is the account’s', async () => {
  await using hubspot = await startHubSpot({ records: {}, portalId: 4_242 });
  expect(await hubspot.source.describeAccess('contacts', never)).toBe('portal 4242');
  expect(hubspot.simulator.stats.snapshot()['all']!.requests).toBe(1);
});
