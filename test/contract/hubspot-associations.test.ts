import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { ObjectType } from '../../simulators/hubspot/object-types.ts';
import type { RunningSimulator } from '../../simulators/hubspot/start.ts';
import { associationsOf, associationTable, linkText, openAssociationReading } from '../support/association-reading.ts';
import { extractAll } from '../support/extract-all.ts';
import { startGateway, type GatewayAnswer } from '../support/gateway.ts';
import { planFor, startHubSpot } from '../support/hubspot-under-test.ts';

const never = new AbortController().signal;

const idsOf = ({ portal }: RunningSimulator, type: ObjectType): string[] => {
  const ids: string[] = [];
  portal.data(type).store.visitFrom(0, ({ id }) => ids.push(String(id)) > 0);
  return ids;
};

/** Ids that no record has: as good as any where the answer does not matter. */
const someIds = (count: number): string[] => Array.from({ length: count }, (_, i) => String(i + 1));

const jsonAnswer = (value: object, status = 200): GatewayAnswer => ({
  status,
  contentType: 'application/json',
  body: JSON.stringify(value),
});

const mostWithin = (arrivals: readonly { atMs: number }[], windowMs: number): number =>
  Math.max(...arrivals.map(({ atMs }) => arrivals.filter((a) => a.atMs >= atMs && a.atMs < atMs + windowMs).length));

