import { createHash } from 'node:crypto';
import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ActivityDeps } from '../../activities/deps.ts';
import { extractChunk, type ExtractChunkInput } from '../../activities/extract-chunk.ts';
import { KnownVersions } from '../../activities/known-versions.ts';
import type { PlanReader } from '../../activities/read-plan.ts';
import type { AssociationTable } from '../../model/association.ts';
import { zeroRequests, type Batch, type StagePart } from '../../model/batch.ts';
import { SyncError } from '../../model/errors.ts';
import type { RemoteStages } from '../../model/remote-stages.ts';
import type { IdRange, SourceFrontier } from '../../model/frontier.ts';
import { IdRangePool, type OpenRange } from '../../model/id-range-pool.ts';
import type { ExtractOutcome, ExtractRequest, ExtractSoFar, Source } from '../../model/source.ts';
import { SharedStages } from '../support/shared-stages.ts';
import { contactsPlan } from '../support/staged-records.ts';

/** Ids 1 to this, in one list. */
const records = 7_000;
const chunkRecords = 6_000;
const pageSize = 100;
const cursors = 5;

const table = { table: { schema: 'hubspot', table: 'contacts_companies' } } as unknown as AssociationTable;

/** What befalls an attempt at its nth page; what is on disk at that moment is what the next one finds. */
interface Interruption {
  readonly atPage: number;
  readonly how: 'killed' | 'source fails';
  readonly harm: 'none' | 'truncated' | 'changed' | 'lost' | 'index garbled' | 'index gone';
}

class Killed extends Error {}

/** Reads id ranges by several cursors that steal from one another, in an order of its own each time. */
class RangeSource {
  pages = 0;
  onPage: () => void = () => {};
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  async extract({ frontier, chunkRecords: wanted, sink, checkpoint }: ExtractRequest): Promise<ExtractOutcome> {
    const { kind, ranges } = frontier as Extract<SourceFrontier, { kind: 'idRanges' }>;
    const pool = new IdRangePool(ranges);
    const claimed: OpenRange[] = [];
    let staged = 0;
    const soFar = (): ExtractSoFar => ({
      frontier: { kind, ranges: pool.toRanges() },
      records: staged,
      absentColumns: [],
      roundedValues: staged,
      requests: { ...zeroRequests, requests: Math.ceil(staged / pageSize) },
    });
    while (!pool.isEmpty && staged < wanted) {
      if (checkpoint?.isDue(staged) === true) await checkpoint.save(soFar());
      if (claimed.length < cursors) {
        const range = pool.claim();
        if (range !== null) claimed.push(range);
      }
      const index = Math.floor(this.#random() * claimed.length);
      const range = claimed[index]!;
      const ids = idsFrom(range, Math.min(pageSize, wanted - staged));
      this.pages++;
      this.onPage();
      await sink.records(
        ids.map((id) => [String(id), 'value', '2026-01-01T00:00:00.000Z', '2026-01-02T00:00:00.000Z']),
      );
      const merged = ids.filter((id) => id % 50 === 0).map((id) => String(records + id));
      await sink.tombstones(merged.map((id) => [id, 'merged', null, null, '2026-01-02T00:00:00.000Z']));
      await sink.associations(table, {
        links: ids.map((id) => [String(id), '7', 'HUBSPOT_DEFINED', '1', null, '2026-01-02T00:00:00.000Z']),
        heads: ids.map((id) => [String(id), '2026-01-02T00:00:00.000Z']),
      });
      staged += ids.length;
      const last = ids.at(-1);
      const next = last === undefined || last >= records ? null : BigInt(last + 1);
      const bounds = last === undefined ? null : { first: BigInt(ids[0]!), last: BigInt(last), count: ids.length };
      if (!pool.advance(range, { ids: bounds, next })) claimed.splice(index, 1);
    }
    return { ...soFar(), knownRecords: 0, tooManyHits: null, wait: null };
  }
}

function idsFrom({ from, to }: OpenRange, count: number): number[] {
  const first = Math.max(1, Number(from));
  const end = Math.min(records + 1, to === null ? Infinity : Number(to), first + count);
  return Array.from({ length: Math.max(0, end - first) }, (_, index) => first + index);
}

const input: ExtractChunkInput = {
  stream: 'crm.contacts',
  mode: 'backfill',
  run: 'run-1',
  generation: 1,
  sequence: 3,
  predecessor: 'batch-2',
  frontier: { kind: 'idRanges', ranges: [{ from: '0', to: null }] },
  chunkRecords,
};

let root = '';
let clockMs = 0;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sluice-reuse-'));
  clockMs = 0;
  // As if every page took five seconds, so that there are as many checkpoints as there can be.
  vi.spyOn(performance, 'now').mockImplementation(() => (clockMs += 5_000));
});

