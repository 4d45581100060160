import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isFrontierEmpty, type SourceFrontier } from '../../model/frontier.ts';
import { allIds } from '../../model/id-range-pool.ts';
import type { StagedTombstone } from '../../model/tombstone.ts';
import { extractAll, extractChunk } from '../support/extract-all.ts';
import { fewProperties, planFor, startHubSpot, type HubSpotUnderTest } from '../support/hubspot-under-test.ts';
import { truthOf } from '../support/staged-against-truth.ts';

const bin: SourceFrontier = { kind: 'archivedRanges', ranges: [allIds] };
const binByOne: SourceFrontier = { kind: 'archivedPages', after: null, done: false };

const contactsPlan = ({ source }: HubSpotUnderTest) => planFor(source, 'contacts', { properties: fewProperties });

const idsOf = (tombstones: readonly StagedTombstone[]): string[] => tombstones.map(([id]) => id).toSorted();

describe.concurrent('the bin of HubSpot', () => {
  it.each([bin, binByOne])(
    'is staged as tombstones with the instant of archiving, and no records ($kind)',
    async (frontier) => {
      await using hubspot = await startHubSpot({ records: { contacts: 3_000 } });
      const plan = await contactsPlan(hubspot);
      const startedAt = new Date().toISOString();
      const archived = hubspot.simulator.portal.archive('contacts', { count: 900 });
      const { rows, tombstones, chunks } = await extractAll(hubspot.source, { plan, frontier, chunkRecords: 300 });
      expect(rows).toEqual([]);
      expect(idsOf(tombstones)).toEqual(archived.toSorted());
      for (const [id, kind, deletedAt, mergedInto, observedAt] of tombstones) {
        const { archivedAt } = hubspot.simulator.portal.history('contacts', id)!.at(-1)!;
        expect([kind, deletedAt, mergedInto]).toEqual(['archived', archivedAt, null]);
        expect(observedAt >= startedAt).toBe(true);
      }
      expect(chunks.length).toBeGreaterThanOrEqual(3);
      for (const chunk of chunks) expect(chunk.records).toBe(chunk.tombstones.length);
    },
  );

  it('that is empty takes two requests, so that an answer gone wrong does not pass for it', async () => {
    await using hubspot = await startHubSpot({ records: { contacts: 1_000 } });
    const plan = await contactsPlan(hubspot);
    hubspot.simulator.stats.reset();
    const chunk = await extractChunk(hubspot.source, { plan, frontier: bin });
    expect(chunk).toMatchObject({ records: 0, frontier: { kind: 'archivedRanges', ranges: [] } });
    expect(hubspot.simulator.stats.snapshot()['all']!.requests).toBe(2);
  });

  it('tells of records merged into those it holds', async () => {
    await using hubspot = await startHubSpot({ records: { contacts: 100 } });
    const plan = await contactsPlan(hubspot);
    const { portal } = hubspot.simulator;
    const [first, second] = [...truthOf(hubspot.simulator, plan).keys()] as [string, string];
    const survivor = portal.merge('contacts', first, second);
    portal.archive('contacts', { ids: [survivor] });
    const { tombstones } = await extractAll(hubspot.source, { plan, frontier: bin });
    const told = tombstones.map(([id, kind, , mergedInto]) => [id, kind, mergedInto]);
    expect(new Set(told.map(String))).toEqual(
      new Set([`${survivor},archived,`, `${first},merged,${survivor}`, `${second},merged,${survivor}`]),
    );
  });

  it.each(['opaque', 'offset', 'unordered'] as const)(
    'is read by one cursor where its contract is %s',
    async (contract) => {
      await using hubspot = await startHubSpot({ records: { contacts: 2_000 }, list: { contract } });
      const plan = await contactsPlan(hubspot);
      const archived = hubspot.simulator.portal.archive('contacts', { count: 700 });
      const { tombstones, chunks } = await extractAll(hubspot.source, { plan, frontier: bin });
      expect(chunks[0]!.frontier).toMatchObject({ kind: 'archivedPages' });
      expect(hubspot.warnings).toHaveLength(1);
      const readByOne = chunks.slice(1).flatMap((chunk) => chunk.tombstones);
      expect(idsOf(readByOne)).toEqual(archived.toSorted());
      expect(tombstones.length).toBeGreaterThanOrEqual(readByOne.length);
    },
  );

  it('from which records are restored meanwhile tells of all others, and of none after it was restored', async () => {
    await using hubspot = await startHubSpot({ records: { contacts: 6_000 }, latencyMs: 5, jitterMs: 10 });
    const plan = await contactsPlan(hubspot);
    const { portal } = hubspot.simulator;
    const archived = portal.archive('contacts', { count: 5_000 });
    const restored = new Set<string>();
    let seed = 0;
    const timer = setInterval(() => {
      seed += 1;
      for (const id of portal.restore('contacts', { count: 60, seed })) restored.add(id);
    }, 5);
    const { tombstones } = await extractAll(hubspot.source, { plan, frontier: bin, chunkRecords: 1_000 });
    clearInterval(timer);
    expect(restored.size).toBeGreaterThan(200);
    const told = new Map(tombstones.map((tombstone) => [tombstone[0], tombstone]));
    expect(archived.filter((id) => !told.has(id) && !restored.has(id))).toEqual([]);
    expect(told.size).toBe(tombstones.length);
    for (const id of restored) {
      const [, , , , observedAt] = told.get(id) ?? [];
      const restoredAt = portal.history('contacts', id)!.findLast(({ status }) => status === 'live')!.at;
      if (observedAt !== undefined) expect(observedAt <= restoredAt).toBe(true);
    }
  });

  it('interrupted and resumed is the same as uninterrupted', async () => {
    const attempts = fc.record({
      seed: fc.integer({ min: 1, max: 1_000 }),
      count: fc.integer({ min: 0, max: 1_000 }),
      chunkRecords: fc.integer({ min: 1, max: 700 }),
      stopAfterPages: fc.array(fc.integer({ min: 1, max: 8 }), { maxLength: 5 }),
      frontier: fc.constantFrom(bin, binByOne),
    });
    await fc.assert(
      fc.asyncProperty(attempts, async ({ seed, count, chunkRecords, stopAfterPages, frontier: start }) => {
        await using hubspot = await startHubSpot({ seed, records: { contacts: 1_200 }, jitterMs: 2 });
        const plan = await contactsPlan(hubspot);
        const archived = count === 0 ? [] : hubspot.simulator.portal.archive('contacts', { count, seed });
        let frontier: SourceFrontier = start;
        const tombstones: StagedTombstone[] = [];
        for (const stopAfter of stopAfterPages) {
          const stop = new AbortController();
          let pages = 0;
          const onWrite = (): void => {
            pages += 1;
            if (pages === stopAfter) stop.abort();
          };
          const chunk = await extractChunk(hubspot.source, {
            plan,
            frontier,
            chunkRecords,
            signal: stop.signal,
            onWrite,
          });
          expect(chunk.records).toBe(chunk.tombstones.length);
          tombstones.push(...chunk.tombstones);
          frontier = chunk.frontier;
          if (isFrontierEmpty(frontier)) break;
        }
        const rest = await extractAll(hubspot.source, { plan, frontier, chunkRecords });
        expect(idsOf([...tombstones, ...rest.tombstones])).toEqual(archived.toSorted());
      }),
      { numRuns: 12 },
    );
  });
});