describe.concurrent('associations of HubSpot records', () => {
  it.each(['absent', 'errors207'] as const)('are read whole, with a head for each id (none: %s)', async (missing) => {
    await using hubspot = await startHubSpot({
      records: { deals: 1_500, contacts: 300 },
      initialAssociations: { 'deals>contacts': 3 },
      associations: { missing },
    });
    const { simulator } = hubspot;
    const ids = idsOf(simulator, 'deals');
    await using reading = openAssociationReading(simulator.url, { from: 'deals', to: ['contacts'] });
    await reading.readAll(ids);
    expect(reading.heads.map(([id]) => id).toSorted()).toEqual(ids.toSorted());
    const truth = ids.flatMap((id) => associationsOf(simulator, { from: 'deals', to: 'contacts', id }));
    expect(reading.links.map(linkText).toSorted()).toEqual(truth.toSorted());
    const counts = Map.groupBy(ids, (id) => reading.links.filter(([from]) => from === id).length);
    expect([...counts.keys()].toSorted()).toEqual([0, 1, 2, 3]);
    expect(reading.meter.counts).toMatchObject({ requests: 2, retried: 0 });
  });

  it.each(['string', 'number'] as const)(
    'of more than 500 are paged, and the head waits for the last page (ids: %s)',
    async (toObjectId) => {
      await using hubspot = await startHubSpot({
        records: { companies: 3, contacts: 1_300 },
        associations: { toObjectId },
      });
      const { simulator } = hubspot;
      const [many, few, none] = idsOf(simulator, 'companies') as [string, string, string];
      const contacts = idsOf(simulator, 'contacts');
      const associate = (from: string, to: readonly string[]): void =>
        simulator.portal.associations.associate(
          'companies',
          'contacts',
          to.map((id) => ({ from, to: id })),
        );
      associate(many, contacts);
      associate(few, contacts.slice(0, 500));
      const seenAt: { heads: number; links: number }[] = [];
      await using reading = openAssociationReading(simulator.url, {
        from: 'companies',
        to: ['contacts'],
        onWrite: () => void seenAt.push({ heads: reading.heads.length, links: reading.links.length }),
      });
      await reading.readAll([many, few, none]);
      expect(seenAt).toEqual([
        { heads: 0, links: 0 },
        { heads: 2, links: 1_000 },
        { heads: 2, links: 1_500 },
      ]);
      for (const id of [many, few, none]) {
        const own = reading.links.filter(([from]) => from === id);
        expect(own.map(linkText)).toEqual(associationsOf(simulator, { from: 'companies', to: 'contacts', id }));
        const [, observedAt] = reading.heads.find(([head]) => head === id)!;
        expect(own.every((link) => link[5] >= observedAt)).toBe(true);
        if (own.length > 0) expect(own[0]![5]).toBe(observedAt);
      }
      expect(reading.links.at(-1)![5] > reading.links[0]![5]).toBe(true);
    },
  );

  it('of one pair under several types are several links', async () => {
    await using hubspot = await startHubSpot({ records: { deals: 1, companies: 1 } });
    const { simulator } = hubspot;
    const [[deal], [company]] = [idsOf(simulator, 'deals'), idsOf(simulator, 'companies')] as [[string], [string]];
    const pair = { from: deal, to: company };
    simulator.portal.associations.associate('deals', 'companies', [
      pair,
      { ...pair, label: 'Primary' },
      { ...pair, label: 'Reseller, "main"' },
    ]);
    await using reading = openAssociationReading(simulator.url, { from: 'deals', to: ['companies'] });
    await reading.readAll([deal]);
    expect(reading.links.map(([from, to, category, , label]) => [from, to, category, label])).toEqual(
      expect.arrayContaining([
        [deal, company, 'HUBSPOT_DEFINED', null],
        [deal, company, 'HUBSPOT_DEFINED', 'Primary'],
        [deal, company, 'USER_DEFINED', 'Reseller, "main"'],
      ]),
    );
    expect(new Set(reading.links.map(([, , , typeId]) => typeId)).size).toBe(3);
  });

  it.each([
    [1, 1, 1],
    [1_000, 1, 1],
    [2_000, 1, 2],
    [2_001, 2, 6],
  ])('of %i ids for %i tables take %i requests', async (count, tables, requests) => {
    await using hubspot = await startHubSpot({ records: {} });
    const to = ['contacts', 'companies'].slice(0, tables);
    await using reading = openAssociationReading(hubspot.simulator.url, { from: 'deals', to });
    await reading.readAll(someIds(count));
    expect(reading.meter.counts.requests).toBe(requests);
    expect(reading.heads).toHaveLength(count * tables);
  });

  it('of an id taken twice are read once', async () => {
    await using hubspot = await startHubSpot({ records: {} });
    await using reading = openAssociationReading(hubspot.simulator.url, { from: 'deals', to: ['contacts'] });
    await reading.reader.take(['1', '2', '1'], never);
    await reading.readAll(['2', '3']);
    expect(reading.heads.map(([id]) => id)).toEqual(['1', '2', '3']);
  });

  it.each(['2026-03', '2026-09', 'v3'] as const)('are found in the %s family of paths', async (apiVersion) => {
    await using hubspot = await startHubSpot({ records: { cars: 5, contacts: 5 } });
    const { simulator } = hubspot;
    const [[car], [contact]] = [idsOf(simulator, 'cars'), idsOf(simulator, 'contacts')] as [[string], [string]];
    simulator.portal.associations.associate('cars', 'contacts', [{ from: car, to: contact }]);
    await using gateway = await startGateway(simulator.url);
    await using reading = openAssociationReading(gateway.url, {
      from: 'vehicles',
      to: ['contacts'],
      apiVersion,
      typeIds: new Map([['vehicles', '2-1001']]),
    });
    await reading.readAll([car]);
    expect(reading.links.map(([from, to]) => [from, to])).toEqual([[car, contact]]);
    const family = apiVersion === 'v3' ? '/crm/v4/associations' : `/crm/associations/${apiVersion}`;
    expect(gateway.arrivals.map(({ path }) => path)).toEqual([`${family}/2-1001/contacts/batch/read`]);
  });
});

