import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isFrontierEmpty, type SourceFrontier } from '../../model/frontier.ts';
import type { TimeWindow } from '../../model/positions.ts';
import type { StagedRow } from '../../model/source.ts';
import type { FaultRule } from '../../simulators/hubspot/faults.ts';
import type { RunningSimulator } from '../../simulators/hubspot/start.ts';
import { changesIn, instantBetween } from '../support/changes.ts';
import { extractAll, extractChunk } from '../support/extract-all.ts';
import { startGateway } from '../support/gateway.ts';
import { fewProperties, planFor, startHubSpot, type HubSpotUnderTest } from '../support/hubspot-under-test.ts';
import { problemsOf, repeatedIds, truthOf } from '../support/staged-against-truth.ts';

/** An instant after everything there is at the start, and one after everything that a test does. */
const begin = '2026-02-01T00:00:00.000Z';
const end = '2100-01-01T00:00:00.000Z';
const everything = changesIn([{ from: begin, to: end }]);

const contactsPlan = ({ source }: HubSpotUnderTest) => planFor(source, 'contacts', { properties: fewProperties });

const requestsOf = ({ stats }: RunningSimulator): { searches: number; batchReads: number; all: number } => {
  const { all, 'search contacts': search, 'batchRead contacts': batch } = stats.snapshot();
  return { searches: search?.requests ?? 0, batchReads: batch?.requests ?? 0, all: all?.requests ?? 0 };
};

/** Of the truth, what was changed: all that the windows have to bring. */
async function changedTruth(
  { simulator }: HubSpotUnderTest,
  ids: readonly string[],
  plan: Parameters<typeof truthOf>[1],
) {
  const truth = truthOf(simulator, plan);
  return new Map(ids.map((id) => [id, truth.get(id)!]));
}

