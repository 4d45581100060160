import { describe, expect, it } from 'vitest';
import type { FaultRule } from '../../simulators/hubspot/faults.ts';
import type { OpenSourceOptions } from '../support/hubspot-under-test.ts';
import { extractAll, extractChunk } from '../support/extract-all.ts';
import { fewProperties, planFor, startHubSpot } from '../support/hubspot-under-test.ts';
import { problemsOf, truthOf } from '../support/staged-against-truth.ts';

const contacts = 1_500;

/** Reads all contacts while the list fails as the rules say: every record must be staged exactly once. */
async function readThrough(
  rules: readonly FaultRule[],
  { source: options, isTwoStep = false }: { source?: OpenSourceOptions; isTwoStep?: boolean } = {},
): Promise<{ struck: number; retried: number }> {
  await using hubspot = await startHubSpot({ records: { contacts }, jitterMs: 5 }, options);
  if (isTwoStep) {
    for (let n = 0; n < 250; n++) {
      hubspot.simulator.portal.addProperty('contacts', { name: `custom_property_number_${n}`, type: 'number' });
    }
  }
  const plan = await planFor(hubspot.source, 'contacts', isTwoStep ? {} : { properties: fewProperties });
  const { frontier } = await hubspot.source.planBackfill('contacts', { kind: 'whole' }, new AbortController().signal);
  for (const rule of rules) hubspot.simulator.faults.add(rule);
  const { rows, chunks } = await extractAll(hubspot.source, { plan, frontier, chunkRecords: 600 });
  expect(problemsOf(rows, { plan, truth: truthOf(hubspot.simulator, plan) })).toEqual([]);
  const struck = hubspot.simulator.faults.list().reduce((sum, rule) => sum + rule.struck, 0);
  return { struck, retried: chunks.reduce((sum, { requests }) => sum + requests.retried, 0) };
}

describe.concurrent('pages of HubSpot that fail are asked for again', () => {
  const quick = ['badGateway', 'gatewayTimeout', 'originTimeout', 'serverError', 'emptyBody'] as const;
  const broken = ['reset', 'truncatedJson', 'truncatedGzip'] as const;

  it.for([...quick, ...broken])('%s on every fifth page', async (kind, { expect: local }) => {
    const { struck, retried } = await readThrough([{ kind, probability: 0.2, seed: 7 }]);
    local(struck).toBeGreaterThan(1);
    local(retried).toBe(struck);
  });

  it('all kinds at once', async () => {
    const rules = [...quick, ...broken].map((kind, seed): FaultRule => ({ kind, probability: 0.03, seed }));
    const { struck } = await readThrough(rules);
    expect(struck).toBeGreaterThan(2);
  });

  it('in the list of ids as in the batch read of their values', async () => {
    const rules = [...quick, ...broken].flatMap((kind, seed): FaultRule[] => [
      { kind, probability: 0.02, seed, match: { route: 'list' } },
      { kind, probability: 0.02, seed, match: { route: 'batchRead' } },
    ]);
    const { struck } = await readThrough(rules, { isTwoStep: true });
    expect(struck).toBeGreaterThan(3);
  });

  it('locked (423), not before two seconds', async () => {
    const startedMs = performance.now();
    const { struck } = await readThrough([{ kind: 'locked', count: 1 }]);
    expect(struck).toBe(1);
    expect(performance.now() - startedMs).toBeGreaterThan(1_950);
  });

  it('a socket that hangs, once the time limit is over', async () => {
    const { struck, retried } = await readThrough([{ kind: 'hang', count: 3, probability: 0.3 }], {
      source: { config: { timeoutMs: 1_000 } },
    });
    expect([struck, retried]).toEqual([3, 3]);
  });

  it('but not a body that is only slow', async () => {
    const { struck, retried } = await readThrough(
      [{ kind: 'slowBody', count: 3, probability: 0.3, durationMs: 1_500 }],
      {
        source: { config: { timeoutMs: 1_000 } },
      },
    );
    expect([struck, retried]).toEqual([3, 0]);
  });
});

