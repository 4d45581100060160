import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ActivityDeps } from '../../activities/deps.ts';
import { listStagedRuns } from '../../activities/stage-folders.ts';
import { sweepStages } from '../../activities/sweep-stages.ts';

let stageRoot = '';

beforeEach(async () => {
  stageRoot = join(await mkdtemp(join(tmpdir(), 'sluice-stages-')), 'stage');
});

afterEach(() => rm(join(stageRoot, '..'), { recursive: true, force: true }));

async function stage(path: string, bytes: number, at: string): Promise<void> {
  const folder = join(stageRoot, path, '000001-abcd');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'records.csv'), 'x'.repeat(bytes));
  for (const name of [join(folder, 'records.csv'), folder, join(stageRoot, path)]) {
    await utimes(name, new Date(at), new Date(at));
  }
}

const sweep = (...stages: { stream: string; mode: string; run: string }[]): Promise<void> =>
  sweepStages({ stageRoot } as ActivityDeps, stages, new AbortController().signal);

describe('what is staged', () => {
  it('is nothing where no run has staged yet', async () => {
    expect(await listStagedRuns(stageRoot)).toEqual([]);
  });

  it('is told by run, with its size and age, oldest first', async () => {
    await stage('crm.contacts/backfill/run-2', 10, '2026-11-20T12:00:00.000Z');
    await stage('crm.deals/verify/abc', 20, '2026-11-20T11:00:00.000Z');
    expect(await listStagedRuns(stageRoot)).toEqual([
      { stream: 'crm.deals', mode: 'verify', run: 'abc', sizeBytes: 20, modifiedAt: '2026-11-20T11:00:00.000Z' },
      { stream: 'crm.contacts', mode: 'backfill', run: 'run-2', sizeBytes: 10, modifiedAt: '2026-11-20T12:00:00.000Z' },
    ]);
  });

  it('is swept by name, once or twice, and nothing beside it', async () => {
    await stage('crm.contacts/backfill/run-1', 10, '2026-11-20T12:00:00.000Z');
    await stage('crm.contacts/backfill/run-2', 10, '2026-11-20T12:00:00.000Z');
    const first = { stream: 'crm.contacts', mode: 'backfill', run: 'run-1' };
    await sweep(first);
    await sweep(first);
    expect(await readdir(join(stageRoot, 'crm.contacts', 'backfill'))).toEqual(['run-2']);
  });

  it('is swept where it was uploaded, and nowhere else', async () => {
    await stage('crm.contacts/backfill/run-1', 10, '2026-11-20T12:00:00.000Z');
    const removed: object[] = [];
    const stages = { removeRun: async (run: object) => void removed.push(run) };
    const deps = {
      stageRoot,
      destination: async (name: string) => (name === 'warehouse' ? { stages } : { stages: null }),
    };
    const run = { stream: 'crm.contacts', mode: 'backfill', run: 'run-1' };
    await sweepStages(
      deps as unknown as ActivityDeps,
      ['warehouse', 'local'].map((destination) => ({ ...run, uploadedTo: { destination, schema: 'hubspot' } })),
      new AbortController().signal,
    );
    expect(removed).toEqual([{ ...run, schema: 'hubspot' }]);
    expect(await listStagedRuns(stageRoot)).toHaveLength(1);
  });

  it.each(['..', '.', '', 'a/b', '../..', '.hidden'])('is never swept by a name such as "%s"', async (run) => {
    await stage('crm.contacts/backfill/run-1', 10, '2026-11-20T12:00:00.000Z');
    await expect(sweep({ stream: 'crm.contacts', mode: 'backfill', run })).rejects.toMatchObject({
      kind: 'ConfigInvalid',
    });
    await expect(sweep({ stream: run, mode: 'backfill', run: 'x' })).rejects.toMatchObject({ kind: 'ConfigInvalid' });
    expect(await listStagedRuns(stageRoot)).toHaveLength(1);
  });
});
