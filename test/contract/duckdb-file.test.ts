import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDuckDbDestination } from '../../destinations/duckdb/destination.ts';
import type { Destination } from '../../model/destination.ts';
import { noUse } from '../support/destination-under-test.ts';
import { holdFile } from '../support/held-file.ts';
import { openDuckDbUnderTest } from '../support/duckdb-under-test.ts';
import { readWarehouse } from '../support/warehouse.ts';
import { contactsPlan, instant, type TestRecord } from '../support/staged-records.ts';
import { openTestRun } from '../support/staged-run.ts';

const { stream, table } = contactsPlan;
const target = { stream, table };
const noAbort = new AbortController().signal;
const open = (path: string) =>
  openDuckDbDestination({ kind: 'duckdb', path, memoryLimit: '1GB', threads: 2, readCopy: 'off' });

const record = (id: number): TestRecord => ({
  id: String(id),
  email: `${id}@example.com`,
  _version: instant(1),
  _observed_at: instant(2),
});

describe('the file of a DuckDB destination', () => {
  let folder: string;
  let path: string;
  let destination: Destination;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sluice-duckdb-'));
    path = join(folder, 'warehouse.duckdb');
    destination = open(path);
  });
  afterEach(async () => {
    await destination.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** Another program that opens the file, says so, and holds it until it is ended. */
  async function holdElsewhere() {
    const script = `require('@duckdb/node-api').DuckDBInstance.create(${JSON.stringify(path)})
      .then(() => { console.log('open'); setInterval(() => {}, 1000); }, () => { console.log('refused'); process.exit(1); })`;
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [word] = (await once(child.stdout, 'data')) as [Buffer];
    const end = async () => {
      if (child.exitCode === null && child.kill('SIGKILL')) await once(child, 'exit');
    };
    return { pid: child.pid!, word: word.toString().trim(), end };
  }

  it('names the file and the process that holds it, and goes on once that ends', async () => {
    await (await openTestRun(destination, { run: 'run-1', startedAt: instant(0) })).mergeRecords([record(1)]);
    await destination.close();
    const other = await holdElsewhere();
    try {
      const failure = destination.countRows(target, noAbort);
      await expect(failure).rejects.toMatchObject({
        kind: 'Conflict',
        message: expect.stringContaining(path),
        next: expect.stringContaining(`process ${other.pid}`),
      });
      const findings = await destination.check(noUse, noAbort);
      expect(findings.map(({ subject, status, kind }) => [subject, status, kind])).toEqual([
        ['folder', 'ok', null],
        ['database', 'failed', 'unreachable'],
      ]);
      expect(findings[1]?.text).toContain(`process ${other.pid}`);
    } finally {
      await other.end();
    }
    expect(await destination.countRows(target, noAbort)).toEqual({ live: 1, deleted: 0 });
  });

  it('is not opened to say where a stream stands, as long as nobody wrote it', async () => {
    const run = await openTestRun(destination, { run: 'run-1', startedAt: instant(0) });
    const liveRows = async (): Promise<number | null> => (await destination.readState(target, noAbort)).liveRows;
    expect(await liveRows()).toBe(0);
    await run.mergeRecords([record(1)]);
    expect(await liveRows()).toBe(1);
    await destination.close();
    // Nor where another stream was written, and the file by closing it.
    const elsewhere = { ...contactsPlan, stream: 'crm.others', table: { ...table, table: 'others' } };
    await openTestRun(destination, { run: 'run-2', startedAt: instant(0), plan: elsewhere });
    await destination.close();

    const other = await holdElsewhere();
    expect(await liveRows()).toBe(1);
    await other.end();
    await holdFile(path, (execute) => execute(`DELETE FROM ${table.schema}.${table.table}`));
    expect(await liveRows()).toBe(0);
    await rm(path);
    expect(await liveRows()).toBeNull();
  });

  it('is opened anew where another file was put in its place, also before it was let go of', async () => {
    const other = join(folder, 'other.duckdb');
    const elsewhere = open(other);
    await (await openTestRun(elsewhere, { run: 'run-1', startedAt: instant(0) })).mergeRecords([1, 2, 3].map(record));
    await elsewhere.close();
    await (await openTestRun(destination, { run: 'run-2', startedAt: instant(1) })).mergeRecords([record(1)]);
    // Two that share one instance.
    const second = open(path);
    expect(await second.countRows(target, noAbort)).toEqual({ live: 1, deleted: 0 });
    const liveRows = async (): Promise<number | null> => (await destination.readState(target, noAbort)).liveRows;
    expect(await liveRows()).toBe(1);

    await rename(other, path);
    expect(await liveRows()).toBe(3);
    expect(await liveRows()).toBe(3);
    await (await openTestRun(destination, { run: 'run-3', startedAt: instant(2) })).mergeRecords([record(4)]);
    await Promise.all([destination.close(), second.close()]);
    const rows = await readWarehouse(path, (query) =>
      query(`SELECT count(*) AS n FROM ${table.schema}.${table.table}`),
    );
    expect(rows).toEqual([{ n: '4' }]);
  });

  it('is free for other programs soon after the last use', async () => {
    await openTestRun(destination, { run: 'run-1', startedAt: instant(0) });
    const early = await holdElsewhere();
    await early.end();
    expect(early.word).toBe('refused');
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    const late = await holdElsewhere();
    await late.end();
    expect(late.word).toBe('open');
  });

  it('takes turns with a second destination on the same file', async () => {
    const second = open(path);
    const runs = await Promise.all([
      openTestRun(destination, { run: 'a', startedAt: instant(0) }),
      openTestRun(second, { run: 'b', startedAt: instant(0), mode: 'softDelete' }),
    ]);
    const merges = runs.flatMap((run, n) => [run.mergeRecords([record(n)]), run.mergeRecords([record(n + 10)])]);
    const outcomes = await Promise.allSettled(merges);
    expect(outcomes.filter(({ status }) => status === 'rejected')).toEqual([]);
    await second.close();
    expect((await destination.listRuns({ ...target, limit: 5 }, noAbort)).map(({ run }) => run).toSorted()).toEqual([
      'a',
      'b',
    ]);
  });

  it('refuses a file that is no database', async () => {
    await writeFile(path, 'id,email\n'.repeat(2_000));
    await expect(openTestRun(destination, { run: 'run-1', startedAt: instant(0) })).rejects.toMatchObject({
      kind: 'ConfigInvalid',
      message: `${path} exists but is not a DuckDB database`,
    });
    expect((await destination.check(noUse, noAbort))[1]).toMatchObject({ status: 'failed', kind: 'config' });
  });

  it.skipIf(process.getuid?.() === 0)('refuses a folder that it may not write to', async () => {
    const locked = join(folder, 'locked');
    await mkdir(locked);
    await chmod(locked, 0o500);
    const there = open(join(locked, 'new', 'warehouse.duckdb'));
    await expect(openTestRun(there, { run: 'run-1', startedAt: instant(0) })).rejects.toMatchObject({
      kind: 'ConfigInvalid',
    });
    expect(await there.check(noUse, noAbort)).toMatchObject([{ subject: 'folder', status: 'failed', kind: 'config' }]);
  });

  it('refuses a folder whose place is taken by a file', async () => {
    await writeFile(join(folder, 'taken'), '');
    const there = open(join(folder, 'taken', 'warehouse.duckdb'));
    await expect(openTestRun(there, { run: 'run-1', startedAt: instant(0) })).rejects.toMatchObject({
      kind: 'ConfigInvalid',
      message: expect.stringContaining('taken'),
    });
    expect(await there.check(noUse, noAbort)).toMatchObject([{ subject: 'folder', status: 'failed', kind: 'config' }]);
  });

  it.runIf(process.platform === 'linux')('says so when the disk is full', async () => {
    const there = open('/dev/full');
    await expect(openTestRun(there, { run: 'run-1', startedAt: instant(0) })).rejects.toMatchObject({
      kind: 'Unavailable',
      message: 'no space is left on the disk of /dev/full',
    });
  });
});