describe.concurrent('changes of HubSpot', () => {
  it('are found by three searches and six batch reads, where 550 of 200,000 changed', async () => {
    await using hubspot = await startHubSpot({ records: { contacts: 200_000 } });
    const { portal, stats } = hubspot.simulator;
    const plan = await contactsPlan(hubspot);
    const changed = portal.change('contacts', { count: 500 });
    const created = portal.create('contacts', { count: 50 });
    stats.reset();
    const { rows, chunks } = await extractAll(hubspot.source, {
      plan,
      frontier: everything,
      maxHits: 100_000,
    });
    expect(requestsOf(hubspot.simulator)).toEqual({ searches: 3, batchReads: 6, all: 9 });
    expect(chunks).toHaveLength(1);
    const truth = await changedTruth(hubspot, [...changed, ...created], plan);
    expect(problemsOf(rows, { plan, truth })).toEqual([]);
  });

  it('that are none cost one request a window, and move the frontier to its end', async () => {
    await using hubspot = await startHubSpot();
    const plan = await contactsPlan(hubspot);
    hubspot.simulator.stats.reset();
    const frontier = changesIn([
      { from: begin, to: '2026-02-02T00:00:00.000Z' },
      { from: '2026-02-03T00:00:00.000Z', to: end },
    ]);
    for (const maxHits of [null, 10]) {
      const chunk = await extractChunk(hubspot.source, { plan, frontier, maxHits });
      expect(chunk).toMatchObject({ records: 0, knownRecords: 0, tooManyHits: null, wait: null });
      expect(isFrontierEmpty(chunk.frontier)).toBe(true);
    }
    expect(requestsOf(hubspot.simulator)).toEqual({ searches: 4, batchReads: 0, all: 4 });
  });

  it('are all found where there are more than 10,000, over several chunks and windows', async () => {
    await using hubspot = await startHubSpot({ records: { contacts: 30_000 } });
    const plan = await contactsPlan(hubspot);
    const { portal } = hubspot.simulator;
    const first = portal.change('contacts', { count: 10_400, seed: 1 });
    const between = await instantBetween(hubspot.simulator);
    const second = portal.change('contacts', { count: 1_500, seed: 2 });
    const frontier = changesIn([
      { from: begin, to: between },
      { from: between, to: end },
    ]);
    const { rows, chunks } = await extractAll(hubspot.source, { plan, frontier, chunkRecords: 4_000 });
    expect(chunks.length).toBeGreaterThanOrEqual(3);
    for (const { records } of chunks) expect(records).toBeLessThan(4_000 + 200);
    const truth = await changedTruth(hubspot, [...new Set([...first, ...second])], plan);
    expect(problemsOf(rows, { plan, truth })).toEqual([]);
  });

  it('of 12,000 records in one millisecond are found by as many searches as they fill', async () => {
    await using hubspot = await startHubSpot({ records: { contacts: 14_000 } });
    const plan = await contactsPlan(hubspot);
    const changed = hubspot.simulator.portal.change('contacts', { count: 12_000 });
    const truth = await changedTruth(hubspot, changed, plan);
    const instants = new Set([...truth.values()].map((record) => record['_version']));
    expect(instants.size).toBe(1);
    const [instant] = [...instants] as [string];
    hubspot.simulator.stats.reset();
    const { rows } = await extractAll(hubspot.source, { plan, frontier: changesIn([{ from: instant, to: instant }]) });
    expect(problemsOf(rows, { plan, truth })).toEqual([]);
    expect(requestsOf(hubspot.simulator)).toMatchObject({ searches: 60, batchReads: 120 });
  });

  it('too many to be worth a search are counted and not read', async () => {
    await using hubspot = await startHubSpot({ records: { contacts: 3_000 } });
    const plan = await contactsPlan(hubspot);
    hubspot.simulator.portal.change('contacts', { count: 900, seed: 1 });
    const between = await instantBetween(hubspot.simulator);
    hubspot.simulator.portal.change('contacts', { count: 900, seed: 2 });
    const frontier = changesIn([
      { from: begin, to: between },
      { from: between, to: end },
    ]);
    hubspot.simulator.stats.reset();
    const refused = await extractChunk(hubspot.source, { plan, frontier, maxHits: 1_000 });
    expect(refused.tooManyHits).toBeGreaterThan(1_000);
    expect(refused).toMatchObject({ frontier, records: 0, rows: [], tombstones: [] });
    expect(requestsOf(hubspot.simulator)).toEqual({ searches: 2, batchReads: 0, all: 2 });
    const allowed = await extractChunk(hubspot.source, { plan, frontier, maxHits: refused.tooManyHits });
    expect(allowed.tooManyHits).toBeNull();
    expect(isFrontierEmpty(allowed.frontier)).toBe(true);
  });

  it('that are known are passed over, by id and version', async () => {
    await using hubspot = await startHubSpot({ records: { contacts: 2_000 } });
    const plan = await contactsPlan(hubspot);
    const { portal } = hubspot.simulator;
    portal.change('contacts', { count: 1_000, seed: 1 });
    const frontier = everything;
    const first = await extractAll(hubspot.source, { plan, frontier });
    const known = new Map(first.rows.map((row) => [row[0], row.at(-2)]));
    const isKnown = (id: string, version: string): boolean => known.get(id) === version;
    const again = portal.change('contacts', { ids: first.rows.slice(0, 30).map(([id]) => id!) });
    const fresh = portal.create('contacts', { count: 5 });
    hubspot.simulator.stats.reset();
    const second = await extractChunk(hubspot.source, { plan, frontier, isKnown });
    expect(second).toMatchObject({ records: 35, knownRecords: 970 });
    expect(second.rows.map(([id]) => id).toSorted()).toEqual([...again, ...fresh].toSorted());
    expect(requestsOf(hubspot.simulator)).toMatchObject({ searches: 6, batchReads: 1 });
    const idle = await extractChunk(hubspot.source, { plan, frontier, isKnown: () => true });
    expect(idle).toMatchObject({ records: 0, knownRecords: 1_005 });
    expect(isFrontierEmpty(idle.frontier)).toBe(true);
  });

  it('are staged as batch read has them, where the index is stale, in disorder and off its window', async () => {
    const minuteMs = 60_000;
    let nowMs = Date.parse(begin);
    await using hubspot = await startHubSpot({
      now: () => nowMs,
      records: { contacts: 3_000 },
      search: { isDisordered: true, windowSlackMs: 10, lagMs: 5 * minuteMs },
    });
    const plan = await contactsPlan(hubspot);
    const { portal } = hubspot.simulator;
    const outside = portal.change('contacts', { count: 50, seed: 2 });
    nowMs += 5;
    const from = new Date(nowMs).toISOString();
    const changed = portal.change('contacts', { count: 1_500, values: { company: 'before' } });
    const to = new Date(nowMs).toISOString();
    nowMs += 8 * minuteMs;
    const ids = changed.filter((_, i) => i % 3 === 0);
    portal.change('contacts', { ids, values: { company: 'after' } });
    const { rows } = await extractAll(hubspot.source, { plan, frontier: changesIn([{ from, to }]), chunkRecords: 900 });
    const truth = await changedTruth(hubspot, [...new Set([...outside, ...changed])], plan);
    expect(problemsOf(rows, { plan, truth })).toEqual([]);
    expect(rows.filter((row) => row[1] === 'after')).toHaveLength(ids.length);
  });

  it('that the index does not show yet are found once it does', async () => {
    await using hubspot = await startHubSpot({
      records: { contacts: 2_000 },
      search: { slowShare: 0.4, slowLagMs: 3_600_000 },
    });
    const plan = await contactsPlan(hubspot);
    const changed = hubspot.simulator.portal.change('contacts', { count: 1_000 });
    const early = await extractAll(hubspot.source, { plan, frontier: everything });
    expect(early.rows.length).toBeGreaterThan(400);
    expect(early.rows.length).toBeLessThan(800);
    hubspot.simulator.configure({ search: { slowShare: 0 } });
    const late = await extractAll(hubspot.source, { plan, frontier: everything });
    expect(problemsOf(late.rows, { plan, truth: await changedTruth(hubspot, changed, plan) })).toEqual([]);
  });

  it('by another property find records by when they were created', async () => {
    await using hubspot = await startHubSpot({ records: { contacts: 500 } });
    const plan = await contactsPlan(hubspot);
    hubspot.simulator.portal.change('contacts', { count: 300 });
    const created = hubspot.simulator.portal.create('contacts', { count: 450 });
    const frontier = changesIn([{ from: begin, to: end }], { property: 'createdate' });
    const { rows } = await extractAll(hubspot.source, { plan, frontier });
    expect(problemsOf(rows, { plan, truth: await changedTruth(hubspot, created, plan) })).toEqual([]);
  });

  it('are read past records that are archived, merged or erased between search and batch read', async () => {
    await using hubspot = await startHubSpot({ records: { contacts: 3_000 } });
    const plan = await contactsPlan(hubspot);
    const { portal } = hubspot.simulator;
    const changed = portal.change('contacts', { count: 1_000 });
    const gone: string[] = [];
    await using gateway = await startGateway(hubspot.simulator.url, ({ path }) => {
      if (path.includes('/batch/read') && gone.length === 0) {
        const [a, b, c, d, e, f] = changed.filter((_, i) => i % 170 === 0) as [
          string,
          string,
          string,
          string,
          string,
          string,
        ];
        gone.push(a, b, c, d, e, f);
        portal.archive('contacts', { ids: [a, b] });
        portal.gdprDelete('contacts', { ids: [c, d] });
        portal.merge('contacts', e, f);
      }
      return null;
    });
    const source = hubspot.openSource({ config: { baseUrl: gateway.url } });
    const { rows, chunks } = await extractAll(source, { plan, frontier: everything });
    expect(chunks).toHaveLength(1);
    const staged = new Set(rows.map(([id]) => id));
    expect(changed.filter((id) => !staged.has(id) && !gone.includes(id))).toEqual([]);
    expect(staged.isDisjointFrom(new Set(gone.slice(0, 4)))).toBe(true);
  });
});

