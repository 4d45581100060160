import { MockActivityEnvironment } from '@temporalio/testing';
import { describe, expect, it } from 'vitest';
import { createActivities } from '../../activities/create-activities.ts';
import type { ActivityDeps } from '../../activities/deps.ts';
import { KnownVersions, knownScope } from '../../activities/known-versions.ts';
import { mergeChunk, type MergeChunkInput } from '../../activities/merge-chunk.ts';
import { emptyPart, zeroRequests } from '../../model/batch.ts';
import { zeroCounts, type Counts } from '../../model/counts.ts';
import type { Destination, MergeTransactions } from '../../model/destination.ts';
import { contactsPlan, wholeFrontier } from '../support/staged-records.ts';

const noAbort = new AbortController().signal;
const noTransactions: MergeTransactions = { before: null, note: () => undefined };
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
  await mergeChunk(deps as unknown as Parameters<typeof mergeChunk>[0], input, noAbort, noTransactions);
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

describe('a merge tells the next attempt of its transaction', () => {
  type MergeBatch = Destination['mergeBatch'];
  const outcome = { kind: 'merged', counts: zeroCounts, isRepeat: false } as const;

  /** One attempt as Temporal runs it: what it returned, and the details of its heartbeats in order. */
  async function attempt(mergeBatch: MergeBatch, heartbeatDetails?: unknown) {
    const destination = {
      readPlan: () => Promise.resolve(contactsPlan),
      widenColumns: () => Promise.resolve(contactsPlan),
      mergeBatch,
    };
    const activities = createActivities({
      knownVersions: new KnownVersions(),
      destination: () => Promise.resolve(destination),
      source: () => Promise.resolve({ describeObject: () => Promise.resolve({ properties: [] }) }),
      streamSettings: () => ({ destination: 'warehouse', table: contactsPlan.table }),
    } as unknown as ActivityDeps);
    const environment = new MockActivityEnvironment(heartbeatDetails === undefined ? {} : { heartbeatDetails });
    const beats: unknown[] = [];
    environment.on('heartbeat', (details: unknown) => beats.push(details));
    await environment.run(activities.mergeChunk, input);
    return beats;
  }

  it('before it commits', async () => {
    const beats = await attempt((_request, _signal, transactions) => {
      expect(transactions?.before).toBeNull();
      transactions?.note('1432071497832');
      return Promise.resolve(outcome);
    });
    expect(beats).toEqual([{ transaction: '1432071497832' }]);
  });

  it('and is told of the one before', async () => {
    const before: unknown[] = [];
    await attempt(
      (_request, _signal, transactions) => {
        before.push(transactions?.before);
        return Promise.resolve(outcome);
      },
      { transaction: '7' },
    );
    await attempt(
      (_request, _signal, transactions) => {
        before.push(transactions?.before);
        return Promise.resolve(outcome);
      },
      { sequence: 1 },
    );
    expect(before).toEqual(['7', null]);
  });

  it('which is ended once, where the batch is merged twice', async () => {
    const before: unknown[] = [];
    await attempt(
      (_request, _signal, transactions) => {
        before.push(transactions?.before);
        return Promise.resolve(before.length === 1 ? { kind: 'nulled', columns: [] } : outcome);
      },
      { transaction: '7' },
    );
    expect(before).toEqual(['7', null]);
  });
});
