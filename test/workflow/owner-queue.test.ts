import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadConfig } from '../../config/load-config.ts';
import { destinationKinds } from '../../destinations/registry.ts';
import { Sandbox } from '../../examples/sandbox.ts';
import { eventually } from '../support/eventually.ts';
import { startTestTemporal, type TestTemporal } from '../support/temporal.ts';

const activityQueue = 2;
const takenOverWithinMs = 5_000;

let temporal: TestTemporal;
let sandbox: Sandbox;
let ownerQueue = '';

beforeAll(async () => {
  temporal = await startTestTemporal();
  sandbox = await Sandbox.create({
    folder: mkdtempSync(join(tmpdir(), 'sluice-owners-')),
    simulatorUrl: 'http://127.0.0.1:1',
    temporalAddress: temporal.server.address,
    streams: { contacts: {} },
  });
  const options = loadConfig({ path: sandbox.configPath, env: {} }).destination('local');
  const destination = await destinationKinds['duckdb']!.open(options);
  ownerQueue = destination.ownerQueue!;
});

afterAll(async () => {
  await sandbox?.stop();
  await temporal?.stop();
  if (sandbox !== undefined) rmSync(sandbox.folder, { recursive: true, force: true });
});

/** Of the processes that have asked for activities of the owner queue, those that have ended included. */
async function pollers(): Promise<number[]> {
  const { pollers: found } = await temporal.client.workflowService.describeTaskQueue({
    namespace: 'default',
    taskQueue: { name: ownerQueue },
    taskQueueType: activityQueue,
  });
  return (found ?? []).map(({ identity }) => Number.parseInt(identity ?? '', 10));
}

it('has one poller among two workers, and the other within five seconds of a kill', async () => {
  const workers = [sandbox.startWorker(), sandbox.startWorker()];
  await Promise.all(workers.map(({ ready }) => ready));
  await eventually('an owner', async () => (await pollers()).length > 0);
  // Long enough for the other to have asked again.
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  const [owner, ...others] = await pollers();
  expect(others).toEqual([]);

  const killed = workers.find(({ pid }) => pid === owner)!;
  const left = workers.find(({ pid }) => pid !== owner)!;
  await killed.stop('SIGKILL');
  await eventually('the other owner', async () => (await pollers()).includes(left.pid), takenOverWithinMs);

  const next = sandbox.startWorker();
  await next.ready;
  await left.stop('SIGTERM');
  await eventually('the next owner', async () => (await pollers()).includes(next.pid), takenOverWithinMs);
  await next.stop('SIGTERM');
  expect(readFileSync(join(sandbox.folder, 'worker.log'), 'utf8')).not.toMatch(/"level":(40|50|60)/);
}, 60_000);