describe.concurrent('records that change while the windows are paged', () => {
  it('are lost by none of the windows they belong to', async () => {
    await using hubspot = await startHubSpot({ records: { contacts: 9_000 }, latencyMs: 10, jitterMs: 10 });
    const plan = await contactsPlan(hubspot);
    const { portal } = hubspot.simulator;
    const changed = portal.change('contacts', { count: 6_000, seed: 1 });
    const to = await instantBetween(hubspot.simulator);
    let round = 1;
    const meanwhile = new Set<string>();
    const timer = setInterval(() => {
      round += 1;
      for (const id of portal.change('contacts', { count: 150, seed: round })) meanwhile.add(id);
    }, 10);
    const first = await extractAll(hubspot.source, {
      plan,
      frontier: changesIn([{ from: begin, to }]),
      chunkRecords: 2_500,
    });
    clearInterval(timer);
    expect(meanwhile.size).toBeGreaterThan(500);
    const staged = new Set(first.rows.map(([id]) => id));
    expect(changed.filter((id) => !staged.has(id) && !meanwhile.has(id))).toEqual([]);

    const second = await extractAll(hubspot.source, { plan, frontier: changesIn([{ from: to, to: end }]) });
    const newest = new Map([...first.rows, ...second.rows].map((row) => [row[0], row]));
    const truth = await changedTruth(hubspot, [...new Set([...changed, ...meanwhile])], plan);
    expect(problemsOf([...newest.values()], { plan, truth })).toEqual([]);
  });
});

