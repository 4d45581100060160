import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { BegunIncrementalRun } from '../../activities/begin-incremental.ts';
import { zeroRequests } from '../../model/batch.ts';
import type { Differences, ListingReport } from '../../model/comparison.ts';
import type { SyncMode } from '../../model/plan.ts';
import { scheduleId, syncWorkflowId, workflowNames } from '../../model/workflow-id.ts';
import { eventually } from '../support/eventually.ts';
import { FakeSteps } from '../support/fake-steps.ts';
import { OtlpReceiver } from '../support/otlp-receiver.ts';
import { runCli, type CliRun } from '../support/run-cli.ts';
import { WorkflowWorld } from '../support/workflow-world.ts';

let world: WorkflowWorld;
let directory = '';
let taskQueue = '';
/** A stream of its own for each test, since ids are fixed. */
let stream = '';
let worker: { readonly ended: Promise<void>; readonly shutdown: () => void } | null = null;

beforeAll(async () => {
  world = await WorkflowWorld.open();
});

afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
});

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sluice-cli-'));
  const name = Math.random().toString(36).slice(2);
  taskQueue = `test-${name}`;
  stream = `p${name}.contacts`;
  writeFileSync(
    join(directory, 'sluice.yaml'),
    `version: 1
temporal: { address: "${world.temporal.server.address}", taskQueue: ${taskQueue} }
sources:
  crm: { kind: hubspot, accessToken: none }
destinations:
  local: { kind: duckdb, path: ./warehouse.duckdb }
pipelines:
  p${name}: { source: crm, destination: local, streams: { contacts: {} } }
`,
  );
});

afterEach(async () => {
  const { client } = world.temporal;
  for (const mode of ['incremental', 'softDelete', 'reconcile'] as const) {
    await client.schedule
      .getHandle(scheduleId(mode, stream))
      .delete()
      .catch(() => undefined);
  }
  for await (const { workflowId } of client.workflow.list({ query: 'ExecutionStatus = "Running"' })) {
    await client.workflow
      .getHandle(workflowId)
      .terminate('end of test')
      .catch(() => undefined);
  }
  worker?.shutdown();
  await worker?.ended;
  worker = null;
  rmSync(directory, { recursive: true, force: true });
});

const sluice = (...words: string[]): Promise<CliRun> => runCli(words, { directory });

async function startWorker(fake: FakeSteps): Promise<FakeSteps> {
  const started = await world.createWorker(fake, taskQueue, 100);
  worker = { ended: started.run(), shutdown: () => started.shutdown() };
  return fake;
}

/** Runs every hour, so that within a test it starts what it is triggered for and nothing else. */
async function createSchedule(mode: SyncMode, state: { paused?: true; note?: string } = {}): Promise<void> {
  await world.temporal.client.schedule.create({
    scheduleId: scheduleId(mode, stream),
    spec: { intervals: [{ every: '1 hour' }] },
    policies: { overlap: mode === 'incremental' ? 'BUFFER_ONE' : 'SKIP' },
    state,
    action: {
      type: 'startWorkflow',
      workflowType: workflowNames[mode].type,
      workflowId: syncWorkflowId(mode, stream),
      taskQueue,
      args: [mode === 'reconcile' ? { stream, mayStretch: true } : { stream }],
    },
  });
}

const scheduledRuns = async (mode: SyncMode): Promise<number> =>
  (await world.temporal.client.schedule.getHandle(scheduleId(mode, stream)).describe()).info.numActionsTaken;

const lastDocument = ({ stdout }: CliRun): Record<string, unknown> =>
  JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as Record<string, unknown>;

const positions = { fast: '2026-11-20T12:00:00.000Z', settled: '2026-11-20T11:00:00.000Z' };

const looked = {
  text: 'Performing incremental sync from 2026-11-20T11:53:00.000Z to 2026-11-20T12:00:00.000Z',
  standing: { generation: 1, ledgerPositions: positions, positions, liveRows: 10 },
  windows: [],
  positions,
  sourceRecords: null,
  sourceNow: positions.fast,
  earliestReconcileMs: 3_600_000,
  requests: { ...zeroRequests, requests: 3 },
};

const idle: BegunIncrementalRun = { kind: 'idle', ...looked };

