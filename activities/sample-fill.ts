import { addRequests, zeroRequests } from '../model/batch.ts';
import { LongWait, SyncError } from '../model/errors.ts';
import { isFrontierEmpty, type SourceFrontier } from '../model/frontier.ts';
import type { FillSample } from '../model/inspection.ts';
import type { StreamPlan } from '../model/plan.ts';
import type { ObjectDescription, Source, StagedRow } from '../model/source.ts';
import type { StreamSettings } from '../model/stream-settings.ts';
import { buildPlan } from './build-plan.ts';

const maxSample = 10_000;

/** Counts, per property, in how many of some records it has a value. Keeps no value, and writes none anywhere. */
export async function sampleFill(
  source: Source,
  { settings, description, size }: { settings: StreamSettings; description: ObjectDescription; size: number },
  signal: AbortSignal,
): Promise<FillSample> {
  if (!Number.isInteger(size) || size < 1 || size > maxSample) {
    throw new SyncError('ConfigInvalid', 'discover: the sample cannot be used', {
      next: `give a whole number from 1 to ${maxSample}`,
    });
  }
  const plan = planOfAll(settings, description);
  const newest = await source.newestIds(description.object, size, signal);
  const tally = new FillTally(plan);
  let frontier: SourceFrontier =
    newest === null ? { kind: 'pages', after: null, done: false, remaining: size } : { kind: 'ids', ids: newest.ids };
  let requests = newest?.requests ?? zeroRequests;
  while (!isFrontierEmpty(frontier) && tally.records < size) {
    const outcome = await source.extract({
      plan,
      frontier,
      chunkRecords: size,
      sink: {
        records: async (rows) => tally.add(rows),
        tombstones: async () => undefined,
        associations: async () => undefined,
      },
      absentIds: 'pass',
      isKnown: () => false,
      maxHits: null,
      signal,
      traffic: 'interactive',
      checkpoint: null,
      onProgress: () => undefined,
    });
    signal.throwIfAborted();
    requests = addRequests(requests, outcome.requests);
    if (outcome.wait !== null) throw new LongWait(outcome.wait);
    frontier = outcome.frontier;
  }
  const isAll = (newest?.ids.length ?? tally.records) < size;
  const how = newest === null ? 'listedFirst' : 'createdLast';
  return { taken: isAll ? 'all' : how, records: tally.records, filled: tally.filled(), requests };
}

/** Whatever the stream copies of the object, and however: every property as the source has it. */
function planOfAll(settings: StreamSettings, description: ObjectDescription): StreamPlan {
  const plain = { columns: null, hashedProperties: [], jsonProperties: [], associations: [], incomingAssociations: [] };
  return buildPlan({ ...settings, ...plain }, description);
}

class FillTally {
  readonly #plan: StreamPlan;
  readonly #counts: number[];
  records = 0;

  constructor(plan: StreamPlan) {
    this.#plan = plan;
    this.#counts = plan.columns.map(() => 0);
  }

  add(rows: readonly StagedRow[]): void {
    this.records += rows.length;
    for (const row of rows) {
      for (let n = 0; n < this.#counts.length; n++) {
        const value = row[n + 1];
        if (typeof value === 'string' && value.trim() !== '') this.#counts[n]!++;
      }
    }
  }

  filled(): Record<string, number> {
    return Object.fromEntries(this.#plan.columns.map(({ property }, n) => [property, this.#counts[n]!]));
  }
}
