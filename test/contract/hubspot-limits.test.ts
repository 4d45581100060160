import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { limitUse, type Sample } from '../../bench/limit-use.ts';
import { ReadingProcesses } from '../../bench/reading-processes.ts';
import { eventually } from '../support/eventually.ts';
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

  it(
    'is used up and never passed by three processes, and by two once one was killed',
    { timeout: 120_000 },
    async () => {
      await using closing = new AsyncDisposableStack();
      const folder = await mkdtemp(join(tmpdir(), 'sluice-budget-'));
      closing.defer(() => rm(folder, { recursive: true, force: true }));
      const limits = { burst: 190 };
      const hubspot = closing.use(await startHubSpot({ ...nearlySpent, records: { contacts: 4_000 }, limits }));
      const { simulator } = hubspot;
      const listed = () => simulator.stats.snapshot()['list contacts'];
      const samples: Sample[] = [];
      const sampler = setInterval(
        () => samples.push({ atMs: performance.now(), requests: listed()?.requests ?? 0 }),
        20,
      );
      closing.defer(() => clearInterval(sampler));
      const processes = closing.use(new ReadingProcesses({ url: simulator.url, budgetDir: folder }));
      const [first] = [1, 2, 3].map(() => processes.start({ backfills: 1 }));
      await eventually('they read', () => listed() !== undefined, 30_000);
      const threeAtMs = performance.now();
      await sleep(9_000);
      const sent = listed()!.requests;
      await eventually('they read on once slots are free', () => listed()!.requests > sent + 20, 10_000);
      const killedAtMs = performance.now();
      await first!.kill();
      await sleep(12_500);
      const use = (fromMs: number, toMs: number) => limitUse(samples, { limit: 190, windowMs: 10_000, fromMs, toMs });
      expect(use(threeAtMs, killedAtMs)).toBeGreaterThanOrEqual(0.9);
      expect(use(killedAtMs, performance.now())).toBeGreaterThanOrEqual(0.9);
      expect(listed()!.peakTenSeconds).toBeLessThanOrEqual(190);
      expect(simulator.stats.snapshot()['all']!.rateLimited).toBe(0);
    },
  );

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