describe.concurrent('a search that answers wrongly', () => {
  const answer = (body: object) => ({ status: 200, contentType: 'application/json', body: JSON.stringify(body) });

  it.each([
    ['an empty page that says more follow', { total: 5, results: [], paging: { next: { after: '200' } } }],
    ['hits outside of its filter', { total: 1, results: [{ id: '7' }] }],
    ['no shape', { hits: [] }],
  ])('with %s is not believed', async (_, body) => {
    await using hubspot = await startHubSpot({ records: { contacts: 10 } });
    const plan = await contactsPlan(hubspot);
    await using gateway = await startGateway(hubspot.simulator.url, ({ path }) =>
      path.endsWith('/search') ? answer(body) : null,
    );
    const source = hubspot.openSource({ config: { baseUrl: gateway.url } });
    const frontier = changesIn([{ from: begin, to: end }], { ranges: [{ from: '100', to: null }] });
    await expect(extractChunk(source, { plan, frontier })).rejects.toMatchObject({ kind: 'Unavailable' });
  });

  it('with fewer hits than it counts is asked once more', async () => {
    await using hubspot = await startHubSpot({ records: { contacts: 100 } });
    const plan = await contactsPlan(hubspot);
    const changed = hubspot.simulator.portal.change('contacts', { count: 60 });
    let searches = 0;
    await using gateway = await startGateway(hubspot.simulator.url, ({ path }) => {
      if (path.endsWith('/search')) searches += 1;
      return path.endsWith('/search') && searches === 1 ? answer({ total: 60, results: [] }) : null;
    });
    const source = hubspot.openSource({ config: { baseUrl: gateway.url } });
    const { rows } = await extractAll(source, { plan, frontier: everything });
    expect(rows).toHaveLength(changed.length);
    expect(searches).toBe(2);
  });

  it('with a refusal fails with it', async () => {
    await using hubspot = await startHubSpot({ records: { contacts: 10 } });
    const plan = await contactsPlan(hubspot);
    const refusal = { status: 400, contentType: 'application/json', body: '{"category":"VALIDATION_ERROR"}' };
    await using gateway = await startGateway(hubspot.simulator.url, ({ path }) =>
      path.endsWith('/search') ? refusal : null,
    );
    const source = hubspot.openSource({ config: { baseUrl: gateway.url } });
    await expect(extractChunk(source, { plan, frontier: everything })).rejects.toMatchObject({
      kind: 'ConfigInvalid',
      message: expect.stringContaining('400 VALIDATION_ERROR') as string,
    });
    expect(gateway.arrivals.filter(({ path }) => path.endsWith('/search'))).toHaveLength(1);
  });
});

