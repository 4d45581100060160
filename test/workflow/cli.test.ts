import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { NativeConnection, Worker, type WorkflowBundleOption } from '@temporalio/worker';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { InspectInput, InspectResult } from '../../model/inspection.ts';
import { syncWorkflowId } from '../../model/workflow-id.ts';
import { findFreePort } from '../../worker/local-temporal/free-port.ts';
import { eventually } from '../support/eventually.ts';
import { FakeSteps } from '../support/fake-steps.ts';
import { quietRuntime } from '../support/quiet-runtime.ts';
import { runCli, spawnCli, type CliRun } from '../support/run-cli.ts';
import { startTestTemporal, type TestTemporal } from '../support/temporal.ts';
import { todaysWorkflows } from '../support/todays-workflows.ts';

const stream = 'crm.contacts';

let temporal: TestTemporal;
let native: NativeConnection;
let workflowBundle: WorkflowBundleOption;
let directory = '';
let taskQueue = '';
let worker: { readonly ended: Promise<void>; readonly shutdown: () => void } | null = null;

beforeAll(async () => {
  quietRuntime();
  temporal = await startTestTemporal();
  native = await NativeConnection.connect({ address: temporal.server.address });
  workflowBundle = await todaysWorkflows();
});

afterAll(async () => {
  await native?.close();
  await temporal?.stop();
});

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sluice-cli-'));
  taskQueue = `test-${Math.random().toString(36).slice(2)}`;
  writeFileSync(
    join(directory, 'sluice.yaml'),
    `version: 1
temporal: { address: "${temporal.server.address}", taskQueue: ${taskQueue} }
sources:
  crm: { kind: hubspot, accessToken: \${HUBSPOT_ACCESS_TOKEN} }
destinations:
  local: { kind: duckdb, path: ./warehouse.duckdb }
pipelines:
  crm: { source: crm, destination: local, streams: { contacts: {}, companies: {} } }
`,
  );
});

afterEach(async () => {
  const handle = temporal.client.workflow.getHandle(syncWorkflowId('backfill', stream));
  await handle.terminate('end of test').catch(() => undefined);
  worker?.shutdown();
  await worker?.ended;
  worker = null;
  rmSync(directory, { recursive: true, force: true });
});

const sluice = (...words: string[]): Promise<CliRun> => runCli(words, { directory });

/** A worker over fake steps, like the one that `sluice worker` runs over real ones. */
async function startWorker(fake: FakeSteps): Promise<void> {
  const started = await Worker.create({
    connection: native,
    taskQueue,
    workflowBundle,
    activities: fake.activities,
    sinks: fake.sinks,
    maxHeartbeatThrottleInterval: '100ms',
    defaultHeartbeatThrottleInterval: '100ms',
  });
  worker = { ended: started.run(), shutdown: () => started.shutdown() };
}

async function runningSteps(chunkMs = 500): Promise<FakeSteps> {
  const fake = new FakeSteps(1_000);
  fake.chunkMs = chunkMs;
  await startWorker(fake);
  return fake;
}

async function describeRun(): Promise<string> {
  return (await temporal.client.workflow.getHandle(syncWorkflowId('backfill', stream)).describe()).status.name;
}

function jsonLines(text: string): { schema: string; type?: string; [key: string]: unknown }[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { schema: string });
}