afterEach(() => {
  vi.restoreAllMocks();
  rmSync(root, { recursive: true, force: true });
});

const stageRoot = (): string => join(root, 'stage');
const runFolder = (): string => join(stageRoot(), 'crm.contacts', 'backfill', 'run-1');

interface AttemptChanges extends Partial<ExtractChunkInput> {
  readonly activity?: string;
  readonly stages?: RemoteStages;
  readonly signal?: AbortSignal;
}

async function attempt(source: RangeSource, changes: AttemptChanges = {}) {
  const { activity = 'execution/5', stages = null, signal = new AbortController().signal, ...change } = changes;
  const deps = {
    source: async () => source as unknown as Source,
    destination: async () => ({ stages, maxTextBytes: null }),
    stageRoot: stageRoot(),
    hashKey: () => '',
    knownVersions: new KnownVersions(),
    plans: { read: async () => contactsPlan } as unknown as PlanReader,
    log: { info() {}, warn() {} },
  } as unknown as ActivityDeps & { plans: PlanReader };
  const control = { signal, onProgress: () => {}, activity };
  const { batch } = await extractChunk(deps, { ...input, ...change }, control);
  return batch!;
}

/** Runs an attempt that is interrupted; false where it came to its end before. */
async function interrupted(source: RangeSource, { atPage, how, harm }: Interruption): Promise<Batch | null> {
  const copy = join(root, 'as-it-was');
  const last = source.pages + atPage;
  source.onPage = () => {
    if (source.pages !== last) return;
    if (how === 'source fails') throw new SyncError('Unavailable', 'the source fails');
    cpSync(stageRoot(), copy, { recursive: true });
    throw new Killed();
  };
  try {
    return await attempt(source);
  } catch (error) {
    if (!(error instanceof Killed || error instanceof SyncError)) throw error;
  } finally {
    source.onPage = () => {};
  }
  if (how === 'killed') {
    rmSync(stageRoot(), { recursive: true, force: true });
    cpSync(copy, stageRoot(), { recursive: true });
    rmSync(copy, { recursive: true });
    doHarm(harm);
  }
  return null;
}

function doHarm(harm: Interruption['harm']): void {
  for (const folder of readdirSync(runFolder())) {
    const path = (name: string): string => join(runFolder(), folder, name);
    // A copied stage lies elsewhere in time, not in place: its index names the same files.
    if (!readdirSync(join(runFolder(), folder)).includes('checkpoint.json')) continue;
    if (harm === 'truncated') truncateSync(path('records.csv'), 1_000);
    if (harm === 'changed') {
      const text = readFileSync(path('contacts_companies-links.csv'), 'latin1');
      writeFileSync(path('contacts_companies-links.csv'), text.replace('HUBSPOT', 'HUBSPAT'), 'latin1');
    }
    if (harm === 'lost') rmSync(path('tombstones.csv'));
    if (harm === 'index garbled') appendFileSync(path('checkpoint.json'), ' ');
    if (harm === 'index gone') rmSync(path('checkpoint.json'));
  }
}

