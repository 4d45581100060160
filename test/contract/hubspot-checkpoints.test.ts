import { describe, expect, it } from 'vitest';
import type { AssociationTable } from '../../model/association.ts';
import type { IdRange, SourceFrontier } from '../../model/frontier.ts';
import type { ExtractSoFar } from '../../model/source.ts';
import { extractAll, extractChunk } from '../support/extract-all.ts';
import { fewProperties, planFor, startHubSpot } from '../support/hubspot-under-test.ts';

const records = 3_000;
const companies: AssociationTable = { to: 'companies', table: { schema: 'hubspot', table: 'contacts_companies' } };

interface Seen {
  readonly soFar: ExtractSoFar;
  readonly rows: readonly string[];
  readonly heads: readonly string[];
}

const isIn = (ranges: readonly IdRange[], id: string): boolean =>
  ranges.some(({ from, to }) => BigInt(id) >= BigInt(from) && (to === null || BigInt(id) < BigInt(to)));

/** Reads one chunk, and looks at what is staged whenever the reading comes to rest. */
async function readWithCheckpoints(frontier: SourceFrontier, every: number) {
  await using hubspot = await startHubSpot({ seed: 8, records: { contacts: records, companies: 50 }, latencyMs: 3 });
  const plan = {
    ...(await planFor(hubspot.source, 'contacts', { properties: fewProperties })),
    associations: [companies],
  };
  const seen: Seen[] = [];
  const rows: string[] = [];
  const heads: string[] = [];
  let last = 0;
  const outcome = await hubspot.source.extract({
    plan,
    frontier,
    chunkRecords: records,
    absentIds: 'pass',
    traffic: 'bulk',
    isKnown: () => false,
    maxHits: null,
    signal: new AbortController().signal,
    onProgress: () => {},
    sink: {
      records: async (page) => void rows.push(...page.map(([id]) => id!)),
      tombstones: async () => {},
      associations: async (_, read) => void heads.push(...read.heads.map(([id]) => id)),
    },
    checkpoint: {
      isDue: (read) => read - last >= every,
      save: async (soFar) => {
        seen.push({ soFar: structuredClone(soFar), rows: [...rows], heads: [...heads] });
        const before = rows.length;
        await new Promise((resolve) => setTimeout(resolve, 20));
        expect(rows.length, 'nothing is read meanwhile').toBe(before);
        last = soFar.records;
      },
    },
  });
  const all = new Set(
    (await extractAll(hubspot.source, { plan: { ...plan, associations: [] } })).rows.map(([id]) => id!),
  );
  return { outcome, seen, rows, all };
}

describe('an extract that comes to rest', () => {
  it('by many cursors: has staged all that the frontier no longer holds, once, with its associations', async () => {
    const { outcome, seen, rows, all } = await readWithCheckpoints(
      { kind: 'idRanges', ranges: [{ from: '0', to: null }] },
      500,
    );
    expect(seen.length).toBeGreaterThanOrEqual(3);
    for (const { soFar, rows: staged, heads } of seen) {
      const { ranges } = soFar.frontier as Extract<SourceFrontier, { kind: 'idRanges' }>;
      const read = [...all].filter((id) => !isIn(ranges, id));
      expect([...staged].sort()).toEqual(read.sort());
      expect([...heads].sort()).toEqual(read);
      expect(soFar).toMatchObject({ records: read.length, absentColumns: [] });
      expect(soFar.requests.requests).toBeGreaterThanOrEqual(read.length / 100);
    }
    expect(new Set(rows).size).toBe(rows.length);
    expect(outcome.records).toBe(rows.length);
  });

  it('by one cursor: the same', async () => {
    const { seen, all } = await readWithCheckpoints(
      { kind: 'pages', after: null, done: false, remaining: null },
      1_000,
    );
    expect(seen).toHaveLength(2);
    for (const { soFar, rows, heads } of seen) {
      expect(soFar.records).toBe(rows.length);
      expect([...heads].sort()).toEqual([...rows].sort());
      const { after } = soFar.frontier as Extract<SourceFrontier, { kind: 'pages' }>;
      expect([...all].filter((id) => BigInt(id) < BigInt(after!)).sort()).toEqual([...rows].sort());
    }
  });

  it('asks for no page more than one that does not', async () => {
    await using hubspot = await startHubSpot({ seed: 8, records: { contacts: records }, latencyMs: 3 });
    const plan = await planFor(hubspot.source, 'contacts', { properties: fewProperties });
    const pages = async (checkpoint: Parameters<typeof extractChunk>[1]['checkpoint']): Promise<number> => {
      const chunk = await extractChunk(hubspot.source, {
        plan,
        frontier: { kind: 'idRanges', ranges: [{ from: '0', to: null }] },
        checkpoint: checkpoint ?? null,
      });
      return chunk.requests.requests;
    };
    const plain = await pages(null);
    let last = 0;
    const resting = await pages({
      isDue: (read) => read - last >= 300,
      save: async ({ records: read }) => void (last = read),
    });
    // Which cursor splits which range is a matter of time, and worth a few pages either way.
    expect(resting).toBeLessThanOrEqual(plain * 1.25);
  });
});
