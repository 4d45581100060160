import { NativeConnection } from '@temporalio/worker';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { scheduleId, syncWorkflowId } from '../../model/workflow-id.ts';
import { reconcileCaller } from '../../worker/call-reconcile.ts';
import { eventually } from '../support/eventually.ts';
import { quietRuntime } from '../support/quiet-runtime.ts';
import { startTestTemporal, type TestTemporal } from '../support/temporal.ts';

/** No worker polls it: what is started stays as it is. */
const taskQueue = 'nobody';

let temporal: TestTemporal;
let connection: NativeConnection;

beforeAll(async () => {
  quietRuntime();
  temporal = await startTestTemporal();
  connection = await NativeConnection.connect({ address: temporal.server.address });
});

afterAll(async () => {
  await connection?.close();
  await temporal?.stop();
});

const call = async (stream: string) =>
  reconcileCaller({ connection, namespace: 'default', taskQueue })(stream, 'as a test');

async function createSchedule(stream: string): Promise<void> {
  await temporal.client.schedule.create({
    scheduleId: scheduleId('reconcile', stream),
    spec: { intervals: [{ every: '1d' }] },
    policies: { overlap: 'SKIP' },
    action: {
      type: 'startWorkflow',
      workflowType: 'reconcile',
      workflowId: syncWorkflowId('reconcile', stream),
      taskQueue,
      args: [{ stream, mayStretch: true }],
    },
  });
}

async function startedIds(stream: string): Promise<string[]> {
  const { info } = await temporal.client.schedule.getHandle(scheduleId('reconcile', stream)).describe();
  return info.recentActions.map(({ action }) => action.workflow.workflowId);
}

it('starts a reconciliation under the fixed id where there is no schedule, and none beside it', async () => {
  expect(await call('crm.contacts')).toBe('called');
  const {
    type,
    status,
    taskQueue: queue,
  } = await temporal.client.workflow.getHandle('reconcile/crm.contacts').describe();
  expect({ type, status: status.name, queue }).toEqual({ type: 'reconcile', status: 'RUNNING', queue: taskQueue });
  expect(await call('crm.contacts')).toBe('alreadyRunning');
  await temporal.client.workflow.getHandle('reconcile/crm.contacts').terminate();
  expect(await call('crm.contacts')).toBe('called');
});

it('triggers the schedule where there is one, and not while its run goes on', async () => {
  await createSchedule('crm.deals');
  expect(await call('crm.deals')).toBe('called');
  const [id] = await eventually('the run', async () => {
    const ids = await startedIds('crm.deals');
    return ids.length > 0 && ids;
  });
  expect(id).toMatch(/^reconcile\/crm\.deals-\d{4}-/);
  expect(await call('crm.deals')).toBe('alreadyRunning');
  expect(await startedIds('crm.deals')).toEqual([id]);
});

it('starts none beside one that was started by hand, whatever the schedule', async () => {
  await createSchedule('crm.tickets');
  await temporal.client.workflow.start('reconcile', {
    workflowId: syncWorkflowId('reconcile', 'crm.tickets'),
    taskQueue,
    args: [{ stream: 'crm.tickets' }],
  });
  expect(await call('crm.tickets')).toBe('alreadyRunning');
  expect(await startedIds('crm.tickets')).toEqual([]);
});
