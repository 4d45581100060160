import { NativeConnection, Worker } from '@temporalio/worker';
import { expect, it } from 'vitest';
import { asVersion } from '../../worker/deployment-version.ts';
import { eventually } from '../support/eventually.ts';
import { FakeSteps } from '../support/fake-steps.ts';
import { quietRuntime } from '../support/quiet-runtime.ts';
import { startTestTemporal } from '../support/temporal.ts';
import { todaysWorkflows } from '../support/todays-workflows.ts';

const name = 'sluice';
const namespace = 'default';
const taskQueue = 'versioned';

it(
  'a backfill stays with the version it began on, and continues as new on the one that is current then',
  { timeout: 120_000 },
  async () => {
    quietRuntime();
    const bundle = await todaysWorkflows();
    const temporal = await startTestTemporal();
    const connection = await NativeConnection.connect({ address: temporal.server.address });
    const { workflowService } = temporal.client;
    const steps = Object.assign(new FakeSteps(20_000), { chunkMs: 200 });
    const startVersion = async (buildId: string) => {
      const worker = await Worker.create({
        connection,
        taskQueue,
        workflowBundle: bundle,
        activities: steps.activities,
        workerDeploymentOptions: asVersion({ name, buildId }),
        maxHeartbeatThrottleInterval: '100ms',
      });
      return { worker, ended: worker.run() };
    };
    const makeCurrent = (buildId: string) =>
      eventually(`${buildId} is current`, async () => {
        const request = { namespace, deploymentName: name, buildId, identity: 'test' };
        return workflowService.setWorkerDeploymentCurrentVersion(request).catch(() => null);
      });
    const versionOf = async (runId?: string) => {
      const { raw } = await temporal.client.workflow.getHandle('backfill/crm.contacts', runId).describe();
      const { deploymentVersion, behavior } = raw.workflowExecutionInfo?.versioningInfo ?? {};
      return { buildId: deploymentVersion?.buildId, isPinned: behavior === 1 };
    };

    const one = await startVersion('one');
    await makeCurrent('one');
    const handle = await temporal.client.workflow.start('backfill', {
      taskQueue,
      workflowId: 'backfill/crm.contacts',
      args: [{ stream: 'crm.contacts' }],
    });
    await eventually('it is under way', () => steps.merged.size >= 2, 60_000);
    expect(await versionOf()).toEqual({ buildId: 'one', isPinned: true });

    const two = await startVersion('two');
    await makeCurrent('two');
    // Well before the hundred batches after which it would in any case.
    await eventually('it goes on as two', async () => (await versionOf()).buildId === 'two', 60_000);
    const { firstExecutionRunId } = handle;
    const { historyLength } = await temporal.client.workflow
      .getHandle(handle.workflowId, firstExecutionRunId)
      .describe();
    expect(historyLength).toBeLessThan(1_000);
    expect(await versionOf(firstExecutionRunId)).toEqual({ buildId: 'one', isPinned: true });
    expect(await versionOf()).toEqual({ buildId: 'two', isPinned: true });
    await handle.terminate('seen');
    for (const { worker } of [one, two]) worker.shutdown();
    await Promise.all([one.ended, two.ended]);
    await connection.close();
    await temporal.stop();
  },
);
