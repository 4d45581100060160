import { createHash, randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Batch, type Stage, type StageFile, zeroRequests } from '../../model/batch.ts';
import type { Column } from '../../model/column.ts';
import type { ClaimResult, Destination, MergeOutcome, MergeRequest } from '../../model/destination.ts';
import type { Frontier } from '../../model/frontier.ts';
import { type StreamPlan, type SyncMode, stagedColumns } from '../../model/plan.ts';

/** A staged record by column name; a column left out is null. Written apart from the product, to check it from outside. */
export type TestRecord = Readonly<Record<string, string | null>>;

export const instant = (minute: number): string => new Date(Date.UTC(2024, 0, 1, 0, minute)).toISOString();

export const wholeFrontier: Frontier = { kind: 'idRanges', ranges: [{ from: '1', to: null }] };
export const frontierFrom = (from: number): Frontier => ({
  kind: 'idRanges',
  ranges: [{ from: String(from), to: null }],
});

export function column(name: string, type: Column['type']): Column {
  return { name, property: name, type };
}

export const contactsPlan: StreamPlan = {
  stream: 'crm.contacts',
  source: 'crm',
  object: 'contacts',
  destination: 'warehouse',
  table: { schema: 'hubspot', table: 'contacts' },
  key: column('id', 'integer'),
  versionProperty: 'lastmodifieddate',
  columns: [
    column('email', 'text'),
    column('amount', 'decimal'),
    column('visits', 'integer'),
    column('is_customer', 'boolean'),
    column('born_on', 'date'),
    column('seen_at', 'timestamp'),
  ],
};

function encodeValue(value: string | null | undefined): string {
  if (value === null || value === undefined) return '';
  return value === '' || /[",\r\n]/.test(value) ? `"${value.split('"').join('""')}"` : value;
}

export function encodeRecords(plan: StreamPlan, records: readonly TestRecord[]): string {
  const columns = stagedColumns(plan);
  return records.map((record) => `${columns.map((name) => encodeValue(record[name])).join(',')}\n`).join('');
}

/** Writes the records to `fileCount` files of about the same length, in order. */
export async function stageRecords(
  plan: StreamPlan,
  records: readonly TestRecord[],
  { fileCount = 1 }: { fileCount?: number } = {},
): Promise<Stage> {
  const root = join(tmpdir(), 'sluice-test-stages');
  await mkdir(root, { recursive: true });
  const directory = await mkdtemp(join(root, "it's [a] stage-"));
  const files: StageFile[] = [];
  for (let n = 0; n < fileCount; n++) {
    const part = records.slice(
      Math.floor((records.length * n) / fileCount),
      Math.floor((records.length * (n + 1)) / fileCount),
    );
    files.push(await writeStageFile(join(directory, `${n}.csv`), encodeRecords(plan, part), part.length));
  }
  return { directory, files, rowCount: records.length };
}

async function writeStageFile(path: string, text: string, rowCount: number): Promise<StageFile> {
  const bytes = Buffer.from(text);
  await writeFile(path, bytes);
  return { path, rowCount, sizeBytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}

export interface TestRunOptions {
  readonly run: string;
  readonly startedAt: string;
  readonly plan?: StreamPlan;
  readonly mode?: SyncMode;
  readonly planDigest?: string;
}

/** A run as the activities drive it: claims, opens, and merges batch after batch. */
export interface TestRun {
  readonly claim: ClaimResult;
  /** Mints the next batch, to be merged or not. */
  mint(records: readonly TestRecord[], options?: { fileCount?: number; watermark?: string }): Promise<MergeRequest>;
  merge(request: MergeRequest): Promise<MergeOutcome>;
  mergeRecords(
    records: readonly TestRecord[],
    options?: { fileCount?: number; watermark?: string },
  ): Promise<MergeOutcome>;
}

const noAbort = new AbortController().signal;

export async function openTestRun(destination: Destination, options: TestRunOptions): Promise<TestRun> {
  const { run, startedAt, plan = contactsPlan, mode = 'backfill', planDigest = 'digest' } = options;
  const claim = await destination.claimRun(
    { stream: plan.stream, table: plan.table, run, mode, runStartedAt: startedAt },
    noAbort,
  );
  await destination.openRun(
    {
      run,
      plan,
      planDigest,
      mode,
      scope: 'whole',
      startFrontier: wholeFrontier,
      firstStartedAt: startedAt,
      resumedFrom: null,
      startReason: 'test',
    },
    noAbort,
  );
  let last: Batch | null = null;

  const mint: TestRun['mint'] = async (records, { fileCount, watermark = null } = {}) => {
    const sequence: number = (last?.sequence ?? 0) + 1;
    const batch: Batch = {
      batchId: `${run}-${sequence}-${randomUUID()}`,
      sequence,
      predecessor: last?.batchId ?? null,
      stage: await stageRecords(plan, records, fileCount === undefined ? {} : { fileCount }),
      frontierAfter: frontierFrom(sequence * 1000),
      roundedValues: 0,
      requests: { ...zeroRequests, requests: 1 },
    };
    last = batch;
    return {
      run,
      mode,
      scope: 'whole',
      generation: claim.generation,
      plan,
      planDigest,
      firstStartedAt: startedAt,
      batch,
      watermark,
    };
  };
  const merge: TestRun['merge'] = (request) => destination.mergeBatch(request, noAbort);
  return {
    claim,
    mint,
    merge,
    mergeRecords: async (records, mintOptions) => merge(await mint(records, mintOptions)),
  };
}
