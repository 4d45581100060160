import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ScheduleNotFoundError } from '@temporalio/client';
import { bundleWorkflowCode, NativeConnection, Worker, type WorkflowBundle } from '@temporalio/worker';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { SyncMode } from '../../model/plan.ts';
import { scheduleId, syncWorkflowId, workflowNames } from '../../model/workflow-id.ts';
import { eventually } from '../support/eventually.ts';
import { OtlpReceiver } from '../support/otlp-receiver.ts';
import { quietRuntime } from '../support/quiet-runtime.ts';
import { runCli, type CliRun } from '../support/run-cli.ts';
import { finishSignal, ownerQueue, type SteerableInput } from '../support/steerable-workflows.ts';
import { startTestTemporal, type TestTemporal } from '../support/temporal.ts';

let temporal: TestTemporal;
let native: NativeConnection;
let workflowBundle: WorkflowBundle;
let directory = '';
let taskQueue = '';
/** A stream of its own for each test, since ids are fixed. */
let pipeline = '';
let stream = '';
let worker: Worker;
let ended: Promise<void>;

beforeAll(async () => {
  quietRuntime();
  temporal = await startTestTemporal();
  native = await NativeConnection.connect({ address: temporal.server.address });
  workflowBundle = await bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('../support/steerable-workflows.ts', import.meta.url)),
  });
});

afterAll(async () => {
  await native?.close();
  await temporal?.stop();
});

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sluice-cli-'));
  const name = Math.random().toString(36).slice(2);
  taskQueue = `test-${name}`;
  pipeline = `p${name}`;
  stream = `${pipeline}.contacts`;
  writeConfig('contacts: {}');
  worker = await Worker.create({ connection: native, taskQueue, workflowBundle });
  ended = worker.run();
});

afterEach(async () => {
  for await (const { scheduleId: id } of temporal.client.schedule.list()) {
    await temporal.client.schedule
      .getHandle(id)
      .delete()
      .catch(() => undefined);
  }
  for await (const { workflowId } of temporal.client.workflow.list({ query: 'ExecutionStatus = "Running"' })) {
    await temporal.client.workflow
      .getHandle(workflowId)
      .terminate('end of test')
      .catch(() => undefined);
  }
  worker.shutdown();
  await ended;
  rmSync(directory, { recursive: true, force: true });
});

function writeConfig(streams: string): void {
  writeFileSync(
    join(directory, 'sluice.yaml'),
    `version: 1
temporal: { address: "${temporal.server.address}", taskQueue: ${taskQueue} }
sources:
  crm: { kind: hubspot, accessToken: none }
destinations:
  local: { kind: duckdb, path: ./warehouse.duckdb }
pipelines:
  ${pipeline}: { source: crm, destination: local, streams: { ${streams} } }
`,
  );
}

const sluice = (...words: string[]): Promise<CliRun> => runCli(words, { directory });

const start = (mode: SyncMode, change: Partial<SteerableInput> = {}) =>
  temporal.client.workflow.start(workflowNames[mode].type, {
    workflowId: syncWorkflowId(mode, stream),
    taskQueue,
    args: [{ stream, ...change }],
  });

/** Starts a run as the schedule would, at once. */
async function trigger(mode: SyncMode): Promise<string> {
  const schedule = temporal.client.schedule.getHandle(scheduleId(mode, stream));
  await schedule.trigger();
  return eventually('a scheduled run', async () => {
    const { recentActions } = (await schedule.describe()).info;
    return recentActions.at(-1)?.action.workflow.workflowId;
  });
}

const statusOf = async (workflowId: string): Promise<string> =>
  (await temporal.client.workflow.getHandle(workflowId).describe()).status.name;

/** As a trace is named. */
const traceOf = async (workflowId: string): Promise<string> =>
  (await temporal.client.workflow.getHandle(workflowId).describe()).runId.replaceAll('-', '');

const isPaused = async (mode: SyncMode): Promise<boolean> =>
  (await temporal.client.schedule.getHandle(scheduleId(mode, stream)).describe()).state.paused;

const lines = ({ stdout }: CliRun): string[] => stdout.trimEnd().split('\n');

