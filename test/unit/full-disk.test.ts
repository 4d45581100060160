import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { stageChunk } from '../../activities/stage-chunk.ts';
import { zeroRequests } from '../../model/batch.ts';
import type { SourceFrontier } from '../../model/frontier.ts';
import type { ExtractOutcome, ExtractRequest } from '../../model/source.ts';
import { contactsPlan, frontierFrom, wholeFrontier } from '../support/staged-records.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

afterEach(() => vi.restoreAllMocks());

const full = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
const rowOf = (id: number) => [String(id), ...contactsPlan.columns.map(() => 'x'), 'version', 'observed'];

/** From now on the disk refuses one kind of call. */
async function fillDisk(call: 'appendFile' | 'sync' | 'writeFile', folder: string): Promise<void> {
  await using file = await open(join(folder, 'probe'), 'w');
  const handle = Object.getPrototypeOf(file) as FileHandle;
  vi.spyOn(handle, call).mockRejectedValue(full);
}

/** A chunk of records 1 and 2, closed as the disk still takes them, and of 3, for which it has no room. */
async function stageOnFullDisk(
  folder: string,
  { refused, isClosed }: { refused: 'appendFile' | 'sync' | 'writeFile'; isClosed: boolean },
) {
  const extract = async ({ sink, checkpoint }: ExtractRequest) => {
    const read = (next: number): ExtractOutcome => ({
      frontier: frontierFrom(next) as SourceFrontier,
      records: next - 1,
      knownRecords: 0,
      absentColumns: [],
      roundedValues: 0,
      requests: zeroRequests,
      wait: null,
      tooManyHits: null,
    });
    await sink.records([rowOf(1)]);
    if (isClosed) await checkpoint!.save(read(2));
    await sink.records([rowOf(2)]);
    if (refused === 'writeFile') await fillDisk(refused, folder);
    if (isClosed) await checkpoint!.save(read(3));
    if (refused !== 'writeFile') await fillDisk(refused, folder);
    await sink.records([rowOf(3)]);
    return read(4);
  };
  const warnings: object[] = [];
  const deps = {
    source: () => Promise.resolve({ extract }),
    destination: () => Promise.resolve({ maxTextBytes: null }),
    log: { info() {}, error() {}, warn: (fields: object) => warnings.push(fields) },
  };
  const request = {
    mode: 'backfill' as const,
    run: 'run',
    plan: contactsPlan,
    frontier: wholeFrontier,
    chunkRecords: 100,
    folder: join(folder, '1-a'),
    isKnown: () => false,
    maxHits: null,
    reuseKey: 'key',
  };
  const control = { signal: new AbortController().signal, onProgress: () => {} };
  const staged = stageChunk(deps as unknown as Parameters<typeof stageChunk>[0], request, control);
  return { chunk: await staged, warnings };
}

it.for([
  ['that takes no more rows', 'appendFile'],
  ['that cannot keep the last rows', 'sync'],
  ['that has no room for the list of what is closed', 'writeFile'],
] as const)('a disk %s costs a chunk what is not closed, and the rest is handed back', async ([, refused]) => {
  await using folder = await temporaryFolder();
  const { chunk, warnings } = await stageOnFullDisk(folder.path, { refused, isClosed: true });
  expect(chunk).toMatchObject({ frontier: frontierFrom(3), records: 2, wait: null });
  const { directory, records } = chunk.stage!;
  expect(records.rowCount).toBe(2);
  for (const { path, sizeBytes, sha256 } of records.files) {
    const bytes = readFileSync(path);
    expect(bytes).toHaveLength(sizeBytes);
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(sha256);
  }
  const listed = records.files.map(({ path }) => basename(path)).sort();
  expect(
    readdirSync(directory)
      .filter((name) => name.endsWith('.csv'))
      .sort(),
  ).toEqual(listed);
  expect(warnings).toEqual([{ stream: 'crm.contacts', reason: expect.stringContaining('the disk is full') as string }]);
});

it('a disk that is full before anything is closed leaves nothing, and the chunk is read again', async () => {
  await using folder = await temporaryFolder();
  const staged = stageOnFullDisk(folder.path, { refused: 'appendFile', isClosed: false });
  await expect(staged).rejects.toMatchObject({
    kind: 'Unavailable',
    message: expect.stringContaining('is full') as string,
  });
  expect(existsSync(join(folder.path, '1-a'))).toBe(false);
});
