import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compressPart } from '../../activities/compress-part.ts';
import { outlasting } from '../../model/outlasting.ts';
import { uploadStage } from '../../activities/upload-stage.ts';
import type { Stage } from '../../model/batch.ts';
import { SyncError } from '../../model/errors.ts';
import type { StageUpload } from '../../model/remote-stages.ts';
import { SharedStages } from '../support/shared-stages.ts';
import { ada, contactsPlan, encodeRecords, instant, stageChunk } from '../support/staged-records.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder[Symbol.asyncDispose]());

const noAbort = new AbortController().signal;
const run = { schema: 'hubspot', stream: 'crm.contacts', mode: 'backfill', run: 'run-1' };
const people = Array.from({ length: 90 }, (_, n) => ({ ...ada, id: String(n), email: `"${n}",\n${Math.random()}` }));
const table = { schema: 'hubspot', table: 'assoc_contacts_companies' };

/** Three files a part. */
const staged = (): Promise<Stage> =>
  stageChunk(
    contactsPlan,
    {
      records: people,
      tombstones: [['7', 'archived', null, null, instant(1)]],
      associations: [{ table, heads: [['1', instant(1)]], links: [] }],
      absentColumns: ['visits'],
    },
    { fileCount: 3, root: folder.path },
  );

describe('a part', () => {
  it('becomes gzip files that hold the same rows in the same order, and are as full as they may be', async () => {
    const { directory, records } = await staged();
    const whole = await compressPart(records, { directory, name: 'whole' }, noAbort);
    expect(whole.files.map(({ path }) => path)).toEqual([join(directory, 'whole.csv.gz')]);
    const split = await compressPart(records, { directory, name: 'split', fullBytes: 1 }, noAbort);
    expect(split.files.map(({ path }) => path)).toEqual(
      ['', '.2', '.3'].map((number) => join(directory, `split${number}.csv.gz`)),
    );
    expect(split.files.map(({ rowCount }) => rowCount)).toEqual([30, 30, 30]);
    for (const { files, rowCount } of [whole, split]) {
      expect(rowCount).toBe(90);
      const texts = files.map(({ path, sizeBytes }) => {
        const bytes = readFileSync(path);
        expect(bytes).toHaveLength(sizeBytes);
        return gunzipSync(bytes).toString('utf8');
      });
      expect(texts.join('')).toBe(encodeRecords(contactsPlan, people));
    }
  });

  it('is not made of a file that has changed since it was closed', async () => {
    const { directory, records } = await staged();
    const { path } = records.files[1]!;
    writeFileSync(path, readFileSync(path, 'utf8').replace('ada', 'eva'));
    writeFileSync(path, `${readFileSync(path, 'utf8').slice(0, -2)}x\n`);
    await expect(compressPart(records, { directory, name: 'records' }, noAbort)).rejects.toMatchObject({
      kind: 'Unavailable',
    });
  });
});