describe('a search that is stopped', () => {
  it('sends nothing more, hands back what is staged, and goes on from there', async () => {
    await using hubspot = await startHubSpot({ records: { contacts: 6_000 }, latencyMs: 20, jitterMs: 20 });
    const plan = await contactsPlan(hubspot);
    const changed = hubspot.simulator.portal.change('contacts', { count: 5_000 });
    const stop = new AbortController();
    setTimeout(() => stop.abort(new Error('paused')), 250);
    const first = await extractChunk(hubspot.source, {
      plan,
      frontier: everything,
      signal: stop.signal,
    });
    expect(first.records).toBe(first.rows.length);
    expect(first.records).toBeGreaterThan(0);
    expect(first.records).toBeLessThan(5_000);
    const { all } = requestsOf(hubspot.simulator);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(requestsOf(hubspot.simulator).all).toBe(all);
    const rest = await extractAll(hubspot.source, { plan, frontier: first.frontier });
    const staged = new Map([...first.rows, ...rest.rows].map((row) => [row[0], row]));
    const truth = await changedTruth(hubspot, changed, plan);
    expect(problemsOf([...staged.values()], { plan, truth })).toEqual([]);
  });

  it('for the account’s limit waits, and hands the wait of a spent day to the workflow', async () => {
    await using hubspot = await startHubSpot({ records: { contacts: 3_000 } });
    const plan = await contactsPlan(hubspot);
    const changed = hubspot.simulator.portal.change('contacts', { count: 2_500 });
    let pages = 0;
    const first = await extractChunk(hubspot.source, {
      plan,
      frontier: everything,
      onWrite: () => {
        pages += 1;
        if (pages === 4) hubspot.simulator.configure({ limits: { daily: 1, dailyUsage: 1 } });
      },
    });
    expect(first.wait).toMatchObject({ reason: 'HubSpot daily limit' });
    expect(first.records).toBeGreaterThanOrEqual(400);
    hubspot.simulator.configure({ limits: { daily: null } });
    const rest = await extractAll(hubspot.source, { plan, frontier: first.frontier });
    const staged = new Map([...first.rows, ...rest.rows].map((row) => [row[0], row]));
    const truth = await changedTruth(hubspot, changed, plan);
    expect(problemsOf([...staged.values()], { plan, truth })).toEqual([]);
  });

  it('by a stage that fails is raised: no frontier leads past its rows', async () => {
    await using hubspot = await startHubSpot({ records: { contacts: 2_000 } });
    const plan = await contactsPlan(hubspot);
    hubspot.simulator.portal.change('contacts', { count: 1_500 });
    let pages = 0;
    const failing = extractChunk(hubspot.source, {
      plan,
      frontier: everything,
      onWrite: () => {
        pages += 1;
        if (pages === 5) throw new Error('disk full');
      },
    });
    await expect(failing).rejects.toThrow('disk full');
  });

  it('at any page, and resumed, is the same as uninterrupted', async () => {
    const fault = fc.record({
      kind: fc.constantFrom<FaultRule['kind']>('badGateway', 'truncatedJson', 'reset', 'emptyBody'),
      probability: fc.constantFrom(0.02, 0.1),
      seed: fc.nat(1_000),
    });
    const attempts = fc.record({
      spread: fc.constantFrom('even' as const, 'clustered' as const),
      seed: fc.integer({ min: 1, max: 1_000 }),
      changes: fc.array(fc.integer({ min: 0, max: 900 }), { minLength: 1, maxLength: 3 }),
      chunkRecords: fc.integer({ min: 1, max: 700 }),
      maxHits: fc.constantFrom(null, 1_000_000),
      stopAfterPages: fc.array(fc.integer({ min: 1, max: 8 }), { maxLength: 6 }),
      isDisordered: fc.boolean(),
      faults: fc.array(fault, { maxLength: 2 }),
    });
    await fc.assert(
      fc.asyncProperty(
        attempts,
        async ({ changes, chunkRecords, maxHits, stopAfterPages, faults, isDisordered, ...portal }) => {
          await using hubspot = await startHubSpot({
            ...portal,
            records: { contacts: 1_200 },
            search: { isDisordered },
            jitterMs: 2,
          });
          const plan = await contactsPlan(hubspot);
          const changed = new Set<string>();
          const windows: TimeWindow[] = [];
          let from = begin;
          for (const [n, count] of changes.entries()) {
            for (const id of hubspot.simulator.portal.change('contacts', { count, seed: n + 1 })) changed.add(id);
            const to = await instantBetween(hubspot.simulator);
            windows.push({ from, to });
            from = to;
          }
          for (const rule of faults) hubspot.simulator.faults.add(rule);
          let frontier: SourceFrontier = changesIn(windows);
          const rows: StagedRow[] = [];
          for (const stopAfter of stopAfterPages) {
            const stop = new AbortController();
            let pages = 0;
            const chunk = await extractChunk(hubspot.source, {
              plan,
              frontier,
              chunkRecords,
              maxHits,
              signal: stop.signal,
              onWrite: () => {
                pages += 1;
                if (pages === stopAfter) stop.abort();
              },
            });
            expect(chunk.records).toBe(chunk.rows.length);
            rows.push(...chunk.rows);
            frontier = chunk.frontier;
            if (isFrontierEmpty(frontier)) break;
          }
          const rest = await extractAll(hubspot.source, { plan, frontier, chunkRecords });
          for (const chunk of rest.chunks) if (windows.length === 1) expect(repeatedIds(chunk.rows)).toEqual([]);
          const staged = new Map([...rows, ...rest.rows].map((row) => [row[0], row]));
          const truth = await changedTruth(hubspot, [...changed], plan);
          expect(problemsOf([...staged.values()], { plan, truth })).toEqual([]);
        },
      ),
      { numRuns: 15 },
    );
  });
});