function changed(fake: FakeSteps): BegunIncrementalRun {
  const planned = { ...fake.planned({ comparesAfter: false }), positions };
  return { kind: 'begun', planned, batch: fake.firstBatch(), wait: null, ...looked };
}

/** Vanished rows, by far more than are flagged without a question. */
const massDeletion: Differences = { missing: 0, stale: 0, recalculated: 0, doubtful: 0, vanished: 600 };
const digest = 'a'.repeat(64);

describe('sluice sync --wait', () => {
  it('reports from when to when it read, and the counts', async () => {
    const fake = new FakeSteps(10);
    fake.begins = [changed(fake)];
    await startWorker(fake);
    const run = await sluice('sync', '--wait');
    expect(run.stdout).toMatch(new RegExp(`^${stream}: done in 0:\\d\\d\n  ${looked.text}\n`));
    expect(run.stdout).toContain('read 10 = inserted 10\n');
    expect(run.exitCode).toBe(0);
  });

  it('says that nothing changed', async () => {
    await startWorker(Object.assign(new FakeSteps(10), { begins: [idle] }));
    const run = await sluice('sync', stream, '--wait');
    expect(run.stdout).toContain(`${looked.text}: nothing changed\n`);
    expect(run.exitCode).toBe(0);
  });

  it('is one error where a backfill has to come first', async () => {
    const begins: BegunIncrementalRun[] = [{ kind: 'needsBackfill', reason: 'it was never backfilled completely' }];
    await startWorker(Object.assign(new FakeSteps(10), { begins }));
    const run = await sluice('sync', stream, '--wait');
    expect(run.stderr).toContain(
      `error: ${stream}: needs backfill: it was never backfilled completely; next: sluice backfill ${stream}\n`,
    );
    expect(run.stdout).toBe('');
    expect(run.exitCode).toBe(1);
  });

  it('goes through the schedule where there is one', async () => {
    await createSchedule('incremental');
    await startWorker(Object.assign(new FakeSteps(10), { begins: [idle] }));
    await using collector = await OtlpReceiver.open();
    writeFileSync(join(directory, '.env'), collector.dotEnv);
    const run = await sluice('sync', stream, '--wait', '--json');
    expect(lastDocument(run)).toMatchObject({
      schema: 'sluice.sync/1',
      type: 'result',
      streams: [{ mode: 'incremental', stream, exitCode: 0, end: { kind: 'done', result: { outcome: 'idle' } } }],
    });
    expect(run.exitCode).toBe(0);
    expect(await scheduledRuns('incremental')).toBe(1);
    const { info } = await world.temporal.client.schedule.getHandle(scheduleId('incremental', stream)).describe();
    const { firstExecutionRunId } = info.recentActions.at(-1)!.action.workflow;
    expect(collector.asked).toEqual([`TriggerSchedule of incremental in ${firstExecutionRunId.replaceAll('-', '')}`]);
  });

  it('follows the run that is queued behind the one under way', async () => {
    await createSchedule('incremental');
    const fake = new FakeSteps(30);
    fake.begins = [{ ...changed(fake), batch: null } as BegunIncrementalRun, idle];
    fake.chunkMs = 2_000;
    await startWorker(fake);
    expect(await sluice('sync', stream)).toMatchObject({
      stdout: `started incremental sync of ${stream}\n`,
      exitCode: 0,
    });
    await eventually('it reads', () => fake.log.includes('extract 1'));
    const queued = await sluice('sync', stream);
    expect(queued).toMatchObject({
      stdout: `queued incremental sync of ${stream} behind the one under way\n`,
      exitCode: 0,
    });
    const second = await sluice('sync', stream, '--wait');
    expect(second.stderr).toContain('waiting: the run under way has to end first');
    expect(second.stdout).toContain(': nothing changed\n');
    expect(second.exitCode).toBe(0);
    expect(await scheduledRuns('incremental')).toBe(2);
  });

  it('starts all the same where the schedule is paused, and says so', async () => {
    await createSchedule('incremental', { paused: true, note: 'launch day' });
    await startWorker(Object.assign(new FakeSteps(10), { begins: [idle] }));
    const run = await sluice('sync', stream, '--wait');
    expect(run.stderr).toContain(
      `warning: schedule incremental/${stream} is paused ("launch day"); this one run starts all the same`,
    );
    expect(run.exitCode).toBe(0);
    expect(await scheduledRuns('incremental')).toBe(0);
  });

  it('--full shows the backfill that reads the whole, and ends where that needs an approval', async () => {
    await createSchedule('incremental');
    const fake = Object.assign(new FakeSteps(20), { comparesAfter: true, differences: massDeletion });
    fake.begins = [{ kind: 'fullSync', reason: 'asked for' }];
    await startWorker(fake);
    const run = await sluice('sync', stream, '--full', '--wait');
    expect(run.stdout).toContain(`${stream}: needs approval: 600 of 1000 live rows (60.0 %) are gone from the source`);
    expect(run.stderr).toContain(`next: sluice approve ${stream} --digest ${digest}`);
    expect(run.exitCode).toBe(7);

    const approved = await sluice('approve', stream, '--digest', digest);
    expect(approved.exitCode).toBe(0);
    const handle = world.temporal.client.workflow.getHandle(syncWorkflowId('incremental', stream));
    expect(await handle.result()).toMatchObject({ outcome: 'fullSync', full: { vanished: { approval: 'approved' } } });
  });
});