describe('sluice backfill --wait', () => {
  it('reports a finished run on stdout and its progress on stderr', async () => {
    await startWorker(new FakeSteps(95));
    const run = await sluice('backfill', stream, '--wait');
    expect(run.stdout).toMatch(/^crm\.contacts: done in 0:\d\d\n/);
    expect(run.stdout).toContain('read 95 = inserted 95\n');
    expect(run.stdout).toContain('95 rows live, 0 deleted');
    expect(run.stderr).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ crm\.contacts /);
    expect(run.stderr.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
    expect(run.exitCode).toBe(0);
  });

  it('writes JSON lines with exactly one result, the last', async () => {
    await startWorker(new FakeSteps(95));
    const run = await sluice('backfill', stream, '--wait', '--json');
    const lines = jsonLines(run.stdout);
    expect(lines.every(({ schema }) => schema === 'sluice.backfill/1')).toBe(true);
    expect(lines.filter(({ type }) => type === 'result')).toHaveLength(1);
    expect(lines.at(-1)).toMatchObject({
      type: 'result',
      exitCode: 0,
      streams: [{ stream, exitCode: 0, end: { kind: 'done', result: { totals: { read: 95 } } } }],
    });
    expect(run.stderr).toBe('');
    expect(run.exitCode).toBe(0);
  });

  it('says what was rejected, with exit code 3', async () => {
    const fake = new FakeSteps(20);
    fake.rejectedPerBatch = 1;
    await startWorker(fake);
    const run = await sluice('backfill', stream, '--wait');
    expect(run.stderr).toContain('2 records rejected, 0 values set to NULL; next: sluice errors crm.contacts');
    expect(run.stdout).toContain('read 20 = inserted 18 + rejected 2\n');
    expect(run.exitCode).toBe(3);
  });

  it.each([
    ['AuthRejected', 4],
    ['SchemaConflict', 1],
  ])('ends a run that failed as %s with exit code %d and one error', async (failure, exitCode) => {
    const fake = new FakeSteps(20);
    fake.failsAt.set('extract 1', failure);
    await startWorker(fake);
    const run = await sluice('backfill', stream, '--wait');
    expect(run.stderr.match(/^error: .*$/gm)).toEqual([expect.stringContaining(`backfill of ${stream} failed: `)]);
    expect(run.stdout).toBe('');
    expect(run.exitCode).toBe(exitCode);
  });

  it('stops waiting at --timeout, and the run goes on', async () => {
    await runningSteps();
    const run = await sluice('backfill', stream, '--wait', '--timeout', '2s');
    expect(run.stderr).toContain(
      `still running at --timeout; the run goes on. Watch it: sluice status ${stream} --watch`,
    );
    expect(run.exitCode).toBe(6);
    expect(await describeRun()).toBe('RUNNING');
  });

  it('stops waiting at Ctrl-C, says how to go on, and the run goes on', async () => {
    const fake = await runningSteps();
    const child = spawnCli(['backfill', stream, '--wait'], { directory });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const closed = once(child, 'close');
    await eventually('a second chunk', () => fake.log.includes('extract 2'));
    child.kill('SIGINT');
    const [exitCode] = await closed;
    expect(stderr).toContain(
      `the run goes on. Watch it: sluice status ${stream} --watch. Stop it: sluice cancel ${stream}`,
    );
    expect(exitCode).toBe(130);
    expect(await describeRun()).toBe('RUNNING');
  });
});

describe('a running backfill', () => {
  it('keeps a second one from starting', async () => {
    await runningSteps();
    expect((await sluice('backfill', stream)).exitCode).toBe(0);
    const second = await sluice('backfill', stream);
    expect(second.stderr).toMatch(
      /^error: backfill of crm\.contacts is already running \(started .+\); next: sluice status crm\.contacts --watch\n$/,
    );
    expect(second.stdout).toBe('');
    expect(second.exitCode).toBe(2);
  });

  it('is paused with a note that others see, resumed and cancelled', async () => {
    await runningSteps(200);
    const waiting = sluice('backfill', stream, '--wait');
    await eventually('a run', async () => (await describeRun().catch(() => null)) === 'RUNNING');

    expect(await sluice('pause', stream, '--note', 'launch day')).toMatchObject({
      stdout: `paused backfill of ${stream}\n`,
      exitCode: 0,
    });
    const status = await sluice('status', stream);
    expect(status.stdout).toMatch(/Paused (\d+ % )?by anna@\S+ at \S+ \S+ UTC "launch day"/);
    const again = await sluice('pause', stream);
    expect(again).toMatchObject({ stdout: expect.stringMatching(/already paused by anna@/) as string, exitCode: 0 });

    expect(await sluice('resume', stream)).toMatchObject({ stdout: `resumed backfill of ${stream}\n`, exitCode: 0 });
    expect(await sluice('resume', stream)).toMatchObject({
      stdout: `backfill of ${stream} was not paused; it goes on\n`,
      exitCode: 0,
    });
    expect(await sluice('cancel', stream, '--note', 'wrong account')).toMatchObject({
      stdout: `cancelled backfill of ${stream}\n`,
      exitCode: 0,
    });
    const waited = await waiting;
    expect(waited.stderr).toContain(
      'error: backfill of crm.contacts was cancelled; next: sluice backfill crm.contacts --resume',
    );
    expect(waited.exitCode).toBe(1);
    expect((await sluice('status', stream)).stdout).toContain('Cancelled');
  });
});

