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

describe.concurrent('the burst limit of HubSpot', () => {
  it.for([100, 190, 250])('of %i is used up and never passed', async (burst, { expect: local }) => {
    const records = { contacts: burst * 215 };
    await using hubspot = await startHubSpot({ records, limits: { burst }, latencyMs: 40, jitterMs: 80 });
    const { rateLimited, peak, seconds, requests } = await readAll(hubspot);
    local(rateLimited).toBe(0);
    local(peak).toBe(burst + hubspot.simulator.stats.snapshot()['search contacts']!.peakTenSeconds);
    local(requests).toBeGreaterThan(2 * burst);
    local(seconds).toBeLessThan(10 * Math.ceil(requests / burst) + 2);
  });

  it('is not passed by a process that starts after another has spent it', async () => {
    const records = { contacts: 12_000 };
    await using hubspot = await startHubSpot({ records, limits: { burst: 100 }, latencyMs: 20, jitterMs: 20 });
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
    const records = { contacts: 12_000 };
    await using hubspot = await startHubSpot({ records, limits: { burst: 100 }, latencyMs: 20, jitterMs: 20 });
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
    const records = { contacts: 12_000 };
    const limits = { burst: 100, background: 40 };
    await using hubspot = await startHubSpot({ records, limits, latencyMs: 20, jitterMs: 20 });
    const { rateLimited, requests } = await readAll(hubspot);
    expect(rateLimited).toBeLessThan(requests * 0.15);
  });

  it('is stricter where config says so', async () => {
    const options = { records: { contacts: 3_000 }, limits: { burst: 190 } };
    await using hubspot = await startHubSpot(options, { config: { requestsPer10s: 20 } });
    const { rateLimited } = await readAll(hubspot);
    expect(rateLimited).toBe(0);
    expect(hubspot.simulator.stats.snapshot()['list contacts']!.peakTenSeconds).toBeLessThanOrEqual(20);
  });
});

describe.concurrent('the daily limit of HubSpot', () => {
  it('met half way is handed to the workflow with what was read and the instant of the reset', async () => {
    const dailyResetsAt = new Date(Date.now() + 3_600_000).toISOString();
    await using hubspot = await startHubSpot({ records: { contacts: 4_000 }, limits: { dailyResetsAt } });
    const plan = await planFor(hubspot.source, 'contacts', { properties: fewProperties });
    const { frontier } = await hubspot.source.planBackfill('contacts', { kind: 'whole' }, never);
    let pages = 0;
    const first = await extractChunk(hubspot.source, {
      plan,
      frontier,
      write: async () => {
        pages += 1;
        if (pages === 8) {
          hubspot.simulator.faults.add({ kind: 'rateLimited', policy: 'DAILY', match: { route: 'list' } });
        }
      },
    });
    expect(first.records).toBe(first.rows.length);
    expect(first.records).toBeGreaterThanOrEqual(700);
    expect(first.records).toBeLessThan(4_000);
    expect(first.wait).toEqual({ reason: 'HubSpot daily limit', until: dailyResetsAt });

    const requestsBefore = hubspot.simulator.stats.snapshot()['all']!.requests;
    const tooEarly = await extractChunk(hubspot.source, { plan, frontier: first.frontier });
    expect(tooEarly).toMatchObject({ records: 0, frontier: first.frontier, wait: first.wait });
    expect(hubspot.simulator.stats.snapshot()['all']!.requests - requestsBefore).toBeLessThanOrEqual(2 * 16);

    hubspot.simulator.faults.clear();
    const { rows } = await extractAll(hubspot.source, { plan, frontier: first.frontier });
    const truth = truthOf(hubspot.simulator, 'contacts');
    expect(problemsOf([...first.rows, ...rows], { plan, truth })).toEqual([]);
  });

  it('that stops the question for its reset too is asked about again in a quarter of an hour', async () => {
    const dailyResetsAt = new Date(Date.now() + 1_500).toISOString();
    await using hubspot = await startHubSpot({ records: { contacts: 4_000 }, limits: { daily: 25, dailyResetsAt } });
    const plan = await planFor(hubspot.source, 'contacts', { properties: fewProperties });
    const waits: (string | null)[] = [];
    const { rows } = await extractAll(hubspot.source, {
      plan,
      onWait: async ({ until }) => {
        waits.push(until);
        expect(Math.abs(Date.parse(until!) - Date.now() - 900_000)).toBeLessThan(10_000);
        hubspot.simulator.configure({ limits: { daily: 1_000 } });
        await new Promise((resolve) => setTimeout(resolve, Date.parse(dailyResetsAt) - Date.now()));
      },
    });
    expect(waits).toHaveLength(1);
    expect(problemsOf(rows, { plan, truth: truthOf(hubspot.simulator, 'contacts') })).toEqual([]);
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