describe('sluice reconcile', () => {
  it('starts a whole reconciliation, although the schedule may leave its own out', async () => {
    await createSchedule('reconcile');
    await startWorker(new FakeSteps(20));
    const run = await sluice('reconcile', stream, '--wait');
    expect(run.stdout).toContain('found      no difference\n');
    expect(run.exitCode).toBe(0);
    expect(await scheduledRuns('reconcile')).toBe(0);
  });

  it('ends the waiting where many rows vanished, and goes on once exactly these are approved', async () => {
    await startWorker(Object.assign(new FakeSteps(20), { differences: massDeletion }));
    const run = await sluice('reconcile', stream, '--wait', '--json');
    expect(lastDocument(run)).toMatchObject({
      exitCode: 7,
      streams: [{ mode: 'reconcile', exitCode: 7, end: null, approval: { digest, vanished: 600 } }],
    });
    expect(run.exitCode).toBe(7);

    const wrong = await sluice('approve', stream, '--digest', 'b0b');
    expect(wrong.stderr).toMatch(/^error: p\w+\.contacts: not approved: the approval names other rows.*\n$/);
    expect(wrong.exitCode).toBe(2);

    const unasked = await sluice('approve', stream);
    expect(unasked.stdout).toContain(`vanished   600 of 1,000 live rows\n  digest     ${digest}\n`);
    expect(unasked.stderr).toBe(
      `error: flagging 600 rows of ${stream} as deleted needs a confirmation; nothing was done; next: add --yes\n`,
    );
    expect(unasked.exitCode).toBe(7);

    await using collector = await OtlpReceiver.open();
    writeFileSync(join(directory, '.env'), collector.dotEnv);
    const approved = await sluice('approve', stream, '--yes', '--json');
    expect(lastDocument(approved)).toMatchObject({ schema: 'sluice.approve/1', stream, approved: { digest } });
    expect(approved.exitCode).toBe(0);
    const handle = world.temporal.client.workflow.getHandle(syncWorkflowId('reconcile', stream));
    const trace = (await handle.describe()).runId.replaceAll('-', '');
    expect(collector.asked).toEqual([`UpdateWorkflow:approveDeletes of reconcile in ${trace}`]);
    expect(await handle.result()).toMatchObject({ vanished: { approval: 'approved' } });
  });

  it('is done without flagging where nobody approved in time, and status says so', async () => {
    await startWorker(Object.assign(new FakeSteps(20), { differences: massDeletion, approvalWaitMs: 1 }));
    expect((await sluice('reconcile', stream)).exitCode).toBe(0);
    await world.temporal.client.workflow.getHandle(syncWorkflowId('reconcile', stream)).result();
    const status = await sluice('status', stream);
    expect(status.stdout).toContain('what vanished is not flagged, since nobody approved it in time');
  });

  it('is refused while one runs', async () => {
    await startWorker(Object.assign(new FakeSteps(1_000), { chunkMs: 500 }));
    expect((await sluice('reconcile', stream)).exitCode).toBe(0);
    const second = await sluice('reconcile', stream);
    expect(second.stderr).toMatch(/^error: reconciliation of p\w+\.contacts is already running \(started /);
    expect(second.exitCode).toBe(2);
  });
});

describe('sluice approve', () => {
  it('is one error where nothing waits', async () => {
    await startWorker(new FakeSteps(20));
    expect(await sluice('approve', stream, '--yes')).toEqual({
      stdout: '',
      stderr: `error: nothing of ${stream} waits for an approval; next: sluice status ${stream}\n`,
      exitCode: 2,
    });
  });
});

describe('sluice soft-delete', () => {
  it('says why it was left out', async () => {
    await createSchedule('softDelete');
    await startWorker(Object.assign(new FakeSteps(20), { leftOut: 'owners has no list of archived records' }));
    const run = await sluice('soft-delete', stream, '--wait');
    expect(run.stdout).toContain('; left out, since owners has no list of archived records\n');
    expect(run.exitCode).toBe(0);
    expect(await scheduledRuns('softDelete')).toBe(1);
  });
});

describe('sluice resync', () => {
  it('is one error where no id is a record', async () => {
    await startWorker(new FakeSteps(0));
    const run = await sluice('resync', stream, '--ids', '1,2,3', '--wait');
    expect(run.stderr).toContain(
      `error: ${stream}: none of the 3 ids is a record at the source, and no row of theirs was left to flag; next: look at the ids\n`,
    );
    expect(run.stdout).toBe('');
    expect(run.exitCode).toBe(1);
  });

  it('counts the ids that are not there', async () => {
    await startWorker(new FakeSteps(2));
    const run = await sluice('resync', stream, '--ids', '1,2,3', '--wait');
    expect(run.stdout).toContain('read 2 = inserted 2\n');
    expect(run.stdout).toContain('missing    1 ids: not alive at the source; rows of theirs are tombstones now\n');
    expect(run.exitCode).toBe(0);
  });
});

describe('sluice reset', () => {
  it('begins a new generation, and says what comes next', async () => {
    await startWorker(new FakeSteps(2));
    const run = await sluice('reset', stream, '--yes');
    expect(run.stdout).toBe(`reset ${stream} (rows kept)\n`);
    expect(run.stderr).toContain(`next: sluice backfill ${stream}\n`);
    expect(run.exitCode).toBe(0);
    const document = lastDocument(await sluice('reset', '--all', '--drop-table', '--yes', '--json'));
    expect(document).toMatchObject({
      schema: 'sluice.reset/1',
      tableRows: 'drop',
      streams: [{ stream, generation: 2 }],
    });
  });

  it('is refused while the stream is backfilled', async () => {
    await startWorker(Object.assign(new FakeSteps(1_000), { chunkMs: 500 }));
    await sluice('backfill', stream);
    const run = await sluice('reset', stream, '--yes');
    expect(run.stderr).toMatch(
      /^error: backfill of p\w+\.contacts is already running \(started .+\); nothing was reset; next: sluice cancel /,
    );
    expect(run.exitCode).toBe(2);
  });

  it('does nothing without a worker', async () => {
    const run = await sluice('reset', stream, '--yes');
    expect(run.stderr).toContain(
      `error: no worker polls task queue ${taskQueue}; next: sluice dev, or sluice worker\n`,
    );
    expect(run.exitCode).toBe(5);
  });
});

describe('sluice verify', () => {
  const none = { count: 0, ids: [] };
  const report: ListingReport = {
    sourceRecords: 20,
    liveRows: 20,
    missing: none,
    extra: none,
    stale: none,
    differing: none,
    sampled: 20,
    buckets: [],
  };
  const inspected = (found: ListingReport) => ({ verb: 'verify', stream, report: found, requests: zeroRequests });

  it('is done where both sides are equal, and 3 where they differ', async () => {
    const fake = await startWorker(Object.assign(new FakeSteps(20), { inspected: inspected(report) }));
    const equal = await sluice('verify', stream);
    expect(equal.stdout).toContain(`${stream}: equal to its source\n`);
    expect(equal.exitCode).toBe(0);

    Object.assign(fake, { inspected: inspected({ ...report, extra: { count: 1, ids: ['77'] } }) });
    const differing = await sluice('verify', stream, '--json');
    expect(lastDocument(differing)).toMatchObject({
      schema: 'sluice.verify/1',
      isEqual: false,
      report: { extra: { ids: ['77'] } },
    });
    expect(differing.exitCode).toBe(3);
  });
});
