import { describe, expect, it } from 'vitest';
import { extractAll } from '../support/extract-all.ts';
import { startGateway } from '../support/gateway.ts';
import { fewProperties, planFor, startHubSpot } from '../support/hubspot-under-test.ts';
import { problemsOf, truthOf } from '../support/staged-against-truth.ts';

describe('the list of HubSpot', () => {
  it.each(['lastIdPlusOne', 'nextRecordId'] as const)('is read in parallel where `after` is %s', async (after) => {
    await using hubspot = await startHubSpot({ records: { contacts: 3_000 }, latencyMs: 5, list: { after } });
    const plan = await planFor(hubspot.source, 'contacts', { properties: fewProperties });
    const { rows } = await extractAll(hubspot.source, { plan });
    expect(problemsOf(rows, { plan, truth: truthOf(hubspot.simulator, plan) })).toEqual([]);
    expect(hubspot.simulator.stats.snapshot()['list contacts']!.maxConcurrent).toBeGreaterThan(4);
    expect(hubspot.warnings).toEqual([]);
  });

  it.each(['opaque', 'offset', 'unordered'] as const)(
    'is read by one cursor, completely, where its contract is %s',
    async (contract) => {
      await using hubspot = await startHubSpot({ records: { contacts: 3_000 }, latencyMs: 2, list: { contract } });
      const plan = await planFor(hubspot.source, 'contacts', { properties: fewProperties });
      const { rows, chunks } = await extractAll(hubspot.source, { plan, chunkRecords: 700 });
      expect(hubspot.warnings).toMatchObject([{ stream: 'crm.contacts' }]);
      expect(chunks[0]!.frontier).toMatchObject({ kind: 'pages' });
      const readByOne = chunks.slice(1).flatMap((chunk) => chunk.rows);
      expect(problemsOf(readByOne, { plan, truth: truthOf(hubspot.simulator, plan) })).toEqual([]);
      const known = new Set(readByOne.map(([id]) => id));
      expect(rows.filter(([id]) => !known.has(id))).toEqual([]);
    },
  );

  it('may change its contract half way: all is read again by one cursor', async () => {
    await using hubspot = await startHubSpot({ records: { contacts: 3_000 } });
    const plan = await planFor(hubspot.source, 'contacts', { properties: fewProperties });
    let requests = 0;
    await using gateway = await startGateway(hubspot.simulator.url, () => {
      requests += 1;
      if (requests === 20) hubspot.simulator.configure({ list: { contract: 'opaque' } });
      return null;
    });
    const source = hubspot.openSource({ config: { baseUrl: gateway.url } });
    const { rows, chunks } = await extractAll(source, { plan, chunkRecords: 900 });
    expect(hubspot.warnings).toHaveLength(1);
    const broken = chunks.findIndex(({ frontier }) => frontier.kind === 'pages');
    const readByOne = chunks.slice(broken + 1).flatMap((chunk) => chunk.rows);
    expect(problemsOf(readByOne, { plan, truth: truthOf(hubspot.simulator, plan) })).toEqual([]);
    expect(rows.length).toBeGreaterThan(readByOne.length);
  });

  it('that says it ends before records it has shown is asked again', async () => {
    await using hubspot = await startHubSpot({ records: { contacts: 6_000 } });
    const plan = await planFor(hubspot.source, 'contacts', { properties: fewProperties });
    const emptyPage = { status: 200, contentType: 'application/json', body: '{"results":[]}' };
    const seen = new Set<string>();
    await using gateway = await startGateway(hubspot.simulator.url, ({ method, path }) => {
      const isFirst = !seen.has(path);
      seen.add(path);
      return method === 'GET' && isFirst && seen.size > 30 && seen.size % 4 === 0 ? emptyPage : null;
    });
    const source = hubspot.openSource({ config: { baseUrl: gateway.url } });
    const { rows } = await extractAll(source, { plan });
    expect(problemsOf(rows, { plan, truth: truthOf(hubspot.simulator, plan) })).toEqual([]);
  });

  it('that refuses requests for another reason fails with it, in one way of reading as in the other', async () => {
    await using hubspot = await startHubSpot({ records: { contacts: 300 } });
    const plan = await planFor(hubspot.source, 'contacts', { properties: fewProperties });
    const refusal = { status: 400, contentType: 'application/json', body: '{"category":"VALIDATION_ERROR"}' };
    await using gateway = await startGateway(hubspot.simulator.url, ({ method }) =>
      method === 'GET' ? refusal : null,
    );
    const source = hubspot.openSource({ config: { baseUrl: gateway.url } });
    await expect(extractAll(source, { plan })).rejects.toMatchObject({
      kind: 'ConfigInvalid',
      message: expect.stringContaining('400 VALIDATION_ERROR') as string,
    });
    expect(gateway.arrivals.length).toBeLessThan(40);
  });
});
