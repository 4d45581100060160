import { describe, expect, it } from 'vitest';
import { extractAll, extractChunk } from '../support/extract-all.ts';
import { fewProperties, planFor, startHubSpot } from '../support/hubspot-under-test.ts';
import { problemsOf, truthOf } from '../support/staged-against-truth.ts';

const never = new AbortController().signal;

describe.concurrent('the access token of HubSpot', () => {
  it('may be rotated while a backfill runs', async () => {
    let token = 'first';
    await using hubspot = await startHubSpot(
      { records: { contacts: 3_000 }, tokens: ['first'] },
      { readAccessToken: () => Promise.resolve(token) },
    );
    const plan = await planFor(hubspot.source, 'contacts', { properties: fewProperties });
    const { frontier } = await hubspot.source.planBackfill('contacts', { kind: 'whole' }, never);
    let pages = 0;
    const chunk = await extractChunk(hubspot.source, {
      plan,
      frontier,
      onWrite: async () => {
        pages += 1;
        if (pages !== 6) return;
        hubspot.simulator.configure({ tokens: [{ token: 'second' }] });
        setTimeout(() => (token = 'second'), 300);
      },
    });
    expect(problemsOf(chunk.rows, { plan, truth: truthOf(hubspot.simulator, plan) })).toEqual([]);
    const { statuses } = hubspot.simulator.stats.snapshot()['list contacts']!;
    expect(statuses['401']).toBeGreaterThan(0);
    expect(statuses['401']).toBeLessThanOrEqual(16);
  });

  it('that is wrong is tried twice, then never again', async () => {
    await using hubspot = await startHubSpot({}, { readAccessToken: () => Promise.resolve('wrong') });
    await expect(hubspot.source.planBackfill('contacts', { kind: 'whole' }, never)).rejects.toMatchObject({
      kind: 'AuthRejected',
      message: expect.stringContaining('the access token was rejected (401)') as string,
    });
    expect(hubspot.simulator.stats.snapshot()['all']!.requests).toBe(2);
  });

  it('that is withdrawn half way ends the read, with what was staged handed back', async () => {
    await using hubspot = await startHubSpot({ records: { contacts: 3_000 } });
    const plan = await planFor(hubspot.source, 'contacts', { properties: fewProperties });
    const { frontier } = await hubspot.source.planBackfill('contacts', { kind: 'whole' }, never);
    let pages = 0;
    const first = await extractChunk(hubspot.source, {
      plan,
      frontier,
      onWrite: async () => {
        pages += 1;
        if (pages === 6) hubspot.simulator.configure({ tokens: [] });
      },
    });
    expect(first.records).toBe(first.rows.length);
    expect(first.records).toBeGreaterThanOrEqual(500);
    await expect(extractChunk(hubspot.source, { plan, frontier: first.frontier })).rejects.toMatchObject({
      kind: 'AuthRejected',
    });
    expect(hubspot.simulator.stats.snapshot()['list contacts']!.statuses['401']).toBeLessThanOrEqual(2 * 2 * 16);
    hubspot.simulator.configure({ tokens: [{ token: 'pat-na1-simulator' }] });
    const { rows } = await extractAll(hubspot.source, { plan, frontier: first.frontier });
    const truth = truthOf(hubspot.simulator, plan);
    expect(problemsOf([...first.rows, ...rows], { plan, truth })).toEqual([]);
  });

  it('that lacks the scope of one object fails that object by name, and no other', async () => {
    await using hubspot = await startHubSpot({ records: { contacts: 300, companies: 300 } });
    const contacts = await planFor(hubspot.source, 'contacts', { properties: fewProperties });
    const companies = await planFor(hubspot.source, 'companies', { properties: ['name'] });
    hubspot.simulator.configure({ missingScopes: ['companies'] });
    const frontier = { kind: 'idRanges', ranges: [{ from: '0', to: null }] } as const;
    await expect(extractAll(hubspot.source, { plan: companies, frontier })).rejects.toMatchObject({
      kind: 'AuthRejected',
      message: expect.stringMatching(/companies: .*scope.*\(403\)/) as string,
    });
    await expect(hubspot.source.planBackfill('companies', { kind: 'whole' }, never)).rejects.toMatchObject({
      kind: 'AuthRejected',
    });
    const { rows } = await extractAll(hubspot.source, { plan: contacts });
    expect(problemsOf(rows, { plan: contacts, truth: truthOf(hubspot.simulator, contacts) })).toEqual([]);
  });
});