describe.concurrent('the search limit of HubSpot', () => {
  it.for([150, 350])(
    'is used up and never passed where an answer takes %i ms',
    async (latencyMs, { expect: local }) => {
      const limits = { search: 5, burst: 190 };
      await using hubspot = await startHubSpot({ records: { contacts: 12_000 }, latencyMs, jitterMs: 20, limits });
      const plan = await contactsPlan(hubspot);
      hubspot.simulator.portal.change('contacts', { count: 10_000 });
      hubspot.simulator.stats.reset();
      const startedMs = performance.now();
      const { rows } = await extractAll(hubspot.source, { plan, frontier: everything, maxHits: 1e6 });
      const seconds = (performance.now() - startedMs) / 1_000;
      local(rows).toHaveLength(10_000);
      const { searches, batchReads } = requestsOf(hubspot.simulator);
      local(batchReads).toBe(100);
      // Where cursors ran uneven, a range is shared near its end, and two pages are not full.
      local([50, 51, 52]).toContain(searches);
      local(hubspot.simulator.stats.snapshot()['all']!.rateLimited).toBe(0);
      /* 50 searches at 5 a second. */
      local(seconds).toBeLessThan(10 * 1.2);
    },
  );

  it('that another app spends as well refuses a few, and none of the records is lost', async () => {
    await using hubspot = await startHubSpot({ records: { contacts: 3_000 }, latencyMs: 60, limits: { search: 3 } });
    const plan = await contactsPlan(hubspot);
    const changed = hubspot.simulator.portal.change('contacts', { count: 2_400 });
    const { rows, chunks } = await extractAll(hubspot.source, { plan, frontier: everything });
    expect(problemsOf(rows, { plan, truth: await changedTruth(hubspot, changed, plan) })).toEqual([]);
    expect(chunks[0]!.requests.rateLimited).toBeGreaterThan(0);
    expect(chunks[0]!.requests.rateLimited).toBeLessThanOrEqual(12);
  });
});
