import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { ExtractRequest } from '../../model/source.ts';
import type { AssociationReader } from '../../sources/hubspot/associations.ts';
import { Chunk } from '../../sources/hubspot/chunk.ts';
import { RequestMeter } from '../../sources/hubspot/api.ts';
import { RestingPoints } from '../../sources/hubspot/resting-points.ts';

const { signal } = new AbortController();
const nothingLeft = () => ({ kind: 'ids', ids: [] }) as const;

it('a checkpoint that falls due between the looks of two cursors has no page beside it', async () => {
  let looks = 0;
  let saved = 0;
  const pagesBesideSaving: boolean[] = [];
  const associations = { take: async () => {}, flush: () => sleep(20) } as unknown as AssociationReader;
  const request = {
    plan: { columns: [], key: {} },
    chunkRecords: 10_000,
    signal,
    onProgress: () => {},
    checkpoint: {
      isDue: () => saved === 0 && ++looks >= 2,
      save: async () => {
        pagesBesideSaving.push(chunk.isReading);
        saved++;
      },
    },
  } as unknown as ExtractRequest;
  const sink = { records: async () => {}, tombstones: async () => {}, associations: async () => {} };
  const chunk = new Chunk({ request, sink, associations });
  const meter = new RequestMeter('bulk');
  const points = new RestingPoints({ request, chunk, associations, meter });
  const cursor = async (): Promise<void> => {
    for (let page = 0; page < 2; page++) {
      while (points.isDue) await points.pass(nothingLeft, signal);
      chunk.reserve(100);
      await sleep(1);
      chunk.release(100);
    }
  };
  await Promise.all([cursor(), cursor()]);
  expect(pagesBesideSaving).toEqual([false]);
});
