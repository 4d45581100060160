import { describe, expect, it } from 'vitest';
import { KnownVersions, knownScope } from '../../activities/known-versions.ts';
import { mergeChunk, type MergeChunkInput } from '../../activities/merge-chunk.ts';
import { emptyPart, zeroRequests } from '../../model/batch.ts';
import { zeroCounts, type Counts } from '../../model/counts.ts';
import { contactsPlan, wholeFrontier } from '../support/staged-records.ts';

const version = '2024-01-01T00:00:00.000Z';

const input: MergeChunkInput = {
  stream: contactsPlan.stream,
  mode: 'incremental',
  scope: 'whole',
  run: 'run-1',
  generation: 1,
  planDigest: 'digest',
  firstStartedAt: version,
  positions: null,
  comparesAfter: false,
  batch: {
    batchId: 'batch-1',
    sequence: 1,
    predecessor: null,
    stage: {
      directory: 'no such folder',
      kind: 'content',
      records: emptyPart,
      tombstones: emptyPart,
      associations: [],
      absentColumns: [],
    },
    frontierAfter: wholeFrontier,
    roundedValues: 0,
    requests: zeroRequests,
  },
};

/** Whether a record is known once its batch was merged with these counts. */
async function isKnownAfter(counts: Partial<Counts>): Promise<boolean> {
  const knownVersions = new KnownVersions();
  knownVersions.stage('batch-1', new Map([['1', version]]));
  const outcome = { kind: 'merged', counts: { ...zeroCounts, ...counts }, isRepeat: false };
  const deps = {
    knownVersions,
    plans: { read: () => Promise.resolve(contactsPlan) },
    destination: () => Promise.resolve({ stages: null, mergeBatch: () => Promise.resolve(outcome) }),
  };
  await mergeChunk(deps as unknown as Parameters<typeof mergeChunk>[0], input, new AbortController().signal);
  return knownVersions.has(knownScope(contactsPlan, 1), '1', version);
}

describe('a merged batch', () => {
  it('makes its versions known', async () => {
    expect(await isKnownAfter({ read: 1, updated: 1 })).toBe(true);
  });

  it('is read again where something of it came too late: a loser seen alive after its survivor was', async () => {
    expect(await isKnownAfter({ read: 2, updated: 1, tombstones: 1, superseded: 1 })).toBe(false);
  });
});
