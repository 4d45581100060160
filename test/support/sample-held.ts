import { emptyPart, zeroRequests, type Batch } from '../../model/batch.ts';
import type { Frontier } from '../../model/frontier.ts';
import type { HeldChanges } from '../../model/held-changes.ts';

export const nothingUnread: Frontier = { kind: 'idRanges', ranges: [] };

/** Staged by an earlier run. */
export function batchOf(batchId: string, { records = 10, absentColumns = [] as readonly string[] } = {}): Batch {
  const files = [{ path: `${batchId}/records.csv.gz`, rowCount: records, sizeBytes: 1, sha256: '' }];
  return {
    batchId,
    sequence: 1,
    predecessor: null,
    stage: {
      directory: batchId,
      kind: 'content',
      records: { files, rowCount: records },
      tombstones: emptyPart,
      associations: [],
      absentColumns,
    },
    frontierAfter: nothingUnread,
    roundedValues: 0,
    requests: { ...zeroRequests, requests: 3 },
  };
}

/** Twenty changes. */
export const sampleHeld: HeldChanges = {
  run: 'run-1',
  since: '2026-11-20T12:00:00.000Z',
  positions: { fast: '2026-11-20T12:02:00.000Z', settled: '2026-11-20T11:00:00.000Z' },
  dueAt: '2026-11-20T12:10:00.000Z',
  batches: [batchOf('a'), batchOf('b')],
  plan: 'plan',
  layout: 'layout',
  access: 'portal 1',
};
