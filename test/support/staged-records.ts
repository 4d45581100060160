import { createHash } from 'node:crypto';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StagedHead, StagedLink } from '../../model/association.ts';
import type { Stage, StageFile, StageKind, StagePart } from '../../model/batch.ts';
import type { Column } from '../../model/column.ts';
import type { Frontier } from '../../model/frontier.ts';
import { listingPlan, type StreamPlan, stagedColumns } from '../../model/plan.ts';
import type { TableName } from '../../model/stream-table.ts';
import type { StagedTombstone } from '../../model/tombstone.ts';
import type { UnstagedValue } from '../../model/unstaged-value.ts';

/** A staged record by column name; a column left out is null. Written apart from the product, to check it from outside. */
export type TestRecord = Readonly<Record<string, string | null>>;

/** What a chunk brings besides, or instead of, records of content. */
export interface TestChunk {
  readonly kind?: StageKind;
  readonly records?: readonly TestRecord[];
  readonly tombstones?: readonly StagedTombstone[];
  readonly associations?: readonly {
    readonly table: TableName;
    readonly heads: readonly StagedHead[];
    readonly links: readonly StagedLink[];
  }[];
  readonly unstaged?: readonly UnstagedValue[];
  readonly absentColumns?: readonly string[];
}

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
  listedColumns: [],
  contract: 'evolve',
  onVanished: 'flag',
  associations: [],
  incomingAssociations: [],
};

export const ada: TestRecord = {
  id: '1',
  email: 'ada@example.com',
  amount: '12.5',
  visits: '3',
  is_customer: 'true',
  born_on: '1815-12-10',
  seen_at: '2024-01-01T10:00:00.123Z',
  _version: instant(1),
  _observed_at: instant(10),
};

export const bob: TestRecord = {
  ...ada,
  id: '9007199254740993',
  email: 'bob@example.com',
  amount: '99999999999999999999.999999999',
};

function encodeValue(value: string | null | undefined): string {
  if (value === null || value === undefined) return '';
  return value === '' || /[",\r\n]/.test(value) ? `"${value.split('"').join('""')}"` : value;
}

export function encodeRecords(plan: StreamPlan, records: readonly TestRecord[]): string {
  return encodeRows(recordRows(plan, records));
}

function recordRows(plan: StreamPlan, records: readonly TestRecord[]) {
  const columns = stagedColumns(plan);
  return records.map((record) => columns.map((name) => record[name]));
}

function encodeRows(rows: readonly (readonly (string | null | undefined)[])[]): string {
  return rows.map((row) => `${row.map(encodeValue).join(',')}\n`).join('');
}

/** Writes each part to `fileCount` files of about the same length, in order, in a new folder below `root`. */
export async function stageChunk(
  plan: StreamPlan,
  chunk: TestChunk,
  { fileCount = 1, root = tmpdir() }: { fileCount?: number; root?: string } = {},
): Promise<Stage> {
  const { kind = 'content', records = [], tombstones = [], associations = [], unstaged, absentColumns = [] } = chunk;
  const directory = await mkdtemp(join(root, "sluice's [a] stage-"));
  const write = (name: string, rows: readonly (readonly (string | null | undefined)[])[]) =>
    writePart(join(directory, name), rows, fileCount);
  const stagedAssociations = associations.map(async ({ table, heads, links }, n) => ({
    table,
    heads: await write(`heads-${n}`, heads),
    links: await write(`links-${n}`, links),
  }));
  return {
    directory,
    kind,
    records: await write('records', recordRows(kind === 'listing' ? listingPlan(plan) : plan, records)),
    tombstones: await write('tombstones', tombstones),
    associations: await Promise.all(stagedAssociations),
    ...(unstaged === undefined ? {} : { unstaged: await write('unstaged', unstaged) }),
    absentColumns,
  };
}

export function stageRecords(
  plan: StreamPlan,
  records: readonly TestRecord[],
  options: { fileCount?: number; root?: string } = {},
): Promise<Stage> {
  return stageChunk(plan, { records }, options);
}

async function writePart(
  path: string,
  rows: readonly (readonly (string | null | undefined)[])[],
  fileCount: number,
): Promise<StagePart> {
  const files: StageFile[] = [];
  for (let n = 0; n < fileCount && rows.length > 0; n++) {
    const part = rows.slice(Math.floor((rows.length * n) / fileCount), Math.floor((rows.length * (n + 1)) / fileCount));
    files.push(await writeStageFile(`${path}-${n}.csv`, encodeRows(part), part.length));
  }
  return { files, rowCount: rows.length };
}

async function writeStageFile(path: string, text: string, rowCount: number): Promise<StageFile> {
  const bytes = Buffer.from(text);
  await writeFile(path, bytes);
  return { path, rowCount, sizeBytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}
