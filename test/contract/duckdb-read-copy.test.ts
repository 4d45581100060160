import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDuckDbDestination } from '../../destinations/duckdb/destination.ts';
import type { Destination } from '../../model/destination.ts';
import { noUse } from '../support/destination-under-test.ts';
import { eventually } from '../support/eventually.ts';
import { contactsPlan, instant, type TestRecord } from '../support/staged-records.ts';
import { openTestRun } from '../support/staged-run.ts';

const { stream, table } = contactsPlan;
const target = { stream, table };
const noAbort = new AbortController().signal;

const record = (id: number): TestRecord => ({ id: String(id), _version: instant(1), _observed_at: instant(2) });

describe('the read copy of a DuckDB file', () => {
  let folder: string;
  let path: string;
  let destination: Destination;

  const open = (readCopy: 'afterRun' | 'off') =>
    openDuckDbDestination({ kind: 'duckdb', path, memoryLimit: '1GB', threads: 2, readCopy });

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sluice-duckdb-'));
    path = join(folder, 'warehouse.duckdb');
    destination = open('afterRun');
  });
  afterEach(async () => {
    await destination.close();
    await rm(folder, { recursive: true, force: true });
  });

  const files = async () => (await readdir(folder)).filter((name) => name.includes('.read.')).toSorted();
  const published = async () => {
    await eventually(
      'a published copy and nothing else',
      async () => (await files()).join() === 'warehouse.duckdb.read.duckdb',
    );
  };
  const runWith = async (run: string, minute: number, records: readonly TestRecord[] | null) => {
    const opened = await openTestRun(destination, { run, startedAt: instant(minute) });
    if (records !== null) await opened.mergeRecords(records);
    await destination.closeRun({ ...target, run, status: 'done', error: null }, noAbort);
  };

  /** Another program that opens the copy as any would, and counts its rows whenever it is told to. */
  async function openElsewhere() {
    const script = `
      const { DuckDBInstance } = require('@duckdb/node-api');
      (async () => {
        const instance = await DuckDBInstance.create(${JSON.stringify(`${path}.read.duckdb`)});
        const connection = await instance.connect();
        for await (const _ of process.stdin) {
          const rows = (await connection.runAndReadAll('SELECT count(*) AS n FROM hubspot.contacts')).getRowsJson();
          console.log(String(rows[0][0]));
        }
      })();`;
    const child = spawn(process.execPath, ['-e', script], { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    return {
      count: async () => {
        child.stdin.write('count\n');
        const { value } = await lines.next();
        return Number(value);
      },
      end: async () => {
        child.stdin.end();
        if (child.exitCode === null) await once(child, 'exit');
      },
    };
  }

  it('can be read while the owner writes, and is replaced under its readers', async () => {
    await runWith('run-1', 0, [record(1)]);
    await published();
    const writing = await openTestRun(destination, { run: 'run-2', startedAt: instant(1) });
    await writing.mergeRecords([record(2), record(3)]);

    const reader = await openElsewhere();
    expect(await reader.count()).toBe(1);
    await writing.mergeRecords([record(4)]);
    await destination.closeRun({ ...target, run: 'run-2', status: 'done', error: null }, noAbort);
    await destination.close();
    expect(await reader.count()).toBe(1);
    await reader.end();

    const later = await openElsewhere();
    expect(await later.count()).toBe(4);
    await later.end();
    expect(await destination.countRows(target, noAbort)).toEqual({ live: 4, deleted: 0 });
  });

  it('is whole although a second destination of this process has the file open', async () => {
    const second = open('off');
    try {
      await Promise.all([
        runWith('run-1', 0, [record(1)]),
        openTestRun(second, { run: 'run-2', startedAt: instant(0), mode: 'softDelete' }),
      ]);
      await published();
      await second.countRows(target, noAbort);
      const reader = await openElsewhere();
      expect(await reader.count()).toBe(1);
      await reader.end();
    } finally {
      await second.close();
    }
  });

  it('is not made for a run that wrote nothing, nor where it is off', async () => {
    await runWith('run-1', 0, null);
    await destination.close();
    expect(await files()).toEqual([]);
    destination = open('off');
    await runWith('run-2', 1, [record(1)]);
    await destination.close();
    expect(await files()).toEqual([]);
  });

  it('that cannot be written fails no run: the check says so, and the next attempt makes it good', async () => {
    const inTheWay = `${path}.read.duckdb`;
    await mkdir(join(inTheWay, 'taken'), { recursive: true });
    await runWith('run-1', 0, [record(1)]);
    const copyFinding = async () =>
      (await destination.check(noUse, noAbort)).find(({ subject }) => subject === 'read copy');
    expect(await eventually('a finding', copyFinding)).toMatchObject({
      status: 'warning',
      text: expect.stringContaining(inTheWay),
      next: expect.any(String),
    });
    expect(await readdir(folder)).not.toContain('warehouse.duckdb.read.duckdb.tmp');
    await rmdir(join(inTheWay, 'taken'));
    await rmdir(inTheWay);
    await destination.close();
    expect(await files()).toEqual(['warehouse.duckdb.read.duckdb']);
    expect(await copyFinding()).toBeUndefined();
  });

  it('holds the owner up no longer than the copying takes', async () => {
    await runWith('run-1', 0, [record(1)]);
    const counts = Array.from({ length: 20 }, () => destination.countRows(target, noAbort));
    expect(await Promise.all(counts)).toEqual(counts.map(() => ({ live: 1, deleted: 0 })));
    await published();
  });
});