describe.concurrent('an answer about associations', () => {
  const complete = { status: 'COMPLETE', results: [] };
  const from = { id: '1' };
  it.each([
    ['an error other than that there are none', { ...complete, errors: [{ category: 'VALIDATION_ERROR' }] }],
    ['an error that names no reason', { ...complete, errors: [{ category: 'OBJECT_NOT_FOUND', subCategory: {} }] }],
    ['work that has not ended', { ...complete, status: 'PROCESSING' }],
    ['no results', { status: 'COMPLETE' }],
    ['a record without its list', { ...complete, results: [{ from }] }],
    ['an associated record without types', { ...complete, results: [{ from, to: [{ toObjectId: '7' }] }] }],
  ])('with %s does not pass for none', async (_, body) => {
    await using gateway = await startGateway('http://127.0.0.1:1', () => jsonAnswer(body, 207));
    await using reading = openAssociationReading(gateway.url, { from: 'deals', to: ['contacts'] });
    await expect(reading.readAll(['1'])).rejects.toMatchObject({
      kind: 'Unavailable',
      message: expect.stringContaining('associations from deals to contacts') as string,
    });
    expect(reading.heads).toEqual([]);
  });

  it('whose pages lead in a circle is an error', async () => {
    const to = [{ toObjectId: 7, associationTypes: [{ category: 'HUBSPOT_DEFINED', typeId: 3, label: null }] }];
    const page = { status: 'COMPLETE', results: [{ from: { id: '1' }, to, paging: { next: { after: 'x' } } }] };
    await using gateway = await startGateway('http://127.0.0.1:1', () => jsonAnswer(page));
    await using reading = openAssociationReading(gateway.url, { from: 'deals', to: ['contacts'] });
    await expect(reading.readAll(['1'])).rejects.toThrow('lead in a circle');
    expect([reading.heads.length, gateway.arrivals.length]).toEqual([0, 2]);
  });

  it('that breaks off is asked for again', async () => {
    await using hubspot = await startHubSpot({ records: {} });
    hubspot.simulator.faults.add({ kind: 'truncatedJson', count: 1 });
    await using reading = openAssociationReading(hubspot.simulator.url, { from: 'deals', to: ['contacts'] });
    await reading.readAll(['1', '2']);
    expect(reading.heads).toHaveLength(2);
    expect(reading.meter.counts).toMatchObject({ requests: 2, retried: 1 });
  });
});

