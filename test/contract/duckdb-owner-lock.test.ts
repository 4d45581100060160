import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { acquireOwnership } from '../../destinations/duckdb/owner-lock.ts';

const ownerLock = fileURLToPath(new URL('../../destinations/duckdb/owner-lock.ts', import.meta.url));

let folder = '';
let path = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-owner-'));
  path = join(folder, 'data', 'warehouse.duckdb');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A process that owns the file until it is killed. */
async function otherOwner(of: string) {
  const program = `
    const { acquireOwnership } = await import(${JSON.stringify(ownerLock)});
    globalThis.owned = await acquireOwnership(${JSON.stringify(of)});
    process.stdout.write(globalThis.owned === null ? 'refused' : 'owns');
    setInterval(() => {}, 1_000);`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  return {
    said: said.toString(),
    async kill() {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

it('lets one process own a file, and the next as soon as that one is killed', async () => {
  const first = await otherOwner(path);
  expect(first.said).toBe('owns');
  expect(await acquireOwnership(path)).toBeNull();
  await first.kill();

  const owned = await acquireOwnership(path);
  expect(owned).not.toBeNull();
  const second = await otherOwner(path);
  expect(second.said).toBe('refused');
  await second.kill();

  owned?.[Symbol.dispose]();
  const third = await otherOwner(path);
  expect(third.said).toBe('owns');
  await third.kill();
});

it('is one owner within a process too', async () => {
  using owned = await acquireOwnership(path);
  expect(owned).not.toBeNull();
  expect(await acquireOwnership(path)).toBeNull();
  using other = await acquireOwnership(join(folder, 'data', 'other.duckdb'));
  expect(other).not.toBeNull();
});

it('knows the file by another path', async () => {
  mkdirSync(join(folder, 'data'));
  symlinkSync(join(folder, 'data'), join(folder, 'link'));
  using owned = await acquireOwnership(join(folder, 'link', 'warehouse.duckdb'));
  expect(owned).not.toBeNull();
  expect(await acquireOwnership(path)).toBeNull();
});

it('says why it cannot be had', async () => {
  mkdirSync(join(folder, 'data'));
  writeFileSync(`${path}.owner`, 'not a lock of ours, but long enough to be taken for a database file'.repeat(20));
  await expect(acquireOwnership(path)).rejects.toMatchObject({
    kind: 'ConfigInvalid',
    message: `${path}.owner cannot be locked (file is not a database)`,
  });
  rmSync(`${path}.owner`);
  mkdirSync(`${path}.owner`);
  await expect(acquireOwnership(path)).rejects.toMatchObject({ message: expect.stringContaining('cannot be locked') });
});