describe('a stage', () => {
  const unavailable = (): SyncError => new SyncError('Unavailable', 'no answer');

  it('is brought to the destination, file by file under its own attempt, and removed here', async () => {
    const stages = new SharedStages(join(folder.path, 'brought'));
    const stage = await staged();
    const uploaded = await uploadStage({ stages, stage, run }, noAbort);
    expect(uploaded.directory).toMatch(/^hubspot\/crm\.contacts\/backfill\/run-1\/[^/]+$/);
    expect(existsSync(stage.directory)).toBe(false);
    const names = ['assoc_contacts_companies-heads.csv.gz', 'records.csv.gz', 'tombstones.csv.gz'];
    const paths = names.map((name) => `${uploaded.directory}/${name}`);
    expect((await stages.files('hubspot')).toSorted()).toEqual(paths);
    expect(
      [uploaded.associations[0]!.heads, uploaded.records, uploaded.tombstones].map(({ files }) => files[0]!.path),
    ).toEqual(paths);
    expect(uploaded).toMatchObject({
      kind: 'content',
      absentColumns: ['visits'],
      records: { rowCount: 90 },
      tombstones: { rowCount: 1 },
      associations: [{ table, heads: { rowCount: 1 }, links: { rowCount: 0, files: [] } }],
    });
    expect(uploaded).not.toHaveProperty('unstaged');
  });

  it('has file names that any destination can name, whatever its tables are called', async () => {
    const stages = new SharedStages(join(folder.path, 'odd'));
    const odd = { schema: 'hubspot', table: `it's "x"*?` };
    const stage = await stageChunk(
      contactsPlan,
      {
        records: people,
        associations: [{ table: odd, heads: [['1', instant(1)]], links: [['1', '2', 'c', '3', null, instant(1)]] }],
      },
      { fileCount: 3, root: folder.path },
    );
    const uploaded = await uploadStage({ stages, stage, run }, noAbort);
    const files = (await stages.files('hubspot')).toSorted();
    expect(files).toHaveLength(3);
    for (const file of files) expect(basename(file)).toMatch(/^(records|part-\d)\.csv\.gz$/);
    const [{ heads, links }] = uploaded.associations as [(typeof uploaded.associations)[number]];
    expect([uploaded.records, heads, links].map(({ files: [file] }) => file!.path).toSorted()).toEqual(files);
  });

  it('is tried as often as there are pauses and once more, of the same files', async () => {
    const stages = new SharedStages(join(folder.path, 'patient'));
    stages.failures.push(unavailable(), unavailable());
    await uploadStage({ stages, stage: await staged(), run, retryAfterMs: [1, 1] }, noAbort);
    expect(stages.uploads).toHaveLength(3);
  });

  it.each([
    ['the destination stays away', [unavailable(), unavailable(), unavailable()], 3],
    ['it may not be written', [new SyncError('AuthRejected', 'no privilege on the stage')], 1],
    ['something unforeseen happens', [new Error('what is this')], 1],
  ])('is left as it was closed where %s', async (_, failures, attempts) => {
    const stages = new SharedStages(join(folder.path, 'refused'));
    stages.failures.push(...failures);
    const stage = await staged();
    const upload = uploadStage({ stages, stage, run, retryAfterMs: [1, 1] }, noAbort);
    await expect(upload).rejects.toBe(failures.at(-1));
    expect(stages.uploads).toHaveLength(attempts);
    for (const { path, sizeBytes } of stage.records.files) expect(readFileSync(path)).toHaveLength(sizeBytes);
  });

  it('is given up where there is no time left, also between two attempts', async () => {
    const stages = new SharedStages(join(folder.path, 'late'));
    stages.failures.push(unavailable(), unavailable());
    const stopping = new AbortController();
    const upload = uploadStage({ stages, stage: await staged(), run, retryAfterMs: [60_000] }, stopping.signal);
    setTimeout(() => stopping.abort(new Error('no time')), 50);
    await expect(upload).rejects.toThrow();
    expect(stages.uploads.length).toBeLessThanOrEqual(1);
  });

  it('without a row needs no upload', async () => {
    const stages = new SharedStages(join(folder.path, 'empty'));
    const stage = await stageChunk(contactsPlan, {}, { root: folder.path });
    await uploadStage({ stages, stage, run }, noAbort);
    expect(stages.uploads satisfies readonly StageUpload[]).toEqual([]);
    expect(await readdir(folder.path)).not.toContain(stage.directory);
  });
});

describe('a signal that outlasts another', () => {
  it('aborts a while after it, for the same reason', async () => {
    const interrupted = new AbortController();
    using grace = outlasting(interrupted.signal, 30);
    interrupted.abort('paused');
    expect(grace.signal.aborted).toBe(false);
    await new Promise((resolve) => grace.signal.addEventListener('abort', resolve));
    expect(grace.signal.reason).toBe('paused');
  });

  it('aborts as late where the other had aborted before, and never once it is over', async () => {
    const { signal } = (() => {
      using over = outlasting(AbortSignal.abort('paused'), 10);
      return over;
    })();
    using grace = outlasting(AbortSignal.abort('paused'), 20);
    expect(grace.signal.aborted).toBe(false);
    await new Promise((resolve) => grace.signal.addEventListener('abort', resolve));
    expect(signal.aborted).toBe(false);
  });
});
