import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isFrontierEmpty } from '../../model/frontier.ts';
import type { StagedRow } from '../../model/source.ts';
import type { FaultRule } from '../../simulators/hubspot/faults.ts';
import { extractAll, extractChunk } from '../support/extract-all.ts';
import { startGateway } from '../support/gateway.ts';
import { fewProperties, planFor, startHubSpot } from '../support/hubspot-under-test.ts';
import { problemsOf, truthOf } from '../support/staged-against-truth.ts';

const never = new AbortController().signal;

describe('an extract that is stopped', () => {
  it('sends nothing more, hands back what is staged, and goes on from there', async () => {
    await using hubspot = await startHubSpot({ records: { contacts: 5_000 }, latencyMs: 20, jitterMs: 20 });
    await using gateway = await startGateway(hubspot.simulator.url);
    const source = hubspot.openSource({ config: { baseUrl: gateway.url } });
    const plan = await planFor(source, 'contacts', { properties: fewProperties });
    const { frontier } = await source.planBackfill('contacts', { kind: 'whole' }, never);
    const stop = new AbortController();
    let stoppedAtMs = Infinity;
    // In the middle, by requests and not by time: the parallel start takes about a dozen, of fifty pages.
    const asked = gateway.arrivals.length;
    const looking = setInterval(() => {
      if (gateway.arrivals.length < asked + 20) return;
      clearInterval(looking);
      stoppedAtMs = performance.now();
      stop.abort(new Error('paused'));
    }, 1);
    const first = await extractChunk(source, { plan, frontier, signal: stop.signal });
    expect(performance.now() - stoppedAtMs).toBeLessThan(2_000);
    expect(first.records).toBe(first.rows.length);
    expect(first.records).toBeGreaterThan(0);
    expect(first.records).toBeLessThan(5_000);
    const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 500));
    await settle();
    const arrived = gateway.arrivals.length;
    await settle();
    expect(gateway.arrivals.length).toBe(arrived);

    const { rows } = await extractAll(source, { plan, frontier: first.frontier });
    const truth = truthOf(hubspot.simulator, plan);
    expect(problemsOf([...first.rows, ...rows], { plan, truth })).toEqual([]);
  });

  it('before it begins reads nothing', async () => {
    await using hubspot = await startHubSpot({ records: { contacts: 200 } });
    const plan = await planFor(hubspot.source, 'contacts', { properties: fewProperties });
    const { frontier } = await hubspot.source.planBackfill('contacts', { kind: 'whole' }, never);
    const chunk = await extractChunk(hubspot.source, { plan, frontier, signal: AbortSignal.abort() });
    expect(chunk).toMatchObject({ records: 0, frontier, wait: null });
    expect(hubspot.simulator.stats.snapshot()).not.toHaveProperty(['list contacts']);
  });

  it('while it waits for the account’s limit, in a retry or for a slow stage ends at once', async () => {
    await using hubspot = await startHubSpot({ records: { contacts: 3_000 } }, { config: { requestsPer10s: 12 } });
    const plan = await planFor(hubspot.source, 'contacts', { properties: fewProperties });
    const { frontier } = await hubspot.source.planBackfill('contacts', { kind: 'whole' }, never);
    const stopped = async (write: () => Promise<void>): Promise<number> => {
      const stop = new AbortController();
      setTimeout(() => stop.abort(), 250);
      const startedMs = performance.now();
      const chunk = await extractChunk(hubspot.source, { plan, frontier, signal: stop.signal, onWrite: write });
      expect(chunk.records).toBe(chunk.rows.length);
      return performance.now() - startedMs;
    };
    expect(await stopped(async () => {})).toBeLessThan(3_000);
    hubspot.simulator.faults.add({ kind: 'badGateway' });
    expect(await stopped(async () => {})).toBeLessThan(3_000);
  });

  it('keeps the page that is being staged when it is stopped', async () => {
    await using hubspot = await startHubSpot({ records: { contacts: 2_000 } });
    const plan = await planFor(hubspot.source, 'contacts', { properties: fewProperties });
    const { frontier } = await hubspot.source.planBackfill('contacts', { kind: 'whole' }, never);
    const stop = new AbortController();
    const first = await extractChunk(hubspot.source, {
      plan,
      frontier,
      signal: stop.signal,
      onWrite: async () => {
        stop.abort();
        await new Promise((resolve) => setTimeout(resolve, 50));
      },
    });
    expect(first.records).toBeGreaterThanOrEqual(100);
    const { rows } = await extractAll(hubspot.source, { plan, frontier: first.frontier });
    const truth = truthOf(hubspot.simulator, plan);
    expect(problemsOf([...first.rows, ...rows], { plan, truth })).toEqual([]);
  });
});

