import { mkdtempSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { beginChunk } from '../../activities/chunk-state.ts';
import { writeCheckpoint } from '../../activities/checkpoint.ts';
import { takeOver } from '../../activities/take-over.ts';
import { emptyPart } from '../../model/batch.ts';

let run = '';
beforeAll(() => {
  run = mkdtempSync(join(tmpdir(), 'sluice-take-over-'));
});
afterAll(() => rmSync(run, { recursive: true, force: true }));

it('leaves to the new stage what the disk refuses, and reads again', async () => {
  const [earlier, folder] = [join(run, '7-a'), join(run, '7-b')];
  mkdirSync(earlier);
  await writeCheckpoint({
    key: 'k',
    state: beginChunk({ kind: 'ids', ids: ['1'] }),
    stage: {
      directory: earlier,
      kind: 'content',
      records: emptyPart,
      tombstones: emptyPart,
      associations: [],
      absentColumns: [],
    },
  });
  // No folder can be made where a file lies.
  writeFileSync(folder, '');
  expect(await takeOver(folder, 'k')).toBeNull();
  expect(existsSync(earlier)).toBe(false);
});
