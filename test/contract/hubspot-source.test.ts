import { describe, expect, it } from 'vitest';
import type { StagedRow } from '../../model/source.ts';
import { extractAll } from '../support/extract-all.ts';
import { startGateway } from '../support/gateway.ts';
import { fewProperties, planFor, startHubSpot } from '../support/hubspot-under-test.ts';
import { differingColumns, problemsOf, truthOf } from '../support/staged-against-truth.ts';

const idsOf = (rows: readonly StagedRow[]): string[] => rows.map(([id]) => String(id));

describe('a backfill of HubSpot', () => {
  it.each(['contacts', 'companies', 'notes'] as const)('stages hostile values of %s exactly', async (object) => {
    await using hubspot = await startHubSpot({ records: { [object]: 400 }, isHostile: true });
    const plan = await planFor(hubspot.source, object);
    const { rows, chunks } = await extractAll(hubspot.source, { plan });
    const truth = truthOf(hubspot.simulator, plan);
    expect(truth.size).toBe(400);
    expect(problemsOf(rows, { plan, truth })).toEqual([]);
    expect(chunks[0]!.roundedValues > 0).toBe(plan.columns.some(({ type }) => type === 'decimal'));
  });

  it('leaves what does not convert as it is, for the merge to quarantine', async () => {
    await using hubspot = await startHubSpot({ records: { contacts: 300 }, unconvertibleEvery: 10 });
    const plan = await planFor(hubspot.source, 'contacts');
    const { rows } = await extractAll(hubspot.source, { plan });
    expect(problemsOf(rows, { plan, truth: truthOf(hubspot.simulator, plan) })).toEqual([]);
    const unconvertible = hubspot.simulator.portal.unconvertible('contacts');
    expect(unconvertible).toHaveLength(60);
    const byId = new Map(rows.map((row) => [row[0], row]));
    const staged = unconvertible.map(
      ({ id, property }) => byId.get(id)![1 + plan.columns.findIndex((column) => column.property === property)],
    );
    expect(new Set(staged)).toEqual(new Set(['12,5k', 'not a date']));
  });

  it('tells null from cleared', async () => {
    await using hubspot = await startHubSpot({ records: { contacts: 3 } });
    const plan = await planFor(hubspot.source, 'contacts', { properties: ['company'] });
    const [first, second, third] = [...truthOf(hubspot.simulator, plan).keys()] as [string, string, string];
    hubspot.simulator.portal.change('contacts', { ids: [first], values: { company: '' } });
    hubspot.simulator.portal.change('contacts', { ids: [second], values: { company: null } });
    hubspot.simulator.portal.change('contacts', { ids: [third], values: { company: 'null' } });
    const { rows } = await extractAll(hubspot.source, { plan });
    expect(rows.map(([id, company]) => [id, company])).toEqual([
      [first, ''],
      [second, null],
      [third, 'null'],
    ]);
  });

  it('keeps ids and the version as text, and says when each record was observed', async () => {
    await using hubspot = await startHubSpot({ records: { contacts: 0 } });
    const longest = '9007199254740990';
    hubspot.simulator.portal.create('contacts', { ids: ['7', longest] });
    const plan = await planFor(hubspot.source, 'contacts', { properties: ['hs_object_id'] });
    const before = new Date().toISOString();
    const { rows } = await extractAll(hubspot.source, { plan });
    expect(idsOf(rows)).toEqual(['7', longest]);
    for (const [id, objectId, version, observedAt] of rows) {
      expect(objectId).toBe(id);
      expect(version).toBe(hubspot.simulator.portal.history('contacts', id!)![0]!.version);
      expect(observedAt! >= before && observedAt! <= new Date().toISOString()).toBe(true);
    }
  });

  it('names the columns whose property is gone, by list, by id and where it goes meanwhile', async () => {
    await using hubspot = await startHubSpot({ records: { contacts: 1_500 } });
    const plan = await planFor(hubspot.source, 'contacts', { properties: fewProperties });
    const whole = await extractAll(hubspot.source, { plan });
    expect(whole.chunks[0]!.absentColumns).toEqual([]);
    let writes = 0;
    const onWrite = (): void => {
      writes += 1;
      if (writes === 7) hubspot.simulator.portal.removeProperty('contacts', 'company');
    };
    const meanwhile = await extractAll(hubspot.source, { plan, onWrite });
    expect(meanwhile.chunks[0]!.absentColumns).toEqual(['company']);
    expect(meanwhile.rows).toHaveLength(1_500);
    const ids = { kind: 'ids', ids: idsOf(whole.rows).slice(0, 50) } as const;
    const named = await extractAll(hubspot.source, { plan, frontier: ids });
    expect(named.chunks[0]!.absentColumns).toEqual(['company']);
  });

  it('of an object without records ends at once', async () => {
    await using hubspot = await startHubSpot({ records: {} });
    const plan = await planFor(hubspot.source, 'deals');
    const { rows, chunks } = await extractAll(hubspot.source, { plan });
    expect([rows, chunks.length]).toEqual([[], 1]);
  });

  it.each(['even', 'clustered'] as const)('reads %s ids once each, in chunks of the size asked for', async (spread) => {
    await using hubspot = await startHubSpot({ records: { contacts: 12_345 }, spread, jitterMs: 4 });
    const plan = await planFor(hubspot.source, 'contacts', { properties: fewProperties });
    const { rows, chunks } = await extractAll(hubspot.source, { plan, chunkRecords: 3_000 });
    expect(problemsOf(rows, { plan, truth: truthOf(hubspot.simulator, plan) })).toEqual([]);
    expect(chunks).toHaveLength(5);
    for (const { records } of chunks.slice(0, -1)) {
      expect(records).toBeGreaterThanOrEqual(3_000);
      expect(records).toBeLessThan(3_100);
    }
    for (const { frontier } of chunks) expect(JSON.stringify(frontier).length).toBeLessThan(1_500);
  });

  it.each(['even', 'clustered'] as const)('spends few requests beyond one per page on %s ids', async (spread) => {
    await using hubspot = await startHubSpot({ records: { contacts: 100_000 }, spread });
    const plan = await planFor(hubspot.source, 'contacts', { properties: ['hs_object_id'] });
    const { rows, chunks } = await extractAll(hubspot.source, { plan });
    expect(new Set(idsOf(rows)).size).toBe(100_000);
    expect(rows).toHaveLength(100_000);
    expect(chunks.reduce((sum, { requests }) => sum + requests.requests, 0)).toBeLessThan(1_045);
  });

  it('of the first N stages exactly N', async () => {
    await using hubspot = await startHubSpot({ records: { contacts: 1_000 } });
    const plan = await planFor(hubspot.source, 'contacts', { properties: ['email'] });
    const first = [...truthOf(hubspot.simulator, plan).keys()];
    for (const limit of [1, 100, 250, 1_000, 5_000]) {
      const scope = { kind: 'limit', limit } as const;
      const { rows } = await extractAll(hubspot.source, { plan, scope, chunkRecords: 120 });
      expect(idsOf(rows)).toEqual(first.slice(0, limit));
    }
  });

  it.each(['absent', 'renamed'] as const)('of named records passes over those gone (merged: %s)', async (merged) => {
    await using hubspot = await startHubSpot({ records: { contacts: 500 }, mergedIdInBatchRead: merged });
    const plan = await planFor(hubspot.source, 'contacts', { properties: fewProperties });
    const ids = [...truthOf(hubspot.simulator, plan).keys()].slice(0, 250);
    hubspot.simulator.portal.archive('contacts', { ids: ids.slice(0, 3) });
    hubspot.simulator.portal.merge('contacts', ids[3]!, ids[4]!);
    const scope = { kind: 'ids', ids: [...ids, '404'] } as const;
    const { rows } = await extractAll(hubspot.source, { plan, scope, chunkRecords: 150 });
    const truth = truthOf(hubspot.simulator, plan);
    const expected = new Set(merged === 'renamed' ? [...ids.slice(5), [...truth.keys()].at(-1)!] : ids.slice(5));
    expect(new Set(idsOf(rows))).toEqual(expected);
    for (const row of rows) expect(differingColumns(row, plan, truth.get(row[0]!)!)).toEqual([]);
  });
});

