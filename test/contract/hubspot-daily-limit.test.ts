import { describe, expect, it } from 'vitest';
import { LongWait } from '../../model/errors.ts';
import { extractAll, extractChunk } from '../support/extract-all.ts';
import { fewProperties, planFor, startHubSpot } from '../support/hubspot-under-test.ts';
import { problemsOf, truthOf } from '../support/staged-against-truth.ts';

const never = new AbortController().signal;

describe('the daily limit of HubSpot', () => {
  it('met half way is handed to the workflow with what was read and the instant of the reset', async () => {
    let aheadMs = 0;
    const dailyResetsAt = new Date(Date.now() + 3_600_000).toISOString();
    await using hubspot = await startHubSpot({
      records: { contacts: 3_000 },
      spread: 'even',
      limits: { daily: 25, dailyResetsAt },
      now: () => Date.now() + aheadMs,
    });
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

    aheadMs = 3_600_000;
    hubspot.simulator.configure({ limits: { daily: 1_000 } });
    const { rows } = await extractAll(hubspot.source, { plan, frontier: first.frontier });
    const truth = truthOf(hubspot.simulator, plan);
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

  it('is told with what is left of it, and is none where the account has none', async () => {
    const dailyResetsAt = new Date(Date.now() + 3_600_000).toISOString();
    await using hubspot = await startHubSpot({ records: {}, limits: { daily: 500, dailyResetsAt } });
    hubspot.simulator.configure({ limits: { dailyUsage: 100 } });
    const { daily, sourceNow, machineNow } = await hubspot.source.readUsage(never);
    expect(daily).toEqual({ limit: 500, left: expect.any(Number) as number, resetsAt: dailyResetsAt });
    expect(daily!.left).toBeGreaterThan(390);
    expect(daily!.left).toBeLessThanOrEqual(400);
    expect(Math.abs(Date.parse(sourceNow!) - Date.parse(machineNow))).toBeLessThan(5_000);

    hubspot.simulator.configure({ limits: { daily: null } });
    expect(await hubspot.source.readUsage(never)).toMatchObject({ daily: null });

    hubspot.simulator.configure({ limits: { daily: 500, dailyUsage: 500, isUsageExempt: false } });
    const spent = await hubspot.source.readUsage(never);
    expect(spent).toMatchObject({ daily: { limit: null, left: 0 }, sourceNow: null });
  });

  it('met while planning is a wait for the workflow, and met at the first page too', async () => {
    await using hubspot = await startHubSpot({ records: { contacts: 400 } });
    const plan = await planFor(hubspot.source, 'contacts', { properties: fewProperties });
    const { frontier } = await hubspot.source.planBackfill('contacts', { kind: 'whole' }, never);
    hubspot.simulator.configure({ limits: { daily: 1, dailyUsage: 1 } });
    await expect(hubspot.source.planBackfill('contacts', { kind: 'whole' }, never)).rejects.toBeInstanceOf(LongWait);
    const chunk = await extractChunk(hubspot.source, { plan, frontier });
    expect(chunk).toMatchObject({ records: 0, frontier });
    expect(chunk.wait?.reason).toBe('HubSpot daily limit');
  });
});