describe.concurrent('the reading of associations', () => {
  it('keeps to ten requests a second, in a lane of its own', async () => {
    await using hubspot = await startHubSpot({ records: {}, limits: { burst: 1 } });
    await using gateway = await startGateway(hubspot.simulator.url);
    await using reading = openAssociationReading(gateway.url, { from: 'deals', to: ['contacts', 'companies'] });
    await reading.readAll(someIds(12_000));
    expect(gateway.arrivals).toHaveLength(24);
    expect(mostWithin(gateway.arrivals, 1_000)).toBeLessThanOrEqual(10);
    expect(reading.meter.counts.rateLimited).toBe(0);
  });

  it('has at most two requests under way for a table, and lets its caller wait', async () => {
    await using hubspot = await startHubSpot({ records: {}, latencyMs: 200 });
    await using reading = openAssociationReading(hubspot.simulator.url, { from: 'deals', to: ['contacts'] });
    const startedMs = performance.now();
    await reading.reader.take(someIds(3_999), never);
    expect(performance.now() - startedMs).toBeLessThan(150);
    await reading.reader.take(['4000'], never);
    expect(performance.now() - startedMs).toBeGreaterThan(190);
    await reading.reader.flush(never);
    expect(hubspot.simulator.stats.snapshot()['associations deals>contacts']).toMatchObject({
      requests: 4,
      maxConcurrent: 2,
    });
  });

  it('waits a second after a 429 by the second, and ten after one by ten seconds', { timeout: 30_000 }, async () => {
    await using hubspot = await startHubSpot({ records: {} });
    await using gateway = await startGateway(hubspot.simulator.url);
    const readAfter = async (policy: 'SECONDLY' | 'TEN_SECONDLY_ROLLING'): Promise<number> => {
      hubspot.simulator.faults.add({ kind: 'rateLimited', policy, count: 1 });
      await using reading = openAssociationReading(gateway.url, { from: 'deals', to: ['contacts'] });
      await reading.readAll(['1']);
      expect(reading.heads).toHaveLength(1);
      expect(reading.meter.counts).toMatchObject({ requests: 2, rateLimited: 1 });
      const [refused, answered] = gateway.arrivals.slice(-2);
      return answered!.atMs - refused!.atMs;
    };
    const secondMs = await readAfter('SECONDLY');
    expect([secondMs > 950, secondMs < 3_000]).toEqual([true, true]);
    expect(await readAfter('TEN_SECONDLY_ROLLING')).toBeGreaterThan(9_900);
  });

  it('ends in a long wait where the day is spent', async () => {
    await using hubspot = await startHubSpot({ records: {}, limits: { daily: 0 } });
    await using reading = openAssociationReading(hubspot.simulator.url, { from: 'deals', to: ['contacts'] });
    await expect(reading.readAll(['1'])).rejects.toMatchObject({ wait: { reason: 'HubSpot daily limit' } });
  });

  it('fails with the first failure, in whatever is called next', async () => {
    await using hubspot = await startHubSpot({ records: {} });
    hubspot.simulator.configure({ missingScopes: ['deals'] });
    await using reading = openAssociationReading(hubspot.simulator.url, {
      from: 'deals',
      to: ['contacts', 'companies'],
    });
    await expect(reading.readAll(someIds(5_000))).rejects.toMatchObject({ kind: 'AuthRejected' });
    await expect(reading.reader.take(['9999'], never)).rejects.toMatchObject({ kind: 'AuthRejected' });
    await expect(reading.reader.flush(never)).rejects.toMatchObject({ kind: 'AuthRejected' });
    expect(reading.heads).toEqual([]);
  });

  it('fails where the stage does', async () => {
    await using hubspot = await startHubSpot({ records: {} });
    await using reading = openAssociationReading(hubspot.simulator.url, {
      from: 'deals',
      to: ['contacts'],
      onWrite: () => Promise.reject(new Error('the disk is full')),
    });
    await expect(reading.readAll(['1'])).rejects.toThrow('the disk is full');
  });

  it('does not wait for room beyond the signal, and what was taken can still be flushed', async () => {
    await using hubspot = await startHubSpot({ records: {}, latencyMs: 300 });
    await using reading = openAssociationReading(hubspot.simulator.url, { from: 'deals', to: ['contacts'] });
    const stop = new AbortController();
    const taking = reading.reader.take(someIds(4_500), stop.signal);
    setTimeout(() => stop.abort(new Error('paused')), 50);
    await expect(taking).rejects.toThrow('paused');
    expect(reading.heads).toHaveLength(0);
    await reading.reader.flush(never);
    expect(reading.heads).toHaveLength(4_500);
  });

  it('sends nothing more once a flush was given up', async () => {
    await using hubspot = await startHubSpot({ records: {}, latencyMs: 300 });
    await using gateway = await startGateway(hubspot.simulator.url);
    await using reading = openAssociationReading(gateway.url, { from: 'deals', to: ['contacts'] });
    await reading.reader.take(someIds(3_900), never);
    const stop = new AbortController();
    const flushing = reading.reader.flush(stop.signal);
    setTimeout(() => stop.abort(new Error('paused')), 50);
    await expect(flushing).rejects.toThrow('paused');
    await sleep(700);
    expect([gateway.arrivals.length, reading.heads.length]).toEqual([2, 0]);
  });
});

describe('a chunk of HubSpot records', () => {
  it('brings the associations of exactly its records', async () => {
    await using hubspot = await startHubSpot({
      records: { deals: 2_500, contacts: 400, companies: 50 },
      initialAssociations: { 'deals>contacts': 4, 'deals>companies': 1 },
    });
    const plan = await planFor(hubspot.source, 'deals', {
      properties: ['dealname'],
      associations: [associationTable('deals', 'contacts'), associationTable('deals', 'companies')],
    });
    const { chunks } = await extractAll(hubspot.source, { plan, chunkRecords: 1_000 });
    expect(chunks.length).toBeGreaterThan(2);
    for (const { rows, associations } of chunks) {
      for (const to of ['contacts', 'companies'] as const) {
        const read = associations.filter(({ table }) => table.to === to);
        const ids = rows.map(([id]) => id!);
        expect(read.flatMap(({ heads }) => heads.map(([id]) => id)).toSorted()).toEqual(ids.toSorted());
        const truth = ids.flatMap((id) => associationsOf(hubspot.simulator, { from: 'deals', to, id }));
        expect(read.flatMap(({ links }) => links.map(linkText)).toSorted()).toEqual(truth.toSorted());
      }
    }
  });
});
