import { searchAttributeNames } from '../../../workflows/messages.ts';
import { reportError } from '../../cli-error.ts';
import type { TemporalConnection } from '../../temporal-connection.ts';
import { workflowPollers } from '../../worker-pollers.ts';
import { judgeClocks } from '../checks/clock-skew.ts';
import { judgeRetention } from '../checks/namespace-retention.ts';
import { judgeWorkflowPollers } from '../checks/pollers.ts';
import { judgeSearchAttributes, type AttributeFacts } from '../checks/search-attributes.ts';
import { failed, ok, skipped, type DoctorFinding } from '../doctor-finding.ts';
import { kindOfError } from '../kind-of-error.ts';
import type { Examination } from '../examination.ts';

/** The server, its namespace, and who works for it. */
export async function examineTemporal(examination: Examination): Promise<DoctorFinding[]> {
  let temporal: TemporalConnection;
  try {
    temporal = await examination.temporal();
  } catch (error) {
    const { message, next } = reportError(error);
    return [failed('temporal-server', 'Temporal', message, { mend: next, kind: kindOfError(error) })];
  }
  const { taskQueue } = examination.session;
  const pollers = await workflowPollers(temporal, taskQueue);
  return [
    await examineServer(temporal),
    await examineRetention(temporal, examination),
    ...judgeSearchAttributes(await readAttributes(temporal)),
    judgeWorkflowPollers({ taskQueue, pollers }),
    ...(await examineWorker(examination)),
  ];
}

async function examineServer({ client, found, namespace }: TemporalConnection): Promise<DoctorFinding> {
  const { serverVersion } = await client.workflowService.getSystemInfo({});
  const version = serverVersion ? `version ${serverVersion}` : 'version not told';
  return ok('temporal-server', `Temporal ${found.address}`, `${version}, namespace ${namespace} (by ${found.origin})`);
}

async function examineRetention(temporal: TemporalConnection, { scheduleScope }: Examination): Promise<DoctorFinding> {
  const { namespace } = temporal;
  try {
    const [slowest = null] = scheduleScope().desired.toSorted((a, b) => b.longestGapMs - a.longestGapMs);
    return judgeRetention({ namespace, retentionMs: await retentionOf(temporal), slowest });
  } catch (error) {
    return skipped('namespace-retention', `namespace ${namespace}`, reportError(error).message);
  }
}

async function retentionOf({ client, namespace }: TemporalConnection): Promise<number | null> {
  const { config } = await client.workflowService.describeNamespace({ namespace });
  const seconds = Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0);
  return seconds > 0 ? seconds * 1_000 : null;
}

async function readAttributes({ client, namespace }: TemporalConnection): Promise<AttributeFacts> {
  const wanted = searchAttributeNames;
  try {
    const { customAttributes } = await client.connection.operatorService.listSearchAttributes({ namespace });
    return { namespace, wanted, stored: customAttributes as Record<string, number>, reason: null };
  } catch (error) {
    return { namespace, wanted, stored: null, reason: reportError(error).message };
  }
}

/** The start of a workflow tells the server's time, and its answer the worker's, and which config that runs. */
async function examineWorker(examination: Examination): Promise<DoctorFinding[]> {
  const ours = 'this machine';
  try {
    const { answer, answeredAt, serverNow, machineNow } = await examination.worker();
    const server = { name: 'Temporal', at: serverNow };
    const worker = { name: 'the worker', at: answer.now };
    return [
      ok('no-poller', 'worker', answer.worker),
      judgeClocks({ code: 'clock-skew', theirs: server, ours: { name: ours, at: machineNow } }),
      judgeClocks({ code: 'clock-skew', theirs: worker, ours: { name: ours, at: answeredAt } }),
    ];
  } catch (error) {
    return [skipped('clock-skew', 'clocks', reportError(error).message)];
  }
}