describe('a stage that fails', () => {
  it.each(['idRanges', 'pages', 'ids'] as const)(
    'fails the extract of %s: no frontier leads past its rows',
    async (kind) => {
      await using hubspot = await startHubSpot({ records: { contacts: 2_000 } });
      const plan = await planFor(hubspot.source, 'contacts', { properties: fewProperties });
      const scope = {
        idRanges: { kind: 'whole' },
        pages: { kind: 'limit', limit: 1_500 },
        ids: { kind: 'ids', ids: [...truthOf(hubspot.simulator, plan).keys()] },
      } as const;
      const { frontier } = await hubspot.source.planBackfill('contacts', scope[kind], never);
      expect(frontier.kind).toBe(kind);
      let pages = 0;
      const stop = new AbortController();
      const failing = extractChunk(hubspot.source, {
        plan,
        frontier,
        signal: stop.signal,
        onWrite: async () => {
          pages += 1;
          if (pages < 5) return;
          stop.abort();
          throw new Error('disk full');
        },
      });
      await expect(failing).rejects.toThrow();
    },
  );
});

describe('interrupted and resumed', () => {
  const fault = fc.record({
    kind: fc.constantFrom<FaultRule['kind']>('badGateway', 'truncatedJson', 'truncatedGzip', 'reset', 'emptyBody'),
    probability: fc.constantFrom(0.02, 0.1),
    seed: fc.nat(1_000),
  });

  it('is the same as uninterrupted, whatever is stopped, dropped or cut short', async () => {
    const attempts = fc.record({
      spread: fc.constantFrom('even' as const, 'clustered' as const),
      seed: fc.integer({ min: 1, max: 1_000 }),
      contacts: fc.integer({ min: 0, max: 1_200 }),
      chunkRecords: fc.integer({ min: 1, max: 900 }),
      stopAfterPages: fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 6 }),
      faults: fc.array(fault, { maxLength: 2 }),
    });
    await fc.assert(
      fc.asyncProperty(attempts, async ({ spread, seed, contacts, chunkRecords, stopAfterPages, faults }) => {
        await using hubspot = await startHubSpot({ records: { contacts }, spread, seed, jitterMs: 2 });
        const plan = await planFor(hubspot.source, 'contacts', { properties: fewProperties });
        let { frontier } = await hubspot.source.planBackfill('contacts', { kind: 'whole' }, never);
        for (const rule of faults) hubspot.simulator.faults.add(rule);
        const rows: StagedRow[] = [];
        for (const stopAfter of stopAfterPages) {
          const stop = new AbortController();
          let pages = 0;
          const write = async (): Promise<void> => {
            pages += 1;
            if (pages === stopAfter) stop.abort();
          };
          const chunk = await extractChunk(hubspot.source, {
            plan,
            frontier,
            chunkRecords,
            signal: stop.signal,
            onWrite: write,
          });
          rows.push(...chunk.rows);
          frontier = chunk.frontier;
          if (isFrontierEmpty(frontier)) break;
        }
        const rest = await extractAll(hubspot.source, { plan, frontier });
        const truth = truthOf(hubspot.simulator, plan);
        expect(problemsOf([...rows, ...rest.rows], { plan, truth })).toEqual([]);
      }),
      { numRuns: 12 },
    );
  });
});
