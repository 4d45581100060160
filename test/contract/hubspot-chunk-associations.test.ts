import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { SourceFrontier } from '../../model/frontier.ts';
import { allIds } from '../../model/id-range-pool.ts';
import { listingPlan, type StreamPlan } from '../../model/plan.ts';
import { associationTable } from '../support/association-reading.ts';
import { changesIn } from '../support/changes.ts';
import { extractAll, extractChunk, type Staged } from '../support/extract-all.ts';
import { startGateway } from '../support/gateway.ts';
import { planFor, startHubSpot, type HubSpotUnderTest } from '../support/hubspot-under-test.ts';
import { truthOf } from '../support/staged-against-truth.ts';

const whole: SourceFrontier = { kind: 'idRanges', ranges: [allIds] };

const account = { records: { deals: 3_000, contacts: 400 }, initialAssociations: { 'deals>contacts': 2 } } as const;

const dealsPlan = ({ source }: HubSpotUnderTest): Promise<StreamPlan> =>
  planFor(source, 'deals', { properties: ['amount'], associations: [associationTable('deals', 'contacts')] });

const rowIds = ({ rows }: Staged): string[] => rows.map(([id]) => id!).toSorted();
const headIds = ({ associations }: Staged): string[] =>
  associations.flatMap(({ heads }) => heads.map(([id]) => id)).toSorted();

const isAssociations = (path: string): boolean => path.includes('/associations/');

describe.concurrent('associations of a chunk of HubSpot', () => {
  it('are read of every record before it is handed back: by list, by id, by search and in a listing', async () => {
    await using hubspot = await startHubSpot(account);
    const plan = await dealsPlan(hubspot);
    const changed = hubspot.simulator.portal.change('deals', { count: 450 });
    const ids = [...truthOf(hubspot.simulator, plan).keys()];
    const window = { from: '2026-02-01T00:00:00.000Z', to: '2100-01-01T00:00:00.000Z' };
    const cases: [StreamPlan, SourceFrontier, readonly string[]][] = [
      [plan, whole, ids],
      [plan, { kind: 'pages', after: null, done: false, remaining: null }, ids],
      [plan, { kind: 'ids', ids: ids.slice(0, 1_234) }, ids.slice(0, 1_234)],
      [plan, changesIn([window], { property: 'hs_lastmodifieddate' }), changed],
      [listingPlan(plan), whole, ids],
    ];
    for (const [asked, frontier, expected] of cases) {
      const { chunks } = await extractAll(hubspot.source, { plan: asked, frontier, chunkRecords: 1_000 });
      for (const chunk of chunks) expect(headIds(chunk)).toEqual(rowIds(chunk));
      expect(chunks.flatMap(rowIds).toSorted()).toEqual(expected.toSorted());
    }
  });

  it('of an aborted chunk are read within its grace', async () => {
    await using hubspot = await startHubSpot({ ...account, latencyMs: 30 });
    const plan = await dealsPlan(hubspot);
    const stop = new AbortController();
    setTimeout(() => stop.abort(new Error('paused')), 150);
    const chunk = await extractChunk(hubspot.source, { plan, frontier: whole, signal: stop.signal });
    expect(chunk.records).toBeGreaterThan(0);
    expect(chunk.records).toBeLessThan(3_000);
    expect(headIds(chunk)).toEqual(rowIds(chunk));
  });

  it('that do not come within the grace leave nothing read', async () => {
    await using hubspot = await startHubSpot({ ...account, latencyMs: 20 });
    const plan = await dealsPlan(hubspot);
    hubspot.simulator.faults.add({ kind: 'hang', match: { route: 'associations' } });
    const stop = new AbortController();
    setTimeout(() => stop.abort(new Error('paused')), 150);
    const startedMs = performance.now();
    const chunk = await extractChunk(hubspot.source, { plan, frontier: whole, signal: stop.signal });
    expect(performance.now() - startedMs).toBeLessThan(3_000);
    expect(chunk).toMatchObject({ records: 0, frontier: whole, wait: null });
    const { requests } = hubspot.simulator.stats.snapshot()['all']!;
    await sleep(300);
    expect(hubspot.simulator.stats.snapshot()['all']!.requests).toBe(requests);
  });

  it('that are refused fail the chunk, whatever was read', async () => {
    await using hubspot = await startHubSpot(account);
    const plan = await dealsPlan(hubspot);
    const refusal = { status: 403, contentType: 'application/json', body: '{"category":"MISSING_SCOPES"}' };
    await using gateway = await startGateway(hubspot.simulator.url, ({ path }) =>
      isAssociations(path) ? refusal : null,
    );
    const source = hubspot.openSource({ config: { baseUrl: gateway.url } });
    await expect(extractChunk(source, { plan, frontier: whole })).rejects.toMatchObject({ kind: 'AuthRejected' });
  });

  it('that meet the spent day leave nothing read, and hand over the wait', async () => {
    await using hubspot = await startHubSpot(account);
    const plan = await dealsPlan(hubspot);
    const body = JSON.stringify({ status: 'error', policyName: 'DAILY' });
    let isSpent = true;
    await using gateway = await startGateway(hubspot.simulator.url, ({ path }) =>
      isSpent && isAssociations(path) ? { status: 429, contentType: 'application/json', body } : null,
    );
    const source = hubspot.openSource({ config: { baseUrl: gateway.url } });
    const chunk = await extractChunk(source, { plan, frontier: whole });
    expect(chunk).toMatchObject({ records: 0, frontier: whole, wait: { reason: 'HubSpot daily limit' } });
    isSpent = false;
    const { chunks } = await extractAll(source, { plan, frontier: chunk.frontier });
    expect(chunks.flatMap(headIds)).toHaveLength(3_000);
  });

  it('that a stage fails to take fail the chunk', async () => {
    await using hubspot = await startHubSpot(account);
    const plan = await dealsPlan(hubspot);
    const stop = new AbortController();
    const failing = extractChunk(hubspot.source, {
      plan,
      frontier: whole,
      signal: stop.signal,
      onAssociations: () => {
        stop.abort();
        throw new Error('disk full');
      },
    });
    await expect(failing).rejects.toThrow('disk full');
  });
});
