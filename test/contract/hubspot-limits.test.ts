import { describe, expect, it } from 'vitest';
import { extractAll, extractChunk } from '../support/extract-all.ts';
import { fewProperties, planFor, startHubSpot, type HubSpotUnderTest } from '../support/hubspot-under-test.ts';
import { problemsOf, truthOf } from '../support/staged-against-truth.ts';

const never = new AbortController().signal;

interface Traffic {
  readonly rateLimited: number;
  readonly peak: number;
  readonly seconds: number;
  readonly requests: number;
}

/** Reads all contacts and looks at the traffic from the account's side. */
async function readAll(hubspot: HubSpotUnderTest): Promise<Traffic> {
  const plan = await planFor(hubspot.source, 'contacts', { properties: fewProperties });
  const startedMs = performance.now();
  const { rows } = await extractAll(hubspot.source, { plan });
  const seconds = (performance.now() - startedMs) / 1_000;
  expect(problemsOf(rows, { plan, truth: truthOf(hubspot.simulator, plan) })).toEqual([]);
  const { rateLimited, peakTenSeconds, requests } = hubspot.simulator.stats.snapshot()['all']!;
  return { rateLimited, peak: peakTenSeconds, seconds, requests };
}

const nearlySpent = {
  records: { contacts: 12_000 },
  spread: 'even',
  limits: { burst: 100 },
  latencyMs: 20,
  jitterMs: 20,
} as const;

describe.concurrent('the burst limit of HubSpot', () => {
  it.for([100, 190, 250])('of %i is used up and never passed', async (burst, { expect: local }) => {
    const options = { records: { contacts: burst * 130 }, spread: 'even', latencyMs: 40, jitterMs: 80 } as const;
    await using hubspot = await startHubSpot({ ...options, limits: { burst } });
    const { rateLimited, peak, seconds, requests } = await readAll(hubspot);
    local(rateLimited).toBe(0);
    local(requests).toBeGreaterThan(1.3 * burst);
    local(requests).toBeLessThan(2 * burst);
    /* All but search, which counts apart. */
    local(peak).toBeGreaterThanOrEqual(burst - 1);
    local(peak).toBeLessThanOrEqual(burst + 1);
    local(seconds).toBeLessThan(30);
  });

  it('is not passed by a process that starts after another has spent it', async () => {
    await using hubspot = await startHubSpot(nearlySpent);
    const plan = await planFor(hubspot.source, 'contacts', { properties: fewProperties });
    const { frontier } = await hubspot.source.planBackfill('contacts', { kind: 'whole' }, never);
    const before = await extractChunk(hubspot.source, { plan, frontier, chunkRecords: 8_500 });
    await hubspot.source.close();
    const successor = hubspot.openSource();
    const { rows } = await extractAll(successor, { plan, frontier: before.frontier });
    const truth = truthOf(hubspot.simulator, plan);
    expect(problemsOf([...before.rows, ...rows], { plan, truth })).toEqual([]);
    expect(hubspot.simulator.stats.snapshot()['list contacts']).toMatchObject({ rateLimited: 0 });
  });

  it('is not passed either if the first request of that process is lost', async () => {
    await using hubspot = await startHubSpot(nearlySpent);
    const plan = await planFor(hubspot.source, 'contacts', { properties: fewProperties });
    const { frontier } = await hubspot.source.planBackfill('contacts', { kind: 'whole' }, never);
    const before = await extractChunk(hubspot.source, { plan, frontier, chunkRecords: 8_500 });
    hubspot.simulator.faults.add({ kind: 'hang', count: 1 });
    const successor = hubspot.openSource({ config: { timeoutMs: 500 } });
    const { rows } = await extractAll(successor, { plan, frontier: before.frontier });
    const truth = truthOf(hubspot.simulator, plan);
    expect(problemsOf([...before.rows, ...rows], { plan, truth })).toEqual([]);
    expect(hubspot.simulator.stats.snapshot()['list contacts']).toMatchObject({ rateLimited: 0 });
  });

  it('is shared with another app that spends most of it: next to none are refused', async () => {
    const records = { contacts: 5_000 };
    const limits = { burst: 100, background: 60 };
    await using hubspot = await startHubSpot({ ...nearlySpent, records, limits });
    const { rateLimited } = await readAll(hubspot);
    expect(rateLimited).toBeLessThanOrEqual(2);
  });

  it('that another app suddenly spends refuses what is in flight, and no record is lost', async () => {
    await using hubspot = await startHubSpot({ ...nearlySpent, records: { contacts: 10_000 } });
    const plan = await planFor(hubspot.source, 'contacts', { properties: fewProperties });
    const { frontier } = await hubspot.source.planBackfill('contacts', { kind: 'whole' }, never);
    const before = await extractChunk(hubspot.source, { plan, frontier, chunkRecords: 3_000 });
    hubspot.simulator.configure({ limits: { background: 95 } });
    setTimeout(() => hubspot.simulator.configure({ limits: { background: 10 } }), 5_000);
    const { rows } = await extractAll(hubspot.source, { plan, frontier: before.frontier });
    const truth = truthOf(hubspot.simulator, plan);
    expect(problemsOf([...before.rows, ...rows], { plan, truth })).toEqual([]);
    const { rateLimited } = hubspot.simulator.stats.snapshot()['list contacts']!;
    expect(rateLimited).toBeGreaterThan(0);
    expect(rateLimited).toBeLessThanOrEqual(2 * 16);
  });

  it('is stricter where config says so', async () => {
    const options = { records: { contacts: 1_500 }, spread: 'even', limits: { burst: 190 } } as const;
    await using hubspot = await startHubSpot(options, { config: { requestsPer10s: 20 } });
    const { rateLimited } = await readAll(hubspot);
    expect(rateLimited).toBe(0);
    expect(hubspot.simulator.stats.snapshot()['list contacts']!.peakTenSeconds).toBeLessThanOrEqual(20);
  });
});
