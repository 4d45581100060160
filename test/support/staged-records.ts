import { createHash } from 'node:crypto';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Stage, StageFile } from '../../model/batch.ts';
import type { Column } from '../../model/column.ts';
import type { Frontier } from '../../model/frontier.ts';
import { type StreamPlan, stagedColumns } from '../../model/plan.ts';

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

/** Writes the records to `fileCount` files of about the same length, in order, in a new folder below `root`. */
export async function stageRecords(
  plan: StreamPlan,
  records: readonly TestRecord[],
  { fileCount = 1, root = tmpdir() }: { fileCount?: number; root?: string } = {},
): Promise<Stage> {
  const directory = await mkdtemp(join(root, "sluice's [a] stage-"));
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
