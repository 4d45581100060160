/**
 * Program: `npm run histories:record` writes one history per situation, and one more for each execution that it continued
 * as, to test/replay/histories/<version>/<first part of the workflow's id>. Histories of a released version are never written
 * again: they stand for runs that are open somewhere. `npm run histories:record -- backfill/waited` writes one alone.
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Worker } from '@temporalio/worker';
import { quietRuntime } from '../support/quiet-runtime.ts';
import { startTestTemporal } from '../support/temporal.ts';
import { situations, streamOf, type Situation } from './situations.ts';

/** Executions kept of a run that continues as new: the first, and one that began with what it was handed. */
const keptExecutions = 2;

quietRuntime();
const root = fileURLToPath(new URL('../..', import.meta.url));
const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
const histories = join(root, 'test/replay/histories', version);
const [only] = process.argv.slice(2);
if (only === undefined) await rm(histories, { recursive: true, force: true });
const temporal = await startTestTemporal();
const native = await NativeConnection.connect({ address: temporal.server.address });
const workflowBundle = await bundleWorkflowCode({
  workflowsPath: join(root, 'workflows/index.ts'),
  logger: new DefaultLogger('ERROR'),
});

async function record(place: { id: string; type: string; name: string }, situation: Situation): Promise<void> {
  const { id, type, name } = place;
  const stream = streamOf(name);
  const fake = situation.prepare();
  const taskQueue = `${id}-${name}`;
  const worker = await Worker.create({
    connection: native,
    taskQueue,
    workflowBundle,
    activities: fake.activities,
    sinks: fake.sinks,
    identity: 'recorder',
    maxHeartbeatThrottleInterval: '100ms',
    defaultHeartbeatThrottleInterval: '100ms',
  });
  await worker.runUntil(async () => {
    const isOfStream = type !== 'inspect' && type !== 'mend';
    const input = isOfStream ? { stream, ...situation.input } : situation.input;
    const handle = await temporal.client.workflow.start(type, {
      taskQueue,
      workflowId: `${id}/${stream}`,
      args: [input],
    });
    await situation.act?.(handle, fake);
    if (!situation.isOpen) await handle.result().catch(() => undefined);
    await writeExecutions(place, handle);
    if (situation.isOpen) await handle.terminate('recorded');
  });
}

async function writeExecutions(
  { id, name }: { id: string; name: string },
  handle: WorkflowHandleWithFirstExecutionRunId,
): Promise<void> {
  let runId: string | null | undefined = handle.firstExecutionRunId;
  for (let execution = 1; runId && execution <= keptExecutions; execution++) {
    const history = await temporal.client.workflow.getHandle(handle.workflowId, runId).fetchHistory();
    // Stack traces name files; where this checkout lies is nobody's business.
    const json = JSON.stringify(JSON.parse(historyToJSON(history))).replaceAll(root, '/sluice/');
    const file = execution === 1 ? `${name}.json` : `${name}.${execution}.json`;
    await mkdir(join(histories, id), { recursive: true });
    await writeFile(join(histories, id, file), `${json}\n`);
    process.stdout.write(`${id}/${file}: ${history.events?.length ?? 0} events\n`);
    runId = history.events?.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId;
  }
}

for (const [id, { type, situations: ofWorkflow }] of Object.entries(situations)) {
  for (const [name, situation] of Object.entries(ofWorkflow)) {
    if (only === undefined || only === `${id}/${name}`) await record({ id, type, name }, situation);
  }
}
await native.close();
await temporal.stop();