describe('a merge into DuckDB that is cut off', () => {
  it('writes nothing when aborted, at whatever moment, and merges afterwards', async () => {
    const under = await openDuckDbUnderTest();
    try {
      const run = await openTestRun(under.destination, { run: 'run-1', startedAt: instant(0) });
      const records = Array.from({ length: 150_000 }, (_, n) => record(n));
      const request = await run.mint(records, { fileCount: 4 });
      const reason = new Error('cancelled');
      let abortedAfterMs = 0;
      for (const delayMs of [5, 30, 60, 100, 150, 220, 300]) {
        const control = new AbortController();
        const startedMs = performance.now();
        const merging = under.destination.mergeBatch(request, control.signal);
        setTimeout(() => control.abort(reason), delayMs);
        const [outcome] = await Promise.allSettled([merging]);
        if (outcome.status === 'fulfilled') break;
        expect(outcome.reason).toBe(reason);
        expect(performance.now() - startedMs - delayMs).toBeLessThan(1_000);
        expect(await under.destination.countRows(target, noAbort)).toEqual({ live: 0, deleted: 0 });
        abortedAfterMs = delayMs;
      }
      expect(abortedAfterMs).toBeGreaterThanOrEqual(60);
      expect((await run.merge(request)).kind).toBe('merged');
      expect(await under.destination.countRows(target, noAbort)).toEqual({ live: 150_000, deleted: 0 });
    } finally {
      await under.dispose();
    }
  });

  it('is all there or not at all after kill -9', async () => {
    const under = await openDuckDbUnderTest();
    const script = fileURLToPath(new URL('../support/merge-until-killed.ts', import.meta.url));
    try {
      let reported = 0;
      for (const delayMs of [0, 15, 40, 70, 100]) {
        const child = spawn(process.execPath, [script, under.path], { stdio: ['ignore', 'pipe', 'inherit'] });
        const killed = once(child, 'exit');
        const goal = reported + 2;
        const isBusy = Promise.withResolvers<void>();
        createInterface(child.stdout).on('line', (line) => {
          const [word, sequence] = line.split(' ');
          if (word === 'merged') reported = Number(sequence);
          else if (Number(sequence) >= goal) isBusy.resolve();
        });
        await Promise.race([isBusy.promise, killed]);
        await new Promise((resolve) => setTimeout(resolve, delayMs));
        child.kill('SIGKILL');
        expect(await killed).toEqual([null, 'SIGKILL']);

        const perBatch = new Map((await under.readRows(table)).map((row) => [row['_batch_id'], 0]));
        for (const row of await under.readRows(table))
          perBatch.set(row['_batch_id']!, perBatch.get(row['_batch_id']!)! + 1);
        const ledger = await under.readRows({ schema: table.schema, table: 'sync_batches' });
        expect(Object.fromEntries(perBatch)).toEqual(
          Object.fromEntries(ledger.map((row) => [row['batch_id'], Number(row['inserted'])])),
        );
        expect(ledger.length).toBeGreaterThanOrEqual(reported);
      }
    } finally {
      await under.dispose();
    }
  });
});