describe('with nothing running', () => {
  it.each(['pause', 'resume', 'cancel'])('%s of a stream is one error', async (verb) => {
    const run = await sluice(verb, 'crm.companies');
    expect(run).toEqual({
      stdout: '',
      stderr: 'error: nothing of crm.companies is running; next: sluice status crm.companies\n',
      exitCode: 1,
    });
  });

  it('cancel --all is done at once', async () => {
    const run = await sluice('cancel', '--all', '--yes');
    expect(run).toEqual({ stdout: '', stderr: 'nothing is running\n', exitCode: 0 });
  });
});

describe('without a worker', () => {
  it('a backfill starts, waits for one, and says so', async () => {
    const run = await sluice('backfill', stream, '--wait', '--timeout', '2s');
    expect(run.stderr).toContain(
      `warning: no worker polls task queue ${taskQueue}; the run starts when one does; next: sluice dev`,
    );
    expect(run.stderr).toContain(`Waiting for a worker on task queue ${taskQueue}\n`);
    expect(run.exitCode).toBe(6);
  });

  it.each([
    ['history', stream],
    ['errors', stream],
    ['discover', 'crm'],
  ])('%s is one error', async (...words) => {
    const run = await sluice(...words);
    expect(run).toEqual({
      stdout: '',
      stderr: `error: no worker polls task queue ${taskQueue}; next: sluice dev, or sluice worker\n`,
      exitCode: 5,
    });
  });

  it('status still shows every stream, and says why rows are not counted', async () => {
    const run = await sluice('status', '--json');
    const [document] = jsonLines(run.stdout);
    expect(document).toMatchObject({
      schema: 'sluice.status/1',
      rowsUnavailable: `no worker polls task queue ${taskQueue}`,
      streams: [{ stream }, { stream: 'crm.companies', state: 'neverRun', rows: null }],
    });
    expect(run.exitCode).toBe(0);
  });

  it('check says so, and what variable a worker from this shell would miss', async () => {
    const run = await sluice('check');
    expect(run.stdout).toContain(`✗ worker: no worker polls task queue ${taskQueue}`);
    expect(run.stdout).toMatch(/! source crm: .*HUBSPOT_ACCESS_TOKEN is not set\n {4}next: set HUBSPOT_ACCESS_TOKEN/);
    expect(run.stdout).toContain('✓ destination local: its options are complete');
    expect(run.exitCode).toBe(5);
  });
});

describe('sluice status --watch', () => {
  it('ends with the run, in JSON with exactly one result, the last', async () => {
    await startWorker(new FakeSteps(95));
    await sluice('backfill', stream);
    const run = await sluice('status', stream, '--watch', '--json');
    const lines = jsonLines(run.stdout);
    expect(lines.filter(({ type }) => type === 'result')).toHaveLength(1);
    expect(lines.at(-1)).toMatchObject({ type: 'result', streams: [{ stream, state: 'done', end: { kind: 'done' } }] });
    expect(run.exitCode).toBe(0);
  });
});

