import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import {
  bundleWorkflowCode,
  DefaultLogger,
  NativeConnection,
  Worker,
  type WorkflowBundleOption,
} from '@temporalio/worker';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { isolatedEnvironment } from '../../examples/isolated-environment.ts';
import { replayOpenRuns } from '../../worker/replay-open-runs.ts';
import { workflowBundle } from '../../worker/workflow-bundle.ts';
import { eventually } from '../support/eventually.ts';
import { FakeSteps } from '../support/fake-steps.ts';
import { quietRuntime } from '../support/quiet-runtime.ts';
import { startTestTemporal, type TestTemporal } from '../support/temporal.ts';

const taskQueue = 'it’s live';
const pathOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

let temporal: TestTemporal;
let today: WorkflowBundleOption;
let native: NativeConnection;

beforeAll(async () => {
  quietRuntime();
  // The cache of the program under test.
  [temporal, today] = await Promise.all([
    startTestTemporal(),
    workflowBundle(pathOf('../../node_modules/.cache/sluice')),
  ]);
  native = await NativeConnection.connect({ address: temporal.server.address });
});

afterAll(async () => {
  await native?.close();
  await temporal?.stop();
});

/** Leaves an open run behind whose history was made by other workflow code, or by today's. */
async function leaveOpen(id: string, bundle: WorkflowBundleOption): Promise<string> {
  const fake = Object.assign(new FakeSteps(60), { chunkMs: 60_000 });
  const worker = await Worker.create({
    connection: native,
    taskQueue,
    workflowBundle: bundle,
    activities: fake.activities,
    maxHeartbeatThrottleInterval: '100ms',
  });
  return worker.runUntil(async () => {
    const stream = id.split('/')[1];
    const handle = await temporal.client.workflow.start('backfill', { taskQueue, workflowId: id, args: [{ stream }] });
    await eventually('the run is under way', async () => {
      const { events } = await handle.fetchHistory();
      return events?.some((event) => event.timerStartedEventAttributes ?? event.activityTaskScheduledEventAttributes);
    });
    return handle.firstExecutionRunId;
  });
}

interface Replay {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

function replay(...flags: string[]): Promise<Replay> {
  const words = [pathOf('../../scripts/replay.ts'), '--live', ...flags];
  return new Promise((resolve) => {
    execFile(process.execPath, words, { env: isolatedEnvironment({}) }, (error, stdout, stderr) => {
      resolve({ exitCode: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

it.concurrent(
  'npm run replay -- --live tells open runs that replay from those that would be stuck',
  { timeout: 120_000 },
  async () => {
    const { address } = temporal.server;
    const where = `task queue ${taskQueue} of ${address}`;
    const live = (...flags: string[]) => replay('--address', address, '--task-queue', taskQueue, ...flags);

    const good = await leaveOpen('backfill/crm.contacts', today);
    const listed = (count: number) =>
      eventually(
        'the runs are listed',
        async () => (await temporal.client.workflow.count(`TaskQueue = '${taskQueue}'`)).count === count,
      );
    await listed(1);
    expect(await live()).toEqual({
      exitCode: 0,
      stdout: `✓ backfill/crm.contacts (${good})\n1 open run on ${where}: all replay\n`,
      stderr: '',
    });

    const other = await bundleWorkflowCode({
      workflowsPath: pathOf('../replay/broken-workflows.ts'),
      logger: new DefaultLogger('ERROR'),
    });
    const bad = await leaveOpen('backfill/crm.deals', other);
    await listed(2);
    const seen = await live();
    expect(seen.exitCode).toBe(1);
    expect(seen.stdout).toContain(`✓ backfill/crm.contacts (${good})\n`);
    expect(seen.stdout).toMatch(new RegExp(`^✗ backfill/crm.deals \\(${bad}\\): .*(TMPRL1100|[Nn]ondeterminism)`, 'm'));
    expect(seen.stderr).toBe(
      `error: 1 of 2 open runs on ${where} would be stuck after a deploy; next: guard the change by patched()\n`,
    );

    const request = { client: temporal.client, taskQueue, replay: { workflowBundle: today } };
    const first: string[] = [];
    for await (const { workflowId } of replayOpenRuns({ ...request, limit: 1 })) first.push(workflowId);
    expect(first).toHaveLength(1);
  },
);

it.concurrent(
  'npm run replay -- --live says what is wrong with its flags, and that no server answers',
  { timeout: 120_000 },
  async () => {
    expect(await replay('--limit', 'all')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('--limit must be'),
    });
    const nowhere = await replay('--address', '127.0.0.1:9');
    expect(nowhere).toMatchObject({
      exitCode: 5,
      stderr: expect.stringContaining('cannot reach Temporal at 127.0.0.1:9'),
    });
  },
);
