import { dirname } from 'node:path';
import { openDuckDbDestination } from '../../destinations/duckdb/destination.ts';
import { zeroRequests } from '../../model/batch.ts';
import { contactsPlan, frontierFrom, instant, stageRecords, wholeFrontier } from './staged-records.ts';

/**
 * A process that goes on with run `run-1` of the file named on its command line, batch after batch, and prints each
 * before and after its merge, until it is killed.
 */
const rowsPerBatch = 4_000;
const [path] = process.argv.slice(2);
const destination = openDuckDbDestination({
  kind: 'duckdb',
  path: path!,
  memoryLimit: '512MB',
  threads: 2,
  readCopy: 'off',
});
const { stream, table } = contactsPlan;
const signal = new AbortController().signal;
const common = {
  run: 'run-1',
  mode: 'backfill',
  scope: 'whole',
  planDigest: 'digest',
  firstStartedAt: instant(0),
} as const;

const claim = await destination.claimRun(
  { stream, table, run: 'run-1', mode: 'backfill', runStartedAt: instant(0) },
  signal,
);
await destination.openRun(
  {
    ...common,
    plan: contactsPlan,
    startFrontier: wholeFrontier,
    resumedFrom: null,
    startReason: 'test',
    access: null,
    keepsListing: false,
    idleRuns: 0,
  },
  signal,
);
let { sequence, batchId: predecessor } = claim.self?.head ?? { sequence: 0, batchId: null };
for (;;) {
  sequence++;
  const records = Array.from({ length: rowsPerBatch }, (_, n) => ({
    id: String(sequence * rowsPerBatch + n),
    email: `${n}@example.com`,
    _version: instant(1),
    _observed_at: instant(2),
  }));
  const batchId: string = `batch-${sequence}`;
  const batch = {
    batchId,
    sequence,
    predecessor,
    stage: await stageRecords(contactsPlan, records, { root: dirname(path!) }),
    frontierAfter: frontierFrom(sequence),
    roundedValues: 0,
    requests: zeroRequests,
  };
  process.stdout.write(`merging ${sequence}\n`);
  await destination.mergeBatch(
    {
      ...common,
      generation: claim.generation,
      plan: contactsPlan,
      batch,
      positions: null,
      keepsListing: false,
      onDoubt: 'keepAsWork',
      onNulled: 'quarantine',
    },
    signal,
  );
  process.stdout.write(`merged ${sequence}\n`);
  predecessor = batchId;
}
