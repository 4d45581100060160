import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ownerQueueOf } from '../../destinations/duckdb/owner-queue.ts';

describe('the queue of a file', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sluice-queue-'));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true });
  });

  it('is the same however the path is spelled, before and after the folder is there', async () => {
    const path = join(folder, 'new', 'deep', 'warehouse.duckdb');
    const queue = ownerQueueOf(path);
    expect(queue).toMatch(/^duckdb-[0-9a-f]{16}$/);
    await mkdir(join(folder, 'new', 'deep'), { recursive: true });
    await symlink(join(folder, 'new'), join(folder, 'link'));
    expect(ownerQueueOf(path)).toBe(queue);
    expect(ownerQueueOf(join(folder, 'link', 'deep', 'warehouse.duckdb'))).toBe(queue);
  });

  it('is another for another file', () => {
    expect(ownerQueueOf(join(folder, 'a.duckdb'))).not.toBe(ownerQueueOf(join(folder, 'b.duckdb')));
  });
});
