import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isFrontierEmpty, type SourceFrontier } from '../../model/frontier.ts';
import type { StagedRow } from '../../model/source.ts';
import type { StagedTombstone } from '../../model/tombstone.ts';
import { extractAll, extractChunk } from '../support/extract-all.ts';
import { startGateway } from '../support/gateway.ts';
import { fewProperties, planFor, startHubSpot, type HubSpotUnderTest } from '../support/hubspot-under-test.ts';
import { problemsOf, truthOf } from '../support/staged-against-truth.ts';

const contactsPlan = ({ source }: HubSpotUnderTest) => planFor(source, 'contacts', { properties: fewProperties });

const named = (ids: readonly string[]): SourceFrontier => ({ kind: 'ids', ids });

const texts = (tombstones: readonly StagedTombstone[]): string[] =>
  tombstones.map(([id, kind, , mergedInto]) => `${id} ${kind} ${mergedInto}`).toSorted();

describe.concurrent('named records of HubSpot', () => {
  it('are read a hundred at a time, several pages at once', async () => {
    await using hubspot = await startHubSpot({ records: { contacts: 2_500 }, latencyMs: 200 });
    const plan = await contactsPlan(hubspot);
    const truth = truthOf(hubspot.simulator, plan);
    const { rows, tombstones } = await extractAll(hubspot.source, { plan, frontier: named([...truth.keys()]) });
    expect(problemsOf(rows, { plan, truth })).toEqual([]);
    expect(tombstones).toEqual([]);
    expect(hubspot.simulator.stats.snapshot()['batchRead contacts']).toMatchObject({ requests: 25, maxConcurrent: 8 });
  });

  it('that are absent are passed over, or looked up in the bin and told of', async () => {
    await using hubspot = await startHubSpot({ records: { contacts: 600 } });
    const plan = await contactsPlan(hubspot);
    const { portal } = hubspot.simulator;
    const [binned, erased, unknown, ...others] = [...truthOf(hubspot.simulator, plan).keys(), '999'] as [
      string,
      string,
      string,
    ];
    portal.archive('contacts', { ids: [binned] });
    portal.gdprDelete('contacts', { ids: [erased, unknown] });
    const frontier = named([binned, erased, unknown, ...others]);
    const passed = await extractAll(hubspot.source, { plan, frontier, absentIds: 'pass' });
    expect(passed.tombstones).toEqual([]);
    const startedAt = new Date().toISOString();
    hubspot.simulator.stats.reset();
    const { rows, tombstones, chunks } = await extractAll(hubspot.source, { plan, frontier, absentIds: 'tombstone' });
    expect(problemsOf(rows, { plan, truth: truthOf(hubspot.simulator, plan) })).toEqual([]);
    const expected = [
      `${binned} archived null`,
      `${erased} vanished null`,
      `${unknown} vanished null`,
      '999 vanished null',
    ];
    expect(texts(tombstones)).toEqual(expected.toSorted());
    const { archivedAt } = portal.history('contacts', binned)!.at(-1)!;
    const [, , deletedAt, , observedAt] = tombstones.find(([id]) => id === binned)!;
    expect(deletedAt).toBe(archivedAt);
    expect(observedAt >= startedAt).toBe(true);
    expect(chunks[0]!.records).toBe(rows.length + tombstones.length);
    /* Seven pages; two of them have absent ids, which are looked for in the bin, and once more among the living. */
    expect(hubspot.simulator.stats.snapshot()['batchRead contacts']!.requests).toBe(7 + 2 * 2);
  });

  describe.each(['absent', 'renamed'] as const)('where a merged id is %s', (mergedIdInBatchRead) => {
    it.each(['newId', 'primary'] as const)('are told of under the id they became (style %s)', async (mergeStyle) => {
      await using hubspot = await startHubSpot({ records: { contacts: 250 }, mergedIdInBatchRead });
      const plan = await contactsPlan(hubspot);
      const { portal } = hubspot.simulator;
      const [primary, secondary] = [...truthOf(hubspot.simulator, plan).keys()] as [string, string];
      const survivor = portal.merge('contacts', primary, secondary, { mergeStyle });
      const losers = [primary, secondary].filter((id) => id !== survivor);
      const asked = named([primary, secondary]);
      const { rows, tombstones } = await extractAll(hubspot.source, { plan, frontier: asked, absentIds: 'tombstone' });
      const isSurvivorRead = mergeStyle === 'primary' || mergedIdInBatchRead === 'renamed';
      expect(rows.map(([id]) => id)).toEqual(isSurvivorRead ? [survivor] : []);
      const kind = isSurvivorRead ? `merged ${survivor}` : 'vanished null';
      expect(texts(tombstones)).toEqual(losers.map((id) => `${id} ${kind}`).toSorted());

      const erasing = { ...plan, onVanished: 'erase' } as const;
      const known = await extractAll(hubspot.source, { plan: erasing, frontier: asked, absentIds: 'tombstone' });
      expect(texts(known.tombstones)).toEqual(losers.map((id) => `${id} merged ${survivor}`).toSorted());

      const whole = await extractAll(hubspot.source, { plan });
      expect(problemsOf(whole.rows, { plan, truth: truthOf(hubspot.simulator, plan) })).toEqual([]);
      expect(texts(whole.tombstones)).toEqual(losers.map((id) => `${id} merged ${survivor}`).toSorted());
      expect(whole.chunks[0]!.records).toBe(whole.rows.length);
    });

    it('are told of as archived, and as merged into what is in the bin', async () => {
      await using hubspot = await startHubSpot({ records: { contacts: 250 }, mergedIdInBatchRead });
      const plan = await contactsPlan(hubspot);
      const { portal } = hubspot.simulator;
      const [primary, secondary] = [...truthOf(hubspot.simulator, plan).keys()] as [string, string];
      const survivor = portal.merge('contacts', primary, secondary);
      portal.archive('contacts', { ids: [survivor] });
      const asked = named([survivor, primary, secondary]);
      const { rows, tombstones } = await extractAll(hubspot.source, { plan, frontier: asked, absentIds: 'tombstone' });
      expect(rows).toEqual([]);
      const expected = [
        `${survivor} archived null`,
        `${primary} merged ${survivor}`,
        `${secondary} merged ${survivor}`,
      ];
      expect(texts(tombstones)).toEqual(expected.toSorted());
    });
  });

  it('that leave the bin between the two looks are staged as records', async () => {
    await using hubspot = await startHubSpot({ records: { contacts: 50 } });
    const plan = await contactsPlan(hubspot);
    const { portal } = hubspot.simulator;
    const [id] = portal.archive('contacts', { count: 1 }) as [string];
    await using gateway = await startGateway(hubspot.simulator.url, ({ path }) => {
      if (path.includes('archived=true')) portal.restore('contacts', { ids: [id] });
      return null;
    });
    const source = hubspot.openSource({ config: { baseUrl: gateway.url } });
    const { rows, tombstones } = await extractAll(source, { plan, frontier: named([id]), absentIds: 'tombstone' });
    expect(rows.map((row) => row[0])).toEqual([id]);
    expect(tombstones).toEqual([]);
  });

  it('that are nowhere are asked for by themselves, where that means to be erased', async () => {
    await using hubspot = await startHubSpot({ records: { contacts: 50 } });
    const plan = { ...(await contactsPlan(hubspot)), onVanished: 'erase' } as const;
    const gone = hubspot.simulator.portal.gdprDelete('contacts', { count: 3 });
    const { tombstones } = await extractAll(hubspot.source, { plan, frontier: named(gone), absentIds: 'tombstone' });
    expect(texts(tombstones)).toEqual(gone.map((id) => `${id} vanished null`).toSorted());
    expect(hubspot.simulator.stats.snapshot()['single contacts']!.requests).toBe(3);
  });

  it('that answer by themselves all the same are not told of as gone', async () => {
    await using hubspot = await startHubSpot({ records: { contacts: 50 } });
    const plan = { ...(await contactsPlan(hubspot)), onVanished: 'erase' } as const;
    const [id] = [...truthOf(hubspot.simulator, plan).keys()] as [string];
    const body = JSON.stringify({ status: 'COMPLETE', results: [] });
    await using gateway = await startGateway(hubspot.simulator.url, ({ path }) =>
      path.includes('batch/read') ? { status: 200, contentType: 'application/json', body } : null,
    );
    const source = hubspot.openSource({ config: { baseUrl: gateway.url } });
    const { tombstones } = await extractAll(source, { plan, frontier: named([id]), absentIds: 'tombstone' });
    expect(tombstones).toEqual([]);
  });

  it('that could not be read for another reason than being gone are no tombstones', async () => {
    await using hubspot = await startHubSpot({ records: { contacts: 50 } });
    const plan = await contactsPlan(hubspot);
    const body = JSON.stringify({ status: 'COMPLETE', results: [], numErrors: 1, errors: [{ category: 'INTERNAL' }] });
    await using gateway = await startGateway(hubspot.simulator.url, ({ path }) =>
      path.includes('archived=true') ? { status: 207, contentType: 'application/json', body } : null,
    );
    const source = hubspot.openSource({ config: { baseUrl: gateway.url } });
    const failing = extractChunk(source, { plan, frontier: named(['7']), absentIds: 'tombstone' });
    await expect(failing).rejects.toMatchObject({ kind: 'Unavailable' });
  });

  it('interrupted and resumed are the same as uninterrupted', async () => {
    const attempts = fc.record({
      seed: fc.integer({ min: 1, max: 1_000 }),
      archived: fc.integer({ min: 0, max: 300 }),
      erased: fc.integer({ min: 0, max: 300 }),
      chunkRecords: fc.integer({ min: 1, max: 700 }),
      stopAfterWrites: fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 5 }),
    });
    await fc.assert(
      fc.asyncProperty(attempts, async ({ seed, archived, erased, chunkRecords, stopAfterWrites }) => {
        await using hubspot = await startHubSpot({ seed, records: { contacts: 1_200 }, jitterMs: 2 });
        const plan = await contactsPlan(hubspot);
        const { portal } = hubspot.simulator;
        const ids = [...truthOf(hubspot.simulator, plan).keys()];
        const binned = archived === 0 ? [] : portal.archive('contacts', { count: archived, seed });
        const gone = erased === 0 ? [] : portal.gdprDelete('contacts', { count: erased, seed });
        let frontier = named(ids);
        const rows: StagedRow[] = [];
        const tombstones: StagedTombstone[] = [];
        for (const stopAfter of stopAfterWrites) {
          const stop = new AbortController();
          let writes = 0;
          const onWrite = (): void => {
            writes += 1;
            if (writes === stopAfter) stop.abort();
          };
          const request = {
            plan,
            frontier,
            chunkRecords,
            absentIds: 'tombstone',
            signal: stop.signal,
            onWrite,
          } as const;
          const chunk = await extractChunk(hubspot.source, request);
          expect(chunk.records).toBe(chunk.rows.length + chunk.tombstones.length);
          rows.push(...chunk.rows);
          tombstones.push(...chunk.tombstones);
          frontier = chunk.frontier;
          if (isFrontierEmpty(frontier)) break;
        }
        const rest = await extractAll(hubspot.source, { plan, frontier, chunkRecords, absentIds: 'tombstone' });
        const staged = new Map([...rows, ...rest.rows].map((row) => [row[0], row]));
        expect(problemsOf([...staged.values()], { plan, truth: truthOf(hubspot.simulator, plan) })).toEqual([]);
        const expected = [...binned.map((id) => `${id} archived null`), ...gone.map((id) => `${id} vanished null`)];
        expect([...new Set(texts([...tombstones, ...rest.tombstones]))]).toEqual(expected.toSorted());
      }),
      { numRuns: 12 },
    );
  });
});