function idsOf(part: StagePart): number[] {
  const ids = part.files.flatMap(({ path, sha256, sizeBytes, rowCount }) => {
    const bytes = readFileSync(path);
    expect({ sizeBytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }).toEqual({
      sizeBytes,
      sha256,
    });
    const lines = bytes.toString('utf8').trimEnd().split('\n');
    expect(lines).toHaveLength(rowCount);
    return lines.map((line) => Number(/^"?(\d+)/.exec(line)![1]));
  });
  expect(ids).toHaveLength(part.rowCount);
  return ids.sort((a, b) => a - b);
}

const isUnread = (ranges: readonly IdRange[], id: number): boolean =>
  ranges.some(({ from, to }) => id >= Number(from) && (to === null || id < Number(to)));

/** Staged once, with all that belongs to it, or still in the frontier: no record is lost, none is there twice. */
function expectWhole({ stage, frontierAfter, roundedValues, requests }: Batch): void {
  const { ranges } = frontierAfter as Extract<SourceFrontier, { kind: 'idRanges' }>;
  const expected = Array.from({ length: records }, (_, index) => index + 1).filter((id) => !isUnread(ranges, id));
  expect(idsOf(stage.records)).toEqual(expected);
  expect(idsOf(stage.tombstones)).toEqual(expected.filter((id) => id % 50 === 0).map((id) => records + id));
  const [associations, ...others] = stage.associations;
  expect(others).toEqual([]);
  expect(idsOf(associations!.heads)).toEqual(expected);
  expect(idsOf(associations!.links)).toEqual(expected);
  expect(roundedValues).toBe(expected.length);
  expect(requests.requests).toBeGreaterThanOrEqual(Math.ceil(expected.length / pageSize));
  const parts = [stage.records, stage.tombstones, associations!.heads, associations!.links];
  for (const { path } of parts.flatMap(({ files }) => files)) expect(dirname(path)).toBe(stage.directory);
}

const interruption: fc.Arbitrary<Interruption> = fc.record({
  atPage: fc.integer({ min: 1, max: 65 }),
  how: fc.constantFrom('killed', 'killed', 'killed', 'source fails'),
  harm: fc.constantFrom('none', 'none', 'none', 'truncated', 'changed', 'lost', 'index garbled', 'index gone'),
});

describe('a chunk whose extraction was interrupted', () => {
  it('is as whole as one that was not, wherever, however often, and whatever became of what was left', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(interruption, { minLength: 1, maxLength: 4 }),
        fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })),
        async (interruptions, random) => {
          rmSync(stageRoot(), { recursive: true, force: true });
          const source = new RangeSource(() => random.next().value!);
          let batch: Batch | null = null;
          for (const each of interruptions) batch ??= await interrupted(source, each);
          expectWhole(batch ?? (await attempt(source)));
        },
      ),
      { numRuns: 12 },
    );
  });

  it('is not asked for again but for the pages since the last closed part', async () => {
    const source = new RangeSource(Math.random);
    await interrupted(source, { atPage: 50, how: 'killed', harm: 'none' });
    const before = source.pages;
    const batch = await attempt(source);
    expectWhole(batch);
    expect(batch.stage.records.rowCount).toBe(chunkRecords);
    // Of some 60 pages about 40 were closed, in two parts.
    expect(source.pages - before).toBeLessThan(35);
    expect(readdirSync(runFolder())).toHaveLength(1);
  });

  it('is uploaded by the next attempt, and not asked for again, where the upload failed', async () => {
    const source = new RangeSource(Math.random);
    const stages = new SharedStages(join(root, 'cloud'));
    stages.failures.push(new SyncError('AuthRejected', 'the stage may not be written'));
    await expect(attempt(source, { stages })).rejects.toThrow(SyncError);
    const before = source.pages;
    const { stage, roundedValues } = await attempt(source, { stages });
    expect(source.pages).toBe(before);
    expect(roundedValues).toBe(chunkRecords);
    expect(stage.records.rowCount).toBe(chunkRecords);
    expect((await stages.files('hubspot')).toSorted()).toEqual(
      [stage.records, stage.tombstones, ...stage.associations.flatMap(({ heads, links }) => [heads, links])]
        .flatMap(({ files }) => files.map(({ path }) => path))
        .toSorted(),
    );
    expect(readdirSync(runFolder())).toEqual([]);
  });

  it('is uploaded still where a pause or a shutdown ended it', async () => {
    const stages = new SharedStages(join(root, 'cloud'));
    const paused = AbortSignal.abort(new Error('paused'));
    const source = new RangeSource(Math.random);
    const reading = new AbortController();
    source.onPage = () => reading.abort(paused.reason);
    const { stage } = await attempt(source, { stages, signal: reading.signal });
    expect(await stages.files('hubspot')).toContain(stage.records.files[0]!.path);
  });

  it('is handed back as far as it was closed where the source fails', async () => {
    const source = new RangeSource(Math.random);
    const batch = await interrupted(source, { atPage: 50, how: 'source fails', harm: 'none' });
    expectWhole(batch!);
    expect(batch!.stage.records.rowCount).toBeGreaterThanOrEqual(4_000);
    expect(batch!.stage.records.rowCount).toBeLessThan(5_000);
  });

  it('is read from its beginning by another activity, frontier, run, sequence or size', async () => {
    const others = [
      { activity: 'execution/6' },
      { activity: 'other/5' },
      { frontier: { kind: 'idRanges', ranges: [{ from: '1', to: null }] } },
      { run: 'run-2' },
      { sequence: 4 },
      { chunkRecords: 5_000 },
    ] as const;
    const source = new RangeSource(Math.random);
    for (const other of others) {
      rmSync(stageRoot(), { recursive: true, force: true });
      await interrupted(source, { atPage: 50, how: 'killed', harm: 'none' });
      const before = source.pages;
      const batch = await attempt(source, other);
      expectWhole(batch);
      expect(source.pages - before, JSON.stringify(other)).toBeGreaterThanOrEqual(50);
    }
  });
});
