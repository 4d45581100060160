import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newStageFolder } from '../../activities/stage-folders.ts';
import { StageWriter } from '../../activities/stage-writer.ts';
import { announceDevServer } from '../../client/dev-server.ts';

let folder = '';
let umask = 0;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-private-'));
  umask = process.umask(0);
});
afterEach(() => {
  process.umask(umask);
  rmSync(folder, { recursive: true, force: true });
});

/** Permissions of all that is below the folder, by its path. */
function modes(): Record<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return Object.fromEntries(
    entries.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [relative(folder, path), (statSync(path).mode & 0o777).toString(8)];
    }),
  );
}

/** With a umask that forbids nothing. */
describe('what may hold values is for this user alone', () => {
  it('stages, and every folder that is made for them', async () => {
    const owner = {
      stageRoot: join(folder, '.sluice', 'stage'),
      stream: 'crm.contacts',
      mode: 'backfill',
      run: 'r1',
    } as const;
    const writer = await StageWriter.open(newStageFolder(owner, 1));
    await writer.records([['1', 'anna@example.com']]);
    await writer.tombstones([['2', null]]);
    await writer.close('content', []);
    const found = modes();
    const files = Object.keys(found).filter((path) => path.endsWith('.csv'));
    expect(files).toHaveLength(2);
    for (const [path, mode] of Object.entries(found)) expect(mode, path).toBe(files.includes(path) ? '600' : '700');
  });

  it('the file by which commands find a local Temporal', () => {
    const startedAt = new Date().toISOString();
    const withdraw = announceDevServer(join(folder, '.sluice'), {
      address: '127.0.0.1:7233',
      uiUrl: null,
      pid: process.pid,
      startedAt,
      taskQueue: 'sluice',
    });
    expect(modes()).toEqual({ '.sluice': '700', '.sluice/dev.json': '600' });
    withdraw();
  });
});