describe('sluice errors --refetch', () => {
  const allIds = Array.from({ length: 1_200 }, (_, n) => String(10_000 + n));
  const withRejects = async () => {
    const asked: InspectInput[] = [];
    const inspected = (input: InspectInput): InspectResult => {
      asked.push(input);
      const after = input.verb === 'errorIds' ? (input.after ?? '') : '';
      const ids = allIds.filter((id) => id > after).slice(0, 1_000);
      return { verb: 'errorIds', stream, total: allIds.length, ids };
    };
    await startWorker(Object.assign(new FakeSteps(20), { inspected }));
    return asked;
  };

  it('refuses more records than one run takes, unless somebody waits for the runs', async () => {
    await withRejects();
    expect(await sluice('errors', stream, '--refetch')).toEqual({
      exitCode: 2,
      stdout: '',
      stderr:
        'error: 1,200 records are 2 runs of at most 1,000, one after another; nothing was started; ' +
        'next: add --wait, or narrow it by --column, --reason or --since\n',
    });
  });

  it('reads them again in one run after another, and says what became of each', async () => {
    const asked = await withRejects();
    const run = await sluice('errors', stream, '--column', 'visits', '--refetch', '--wait', '--json');
    expect(asked).toEqual(
      [null, '10999', '11199'].map((after) => ({ verb: 'errorIds', stream, after, column: 'visits' })),
    );
    const results = jsonLines(run.stdout).filter(({ type }) => type === 'result');
    expect(results).toEqual([
      {
        schema: 'sluice.errors/1',
        type: 'result',
        exitCode: 0,
        stream,
        runs: [expect.objectContaining({ mode: 'resync', exitCode: 0 }), expect.objectContaining({ mode: 'resync' })],
      },
    ]);
    expect(jsonLines(run.stdout).at(-1)).toEqual(results[0]);
    expect(run.exitCode).toBe(0);
  });
});

describe('sluice errors --export', () => {
  it('says where the file is, when the worker wrote it on another machine', async () => {
    const file = { id: '1a', folder: '/far/away/1a', file: 'errors.csv', rejects: 1_234 };
    await startWorker(Object.assign(new FakeSteps(0), { inspected: { verb: 'exportErrors', stream, ...file } }));
    const run = await sluice('errors', stream, '--export', 'a.csv');
    expect(run).toMatchObject({
      exitCode: 0,
      stdout: `1,234 rejects of ${stream} are in /far/away/1a/errors.csv on the worker's machine, for a day\n`,
    });
    expect(existsSync(join(directory, 'a.csv'))).toBe(false);
  });
});

describe('sluice dev', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)(
    'is found by the other verbs, and leaves nothing behind on %s',
    async (signal) => {
      const yaml = readFileSync(join(directory, 'sluice.yaml'), 'utf8');
      writeFileSync(join(directory, 'sluice.yaml'), yaml.replace(/^temporal: .*\n/m, ''));
      const env = { HOME: homedir() };
      const ports = ['--port', String(await findFreePort(0)), '--ui-port', String(await findFreePort(0))];
      const child = spawnCli(['dev', '--json', ...ports], { directory, env });
      const closed = once(child, 'close');
      try {
        const [ready] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
        const { address, uiUrl } = JSON.parse(ready) as { address: string; uiUrl: string };

        const status = await runCli(['status', '--json'], { directory, env });
        expect(jsonLines(status.stdout)[0]).toMatchObject({
          rowsUnavailable: null,
          streams: [{ rows: null }, { rows: null }],
        });
        const second = await runCli(['dev'], { directory, env });
        expect(second.stderr).toBe(
          `error: sluice dev already runs for this config (pid ${child.pid}, Temporal at ${address}); next: use that one, or end it with Ctrl-C\n`,
        );
        expect(second.exitCode).toBe(2);

        child.kill(signal);
        expect(await closed).toEqual([0, null]);
        expect(existsSync(join(directory, '.sluice', 'dev.json'))).toBe(false);
        for (const port of [address.split(':')[1], new URL(uiUrl).port]) {
          expect(await findFreePort(Number(port))).toBe(Number(port));
        }
      } finally {
        child.kill('SIGKILL');
      }
    },
  );
});
