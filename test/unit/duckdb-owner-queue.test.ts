import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ownerQueueOf } from '../../destinations/duckdb/owner-queue.ts';

const module = fileURLToPath(new URL('../../destinations/duckdb/owner-queue.ts', import.meta.url));

describe('the queue of a file', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sluice-queue-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  it('is the same however the path is spelled, before and after the file is there', async () => {
    const path = join(folder, 'new', 'deep', 'warehouse.duckdb');
    const queue = ownerQueueOf(path);
    expect(queue).toMatch(/^duckdb-[0-9a-f]{16}$/);
    await symlink(join(folder, 'new'), join(folder, 'link'));
    await writeFile(path, '');
    await symlink(path, join(folder, 'other name.duckdb'));
    expect(ownerQueueOf(path)).toBe(queue);
    expect(ownerQueueOf(join(folder, 'link', 'deep', 'warehouse.duckdb'))).toBe(queue);
    expect(ownerQueueOf(join(folder, 'other name.duckdb'))).toBe(queue);
  });

  it('is kept beside it, whatever the machine or the folder is called later', async () => {
    const path = join(folder, 'old', 'warehouse.duckdb');
    const queue = ownerQueueOf(path);
    expect(await readdir(join(folder, 'old'))).toEqual(['warehouse.duckdb.queue']);
    expect(`duckdb-${await readFile(`${path}.queue`, 'utf8')}`).toBe(queue);
    expect((await stat(`${path}.queue`)).mode & 0o777).toBe(0o600);
    await rename(join(folder, 'old'), join(folder, 'new'));
    expect(ownerQueueOf(join(folder, 'new', 'warehouse.duckdb'))).toBe(queue);
  });

  it('is another for another file, also of the same path', async () => {
    const path = join(folder, 'a.duckdb');
    const queue = ownerQueueOf(path);
    expect(ownerQueueOf(join(folder, 'b.duckdb'))).not.toBe(queue);
    await rm(`${path}.queue`);
    expect(ownerQueueOf(path)).not.toBe(queue);
  });

  it('is one for all processes that ask at once', async () => {
    const path = join(folder, 'warehouse.duckdb');
    const program = `
      const { ownerQueueOf } = await import(${JSON.stringify(module)});
      while (Date.now() < ${Date.now() + 1_500});
      process.stdout.write(ownerQueueOf(${JSON.stringify(path)}));`;
    const asked = Array.from({ length: 4 }, async () => {
      const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program]);
      return stdout;
    });
    expect(new Set(await Promise.all(asked))).toEqual(new Set([ownerQueueOf(path)]));
    expect(await readdir(folder)).toEqual(['warehouse.duckdb.queue']);
  });

  it('is named by the path where no id can be kept', async () => {
    const path = join(folder, 'warehouse.duckdb');
    await mkdir(`${path}.queue`);
    const queue = ownerQueueOf(path);
    expect(queue).toMatch(/^duckdb-[0-9a-f]{16}$/);
    expect(ownerQueueOf(path)).toBe(queue);
    await writeFile(join(folder, 'b.duckdb.queue'), 'not an id');
    expect(ownerQueueOf(join(folder, 'b.duckdb'))).not.toBe(queue);
    await chmod(folder, 0o500);
    expect(ownerQueueOf(join(folder, 'c.duckdb'))).toBe(ownerQueueOf(join(folder, 'c.duckdb')));
    await chmod(folder, 0o700);
  });
});