describe.concurrent('an outage of HubSpot longer than the retry time', () => {
  it('hands back what was read, then is raised, and is over without a loss', async () => {
    await using hubspot = await startHubSpot({ records: { contacts: 3_000 } }, { maxRetryMs: 600 });
    const plan = await planFor(hubspot.source, 'contacts', { properties: fewProperties });
    const start = await hubspot.source.planBackfill('contacts', { kind: 'whole' }, new AbortController().signal);
    let pages = 0;
    const first = await extractChunk(hubspot.source, {
      plan,
      frontier: start.frontier,
      onWrite: async () => {
        pages += 1;
        if (pages === 5) hubspot.simulator.faults.add({ kind: 'badGateway' });
      },
    });
    expect(first.records).toBe(first.rows.length);
    expect(first.records).toBeGreaterThanOrEqual(500 - 100);
    expect(first.records).toBeLessThan(3_000);
    expect(first.wait).toBeNull();

    const outage = extractChunk(hubspot.source, { plan, frontier: first.frontier });
    await expect(outage).rejects.toMatchObject({
      kind: 'Unavailable',
      message: expect.stringMatching(/contacts: HubSpot answered 502, \d times/) as string,
    });
    hubspot.simulator.faults.clear();
    const { rows } = await extractAll(hubspot.source, { plan, frontier: first.frontier });
    const truth = truthOf(hubspot.simulator, plan);
    expect(problemsOf([...first.rows, ...rows], { plan, truth })).toEqual([]);
  });

  it('names what the network said where nothing answers', async () => {
    // The first request may go by a connection that was open, and be told of its end alone.
    await using hubspot = await startHubSpot({ records: { contacts: 100 } }, { maxRetryMs: 2_000 });
    const plan = await planFor(hubspot.source, 'contacts', { properties: fewProperties });
    await hubspot.simulator.close();
    const frontier = { kind: 'idRanges', ranges: [{ from: '0', to: null }] } as const;
    await expect(extractChunk(hubspot.source, { plan, frontier })).rejects.toMatchObject({
      kind: 'Unavailable',
      message: expect.stringContaining('nothing listens at that address (ECONNREFUSED)') as string,
    });
  });

  it('stops no plan: the count is then unknown', async () => {
    await using hubspot = await startHubSpot({ records: { contacts: 100 } }, { maxRetryMs: 300 });
    hubspot.simulator.faults.add({ kind: 'serverError', match: { route: 'search' } });
    const start = await hubspot.source.planBackfill('contacts', { kind: 'whole' }, new AbortController().signal);
    expect(start.estimatedRecords).toBeNull();
    const plan = await planFor(hubspot.source, 'contacts', { properties: fewProperties });
    const { rows } = await extractAll(hubspot.source, { plan, frontier: start.frontier });
    expect(rows).toHaveLength(100);
  });
});

describe.concurrent('the account is away (477)', () => {
  it('for a moment: the request waits', async () => {
    const startedMs = performance.now();
    const { struck } = await readThrough([{ kind: 'migrating', count: 1, retryAfterSeconds: 1 }]);
    expect(struck).toBe(1);
    expect(performance.now() - startedMs).toBeGreaterThan(950);
  });

  it('for long: the wait is handed to the workflow with what was read', async () => {
    await using hubspot = await startHubSpot({ records: { contacts: 2_000 } });
    const plan = await planFor(hubspot.source, 'contacts', { properties: fewProperties });
    const start = await hubspot.source.planBackfill('contacts', { kind: 'whole' }, new AbortController().signal);
    let pages = 0;
    const first = await extractChunk(hubspot.source, {
      plan,
      frontier: start.frontier,
      onWrite: async () => {
        pages += 1;
        if (pages === 4) hubspot.simulator.faults.add({ kind: 'migrating', retryAfterSeconds: 3_600 });
      },
    });
    expect(first.records).toBe(first.rows.length);
    expect(first.records).toBeGreaterThanOrEqual(300);
    expect(first.wait?.reason).toContain('477');
    const untilMs = Date.parse(first.wait!.until!) - Date.now();
    expect(Math.abs(untilMs - 3_600_000)).toBeLessThan(30_000);

    const requestsBefore = hubspot.simulator.stats.snapshot()['all']!.requests;
    const again = await extractChunk(hubspot.source, { plan, frontier: first.frontier });
    expect(again).toMatchObject({ records: 0, frontier: first.frontier });
    expect(again.wait).not.toBeNull();
    expect(hubspot.simulator.stats.snapshot()['all']!.requests - requestsBefore).toBeLessThanOrEqual(16);

    hubspot.simulator.faults.clear();
    const { rows } = await extractAll(hubspot.source, { plan, frontier: first.frontier });
    const truth = truthOf(hubspot.simulator, plan);
    expect(problemsOf([...first.rows, ...rows], { plan, truth })).toEqual([]);
  });
});
