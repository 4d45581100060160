/**
 * Program: `npm run histories:record` writes one history per situation to test/replay/histories/<version>. Histories of a
 * released version are never written again: they stand for runs that are open somewhere.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { NativeConnection, Worker } from '@temporalio/worker';
import type { backfill } from '../../workflows/backfill.ts';
import { pauseSignal, progressQuery, resumeSignal } from '../../workflows/messages.ts';
import { eventually } from '../support/eventually.ts';
import { FakeSteps } from '../support/fake-steps.ts';
import { quietRuntime } from '../support/quiet-runtime.ts';
import { startTestTemporal } from '../support/temporal.ts';

type Handle = WorkflowHandleWithFirstExecutionRunId<typeof backfill>;

interface Situation {
  readonly prepare: () => FakeSteps;
  readonly act?: (handle: Handle, fake: FakeSteps) => Promise<void>;
}

const situations: Readonly<Record<string, Situation>> = {
  complete: { prepare: () => new FakeSteps(60) },
  'paused-and-resumed': {
    prepare: () => Object.assign(new FakeSteps(40), { chunkMs: 300 }),
    async act(handle, fake) {
      await eventually('second chunk', () => fake.log.includes('extract 2'));
      await handle.signal(pauseSignal, { by: 'anna', note: 'quota' });
      await eventually('paused', async () => (await handle.query(progressQuery)).phase === 'paused');
      await handle.signal(resumeSignal, { by: 'anna' });
    },
  },
  'ledger-ahead': { prepare: () => Object.assign(new FakeSteps(80), { ledgerAheadBy: 3 }) },
  'stage-lost': {
    prepare() {
      const fake = Object.assign(new FakeSteps(50), { mergeMs: 50 });
      fake.losesStageOf.add(2);
      return fake;
    },
  },
  waited: {
    prepare() {
      const fake = new FakeSteps(30);
      fake.waitsAt.set(2, { reason: 'HubSpot daily limit', until: new Date(Date.now() + 3_000).toISOString() });
      return fake;
    },
  },
  failed: {
    prepare() {
      const fake = new FakeSteps(50);
      fake.failsAt.set('extract 3', 'AuthRejected');
      return fake;
    },
  },
  cancelled: {
    prepare: () => Object.assign(new FakeSteps(50), { chunkMs: 2_000 }),
    async act(handle, fake) {
      await eventually('extracting', () => fake.extracting > 0);
      await handle.cancel();
    },
  },
  continued: { prepare: () => Object.assign(new FakeSteps(1_050), { chunkMs: 1, mergeMs: 1 }) },
};

quietRuntime();
const root = fileURLToPath(new URL('../..', import.meta.url));
const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
const folder = join(root, 'test/replay/histories', version);
await mkdir(folder, { recursive: true });
const temporal = await startTestTemporal();
const native = await NativeConnection.connect({ address: temporal.server.address });
for (const [name, { prepare, act }] of Object.entries(situations)) {
  const fake = prepare();
  const stream = `crm.${name.replaceAll('-', '_')}`;
  const worker = await Worker.create({
    connection: native,
    taskQueue: name,
    workflowsPath: join(root, 'workflows/index.ts'),
    activities: fake.activities,
    identity: 'recorder',
    maxHeartbeatThrottleInterval: '100ms',
    defaultHeartbeatThrottleInterval: '100ms',
  });
  await worker.runUntil(async () => {
    const handle: Handle = await temporal.client.workflow.start<typeof backfill>('backfill', {
      taskQueue: name,
      workflowId: `backfill/${stream}`,
      args: [{ stream }],
    });
    await act?.(handle, fake);
    await handle.result().catch(() => undefined);
    const first = temporal.client.workflow.getHandle(handle.workflowId, handle.firstExecutionRunId);
    const history = await first.fetchHistory();
    // Stack traces name files; where this checkout lies is nobody's business.
    const json = JSON.stringify(JSON.parse(historyToJSON(history))).replaceAll(root, '/sluice/');
    await writeFile(join(folder, `${name}.json`), `${json}\n`);
    process.stdout.write(`${name}: ${history.events?.length ?? 0} events\n`);
  });
}
await native.close();
await temporal.stop();