describe('a HubSpot object with more properties than an URL holds', () => {
  it('is read by list and batch read, with all its values', async () => {
    await using hubspot = await startHubSpot({ records: { contacts: 450 }, isHostile: true });
    for (let n = 0; n < 900; n++) {
      const name = `a_custom_property_with_a_long_name_${n}`;
      hubspot.simulator.portal.addProperty('contacts', { name, type: n % 3 === 0 ? 'number' : 'string' });
    }
    const plan = await planFor(hubspot.source, 'contacts');
    const { rows, chunks } = await extractAll(hubspot.source, { plan });
    expect(plan.columns.length).toBeGreaterThan(900);
    expect(problemsOf(rows, { plan, truth: truthOf(hubspot.simulator, plan) })).toEqual([]);
    expect(chunks[0]!.requests.retried).toBe(0);
    expect(hubspot.simulator.stats.snapshot()['list contacts']!.statuses).not.toHaveProperty('414');
  });

  it('is read that way too where a proxy draws the line earlier', async () => {
    await using hubspot = await startHubSpot({ records: { contacts: 450 } });
    const tooLong = { status: 414, contentType: 'text/html', body: '<h1>414 Request-URI Too Large</h1>' };
    await using gateway = await startGateway(hubspot.simulator.url, ({ path }) => (path.length > 600 ? tooLong : null));
    const source = hubspot.openSource({ config: { baseUrl: gateway.url } });
    const plan = await planFor(source, 'contacts');
    const { rows } = await extractAll(source, { plan });
    expect(problemsOf(rows, { plan, truth: truthOf(hubspot.simulator, plan) })).toEqual([]);
    expect(gateway.arrivals.some(({ path }) => path.length > 600)).toBe(true);
  });
});

describe('a sample of HubSpot', () => {
  it('is of the records created last, newest first, by few searches', async () => {
    await using hubspot = await startHubSpot({ records: { contacts: 600 } });
    const { source, simulator } = hubspot;
    const plan = await planFor(source, 'contacts', { properties: ['createdate'] });
    const created = [...truthOf(simulator, plan)].map(([id, { createdate }]) => ({ id, at: String(createdate) }));
    const at = new Map(created.map((record) => [record.id, record.at]));
    const newest = created
      .map((record) => record.at)
      .toSorted()
      .toReversed()
      .slice(0, 450);

    const { ids, requests } = (await source.newestIds('contacts', 450, new AbortController().signal))!;
    expect(requests.requests).toBe(3);
    expect(new Set(ids).size).toBe(450);
    expect(ids.map((id) => at.get(id))).toEqual(newest);
  });

  it('is all there is, where that is less, and none where HubSpot cannot search', async () => {
    await using hubspot = await startHubSpot({ records: { contacts: 7, companies: 0 } });
    const { signal } = new AbortController();
    expect((await hubspot.source.newestIds('contacts', 450, signal))!.ids).toHaveLength(7);
    expect((await hubspot.source.newestIds('companies', 450, signal))!.ids).toEqual([]);
    expect(await hubspot.source.newestIds('owners', 450, signal)).toBeNull();
  });
});