describe('sluice schedules', () => {
  it('are made those of the config, once', async () => {
    const dryRun = await sluice('schedules', 'apply', '--dry-run');
    expect(lines(dryRun)).toEqual([
      'schedule\tevery\twould be',
      `incremental/${stream}\t2m\tcreated`,
      `soft-delete/${stream}\t6h\tcreated`,
      `reconcile/${stream}\t1d\tcreated`,
    ]);
    expect((await sluice('schedules', 'apply', '--json')).stdout).toContain('"change":"created"');
    const again = JSON.parse((await sluice('schedules', 'apply', '--json')).stdout) as {
      changes: { change: string }[];
    };
    expect(again.changes.map(({ change }) => change)).toEqual(['unchanged', 'unchanged', 'unchanged']);

    writeConfig('contacts: { schedules: { incremental: 5m, softDelete: off } }');
    const list = await sluice('schedules');
    expect(list.stdout).toMatch(
      new RegExp(`^incremental/${stream}\\t2m\\t.*Older than the config \\(times: every 2m.*`, 'm'),
    );
    expect(list.stdout).toMatch(new RegExp(`^soft-delete/${stream}\\t6h\\t.*Not in config$`, 'm'));
    expect(list.stderr).toBe('Temporal and config differ; next: sluice schedules apply\n');
    const applied = await sluice('schedules', 'apply', stream);
    expect(
      lines(applied)
        .slice(1)
        .map((line) => line.split('\t')[2]?.split(' ')[0]),
    ).toEqual(['updated', 'deleted', 'unchanged']);
    expect(applied.exitCode).toBe(0);
    expect((await sluice('schedules')).stderr).toBe('');
  });

  it('are compared with the config by diff, whose exit code tells', async () => {
    await sluice('schedules', 'apply');
    expect(await sluice('schedules', 'diff')).toEqual({
      stdout: '',
      stderr: 'Temporal has the schedules of the config\n',
      exitCode: 0,
    });
    await temporal.client.schedule.getHandle(scheduleId('reconcile', stream)).update((stored) => ({
      ...stored,
      action: { ...stored.action, args: [{ stream: 'crm.other' }] },
    }));
    writeConfig('contacts: { schedules: { softDelete: "30 2 * * *", timezone: Europe/Berlin } }');
    const changed = await sluice('schedules', 'diff', '--json');
    expect(changed.exitCode).toBe(3);
    expect(JSON.parse(changed.stdout)).toMatchObject({
      schema: 'sluice.schedules/1',
      exitCode: 3,
      isDryRun: true,
      changes: [
        { mode: 'incremental', change: 'unchanged', everyMs: 120_000, drift: [], driftCause: null },
        {
          mode: 'softDelete',
          change: 'updated',
          everyMs: null,
          times: '30 2 * * * Europe/Berlin',
          driftCause: 'oldConfig',
        },
        { mode: 'reconcile', change: 'updated', driftCause: 'changedByHand' },
      ],
      failures: [],
    });
    const status = await sluice('status', stream);
    expect(status.stdout).toMatch(/^ {2}soft-delete\t.*; schedule older than the config \(times: every 6h at /m);
    expect(status.stdout).toMatch(
      /^ {2}reconcile\t.*; schedule changed by hand, starts runs with old arguments \(input: \[\{"stream":"crm.other"\}\], /m,
    );
    expect(status.stderr).toContain(
      `schedules are not those of the config for ${stream}; next: sluice schedules diff\n`,
    );
    expect((await sluice('schedules', 'apply')).exitCode).toBe(0);
    expect((await sluice('schedules', 'list')).stdout).toMatch(
      new RegExp(`^soft-delete/${stream}\\t30 2 \\* \\* \\* Europe/Berlin\\t.*\\tActive$`, 'm'),
    );
  });

  it('are neither read nor written where anything in the config is wrong', async () => {
    writeConfig('contacts: {}, deals: { schedules: { reconcile: "0 25 * * *" } }');
    expect(await sluice('schedules', 'apply')).toMatchObject({
      stderr: expect.stringMatching(/schedules\.reconcile: its hour must be \*, or of 0 to 23/) as string,
      exitCode: 2,
    });
    const known = await Promise.all(
      (['incremental', 'softDelete'] as const).map((mode) =>
        temporal.client.schedule
          .getHandle(scheduleId(mode, stream))
          .describe()
          .catch((error: unknown) => error),
      ),
    );
    for (const found of known) expect(found).toBeInstanceOf(ScheduleNotFoundError);
  });

  it('are paused and resumed alone, while what runs goes on', async () => {
    expect(await sluice('schedules', 'pause', stream)).toMatchObject({
      stdout: `${stream} has no schedules to pause; next: sluice schedules apply ${stream}\n`,
      exitCode: 0,
    });
    await sluice('schedules', 'apply');
    const handle = await start('incremental');
    const paused = await sluice('schedules', 'pause', stream, '--note', 'launch', '--mode', 'incremental');
    expect(paused).toEqual({
      stdout: `paused the schedules of ${stream}: incremental\n`,
      stderr: `only schedules are paused, and what runs goes on; next: sluice pause ${stream}\n`,
      exitCode: 0,
    });
    expect([await isPaused('incremental'), await isPaused('reconcile')]).toEqual([true, false]);
    expect((await handle.query<{ phase: string }, []>('progress')).phase).toBe('running');
    expect((await sluice('schedules', 'pause', stream)).stdout).toMatch(
      new RegExp(
        `^paused the schedules of ${stream}: soft-delete, reconcile\\n` +
          `schedule incremental/${stream} is already paused by anna@\\S+ at \\S+ \\S+ UTC "launch"\\n$`,
      ),
    );
    expect(await sluice('schedules', 'resume', stream)).toMatchObject({
      stdout: `resumed the schedules of ${stream}: incremental, soft-delete, reconcile\n`,
      exitCode: 0,
    });
    expect((await sluice('schedules', 'resume', stream)).stdout).toBe(`no schedule of ${stream} was paused\n`);
  });

  it('start a run when they are triggered, and one that is missing says so', async () => {
    expect(await sluice('schedules', 'trigger', stream, '--mode', 'incremental')).toMatchObject({
      stderr: `error: ${stream} has no schedule incremental/${stream} of sluice's in Temporal; next: sluice schedules apply ${stream}\n`,
      exitCode: 1,
    });
    await sluice('schedules', 'apply');
    const started = await sluice('schedules', 'trigger', stream, '--json');
    expect(started.exitCode).toBe(0);
    expect(JSON.parse(started.stdout)).toMatchObject({
      schema: 'sluice.schedules/1',
      runs: [{ mode: 'incremental' }, { mode: 'softDelete' }, { mode: 'reconcile' }],
    });
    const { info } = await temporal.client.schedule.getHandle(scheduleId('reconcile', stream)).describe();
    expect(info.recentActions).toHaveLength(1);
    expect((await sluice('schedules', 'trigger', stream, '--mode', 'soft-delete')).stderr).toContain(
      `soft delete of ${stream} is already running`,
    );
    expect((await sluice('schedules', 'trigger', stream, '--mode', 'incremental')).stdout).toBe(
      `queued incremental sync of ${stream} behind the one under way\n`,
    );
  });
});

describe('sluice pause', () => {
  it('holds schedules and runs, theirs and others, and resume lets them go on', async () => {
    await using collector = await OtlpReceiver.open();
    writeFileSync(join(directory, '.env'), collector.dotEnv);
    await sluice('schedules', 'apply');
    const scheduled = await trigger('incremental');
    const { workflowId: backfill } = await start('backfill');
    const paused = await sluice('pause', stream, '--note', 'launch');
    expect(lines(paused).toSorted()).toEqual([
      `paused backfill of ${stream}`,
      `paused incremental sync of ${stream}`,
      `paused the schedules of ${stream}: incremental, soft-delete, reconcile`,
    ]);
    expect(paused.exitCode).toBe(0);
    expect(await statusOf(scheduled)).toBe('RUNNING');

    const status = await sluice('status', stream);
    expect(status.stdout).toMatch(
      /^ {2}incremental\t.*Paused by anna@\S+ at \S+ \S+ UTC "launch"; schedule paused by anna@\S+ at \S+ \S+ UTC "launch"$/m,
    );
    expect(status.stdout).toMatch(/^ {2}backfill\t.*Paused by anna@\S+ at \S+ \S+ UTC "launch"$/m);
    const again = await sluice('pause', stream);
    expect(lines(again)).toHaveLength(5);
    expect(lines(again).every((line) => /already paused by anna@\S+ at \S+ \S+ UTC "launch"$/.test(line))).toBe(true);

    expect(lines(await sluice('resume', stream)).toSorted()).toEqual([
      `resumed backfill of ${stream}`,
      `resumed incremental sync of ${stream}`,
      `resumed the schedules of ${stream}: incremental, soft-delete, reconcile`,
    ]);
    expect(lines(await sluice('resume', stream))).toEqual([
      `backfill of ${stream} was not paused; it goes on`,
      `incremental sync of ${stream} was not paused; it goes on`,
    ]);
    expect(await isPaused('reconcile')).toBe(false);
    const [trace, scheduledTrace] = [await traceOf(backfill), await traceOf(scheduled)];
    expect(collector.asked).toEqual(
      ['pause', 'resume'].flatMap((signal) => [
        `SignalWorkflow:${signal} of backfill in ${trace}`,
        `SignalWorkflow:${signal} of incremental in ${scheduledTrace}`,
      ]),
    );
  });

  it('holds one mode where that is named', async () => {
    await sluice('schedules', 'apply');
    const handle = await start('reconcile');
    expect(lines(await sluice('pause', stream, '--mode', 'soft-delete'))).toEqual([
      `paused the schedules of ${stream}: soft-delete`,
    ]);
    expect([await isPaused('softDelete'), await isPaused('reconcile')]).toEqual([true, false]);
    expect((await handle.query<{ phase: string }, []>('progress')).phase).toBe('running');
    expect(await sluice('pause', stream, '--mode', 'softDelete')).toMatchObject({
      stderr: expect.stringContaining('did you mean soft-delete?') as string,
      exitCode: 2,
    });
  });

  it('without a run or a schedule is an error, and without a paused one resume says so', async () => {
    for (const verb of ['pause', 'resume', 'cancel']) {
      expect(await sluice(verb, stream)).toEqual({
        stdout: '',
        stderr: `error: nothing of ${stream} is running; next: sluice status ${stream}\n`,
        exitCode: 1,
      });
    }
    await sluice('schedules', 'apply');
    expect(await sluice('resume', stream)).toMatchObject({ stdout: `nothing of ${stream} was paused\n`, exitCode: 0 });
  });
});

describe('sluice cancel', () => {
  it('ends the runs, and says which schedule starts one again', async () => {
    await sluice('schedules', 'apply');
    const scheduled = await trigger('incremental');
    await start('backfill');
    const cancelled = await sluice('cancel', stream, '--note', 'wrong account');
    expect(lines(cancelled)).toEqual([`cancelled backfill of ${stream}`, `cancelled incremental sync of ${stream}`]);
    expect(cancelled.stderr).toMatch(
      new RegExp(`^schedule incremental/${stream} starts a run again at [^;]+; next: sluice pause ${stream}\\n$`),
    );
    expect(await statusOf(scheduled)).toBe('CANCELLED');
    expect(await isPaused('incremental')).toBe(false);
  });

  it('ends one mode where that is named', async () => {
    await start('backfill');
    const { workflowId: resync } = await start('resync');
    await using collector = await OtlpReceiver.open();
    writeFileSync(join(directory, '.env'), collector.dotEnv);
    expect(lines(await sluice('cancel', stream, '--mode', 'resync'))).toEqual([`cancelled resync of ${stream}`]);
    expect(collector.asked).toEqual([`CancelWorkflow of resync in ${await traceOf(resync)}`]);
    expect(await statusOf(syncWorkflowId('backfill', stream))).toBe('RUNNING');
  });
});

interface StatusDocument {
  readonly streams: readonly {
    readonly state: string;
    readonly why: string | null;
    readonly runs: readonly { readonly mode: string; readonly state: string }[];
    readonly positions: { readonly fast: string; readonly settled: string; readonly settledLagMs: number } | null;
  }[];
}

async function status(): Promise<StatusDocument['streams'][number]> {
  const { stdout } = await sluice('status', stream, '--json');
  return (JSON.parse(stdout) as StatusDocument).streams[0]!;
}

describe('sluice status', () => {
  it('keeps the positions of the last run that was done, also while a later one runs or fails', async () => {
    expect((await status()).positions).toBeNull();
    const positions = { fast: '2026-01-02T03:04:05.000Z', settled: '2026-01-02T02:00:00.000Z' };
    const first = await start('incremental');
    await first.signal(finishSignal, positions);
    await first.result();
    expect(await status()).toMatchObject({ state: 'done', positions });
    expect((await status()).positions!.settledLagMs).toBeGreaterThan(0);

    const second = await start('incremental');
    await eventually('positions by visibility', async () => (await status()).positions !== null);
    expect(await status()).toMatchObject({ state: 'running', positions });
    await second.terminate('as if it had failed');
    expect(await status()).toMatchObject({
      state: 'failed',
      positions,
      runs: [{ mode: 'incremental', state: 'failed' }],
    });
  });

  it('says that a run waits for the worker that holds the destination', async () => {
    await start('reconcile', { waitsForOwner: true });
    await eventually('a step', async () => (await status()).state !== 'planning');
    expect(await status()).toMatchObject({ state: 'noOwner', why: `on task queue ${ownerQueue}` });
    expect((await sluice('status', stream)).stdout).toContain(
      `Waiting for the worker that holds the destination on task queue ${ownerQueue} (reconciliation)`,
    );
  });
});
