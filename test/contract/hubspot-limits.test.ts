import { setTimeout as sleep } from 'node:timers/promises';
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
  expect(problemsOf(rows, { plan, truth: truthOf(hubspot.simulator, 'contacts') })).toEqual([]);
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
    local(seconds).toBeLessThan(15);
  });

  it('is not passed by a process that starts after another has spent it', async () => {
    await using hubspot = await startHubSpot(nearlySpent);
    const plan = await planFor(hubspot.source, 'contacts', { properties: fewProperties });
    const { frontier } = await hubspot.source.planBackfill('contacts', { kind: 'whole' }, never);
    const before = await extractChunk(hubspot.source, { plan, frontier, chunkRecords: 8_500 });
    await hubspot.source.close();
    const successor = hubspot.openSource();
    const { rows } = await extractAll(successor, { plan, frontier: before.frontier });
    const truth = truthOf(hubspot.simulator, 'contacts');
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
    const truth = truthOf(hubspot.simulator, 'contacts');
    expect(problemsOf([...before.rows, ...rows], { plan, truth })).toEqual([]);
    expect(hubspot.simulator.stats.snapshot()['list contacts']).toMatchObject({ rateLimited: 0 });
  });

  it('is shared with another app that spends most of it: few are refused, none is lost', async () => {
    const records = { contacts: 5_000 };
    const limits = { burst: 100, background: 60 };
    await using hubspot = await startHubSpot({ ...nearlySpent, records, limits });
    const { rateLimited, requests } = await readAll(hubspot);
    expect(rateLimited).toBeLessThan(requests * 0.15);
  });

  it('is stricter where config says so', async () => {
    const options = { records: { contacts: 1_500 }, spread: 'even', limits: { burst: 190 } } as const;
    await using hubspot = await startHubSpot(options, { config: { requestsPer10s: 20 } });
    const { rateLimited } = await readAll(hubspot);
    expect(rateLimited).toBe(0);
    expect(hubspot.simulator.stats.snapshot()['list contacts']!.peakTenSeconds).toBeLessThanOrEqual(20);
  });
});

describe.concurrent('the daily limit of HubSpot', () => {
  it('met half way is handed to the workflow with what was read and the instant of the reset', async () => {
    const dailyResetsAt = new Date(Date.now() + 4_000).toISOString();
    const limits = { daily: 25, dailyResetsAt };
    await using hubspot = await startHubSpot({ records: { contacts: 3_000 }, spread: 'even', limits });
    const plan = await planFor(hubspot.source, 'contacts', { properties: fewProperties });
    const { frontier } = await hubspot.source.planBackfill('contacts', { kind: 'whole' }, never);
    const first = await extractChunk(hubspot.source, { plan, frontier });
    expect(first.records).toBe(first.rows.length);
    expect(first.records).toBeGreaterThan(500);
    expect(first.records).toBeLessThan(3_000);
    expect(first.wait).toEqual({ reason: 'HubSpot daily limit', until: dailyResetsAt });

    const requestsBefore = hubspot.simulator.stats.snapshot()['all']!.requests;
    const tooEarly = await extractChunk(hubspot.source, { plan, frontier: first.frontier });
    expect(tooEarly).toMatchObject({ records: 0, frontier: first.frontier, wait: first.wait });
    expect(hubspot.simulator.stats.snapshot()['all']!.requests - requestsBefore).toBeLessThanOrEqual(2 * 16);

    await sleep(Date.parse(dailyResetsAt) - Date.now() + 50);
    const { rows } = await extractAll(hubspot.source, { plan, frontier: first.frontier });
    const truth = truthOf(hubspot.simulator, 'contacts');
    expect(problemsOf([...first.rows, ...rows], { plan, truth })).toEqual([]);
  });

  it('is looked at again in a quarter of an hour where HubSpot does not tell when it resets', async () => {
    await using hubspot = await startHubSpot({ records: { contacts: 400 } });
    const plan = await planFor(hubspot.source, 'contacts', { properties: fewProperties });
    hubspot.simulator.faults.add({ kind: 'rateLimited', policy: 'DAILY' });
    const frontier = { kind: 'idRanges', ranges: [{ from: '0', to: null }] } as const;
    const { wait } = await extractChunk(hubspot.source, { plan, frontier });
    expect(Math.abs(Date.parse(wait!.until!) - Date.now() - 900_000)).toBeLessThan(10_000);
  });

  it('met while planning is no failure, and found again at the first page', async () => {
    await using hubspot = await startHubSpot({ records: { contacts: 400 } });
    const plan = await planFor(hubspot.source, 'contacts', { properties: fewProperties });
    hubspot.simulator.configure({ limits: { daily: 1, dailyUsage: 1 } });
    const start = await hubspot.source.planBackfill('contacts', { kind: 'whole' }, never);
    const chunk = await extractChunk(hubspot.source, { plan, frontier: start.frontier });
    expect(chunk).toMatchObject({ records: 0, frontier: start.frontier });
    expect(chunk.wait?.reason).toBe('HubSpot daily limit');
  });
});
