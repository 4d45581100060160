import { syncModes } from '../../model/plan.ts';
import { observeLatest, observeOpen } from '../observe-run.ts';
import { inspect } from '../inspection.ts';
import { lookUpEach } from '../look-up-each.ts';
import { readSchedules } from '../read-schedules.ts';
import type { RunFacts } from '../run-facts.ts';
import type { StreamName } from '../../model/stream-name.ts';
import { desiredSchedules } from '../desired-schedules.ts';
import type { ConfigSession } from '../session.ts';
import { connectTemporal, type TemporalConnection } from '../temporal-connection.ts';
import { once, type Examination, type WorkerView } from './examination.ts';

export interface ExaminationRequest {
  readonly session: ConfigSession;
  readonly streams: readonly StreamName[];
  readonly isWhole: boolean;
  readonly isExact: boolean;
}

/** Connects to nothing yet; `close` closes what was opened meanwhile. */
export function openExamination(request: ExaminationRequest): Examination & { readonly close: () => Promise<void> } {
  const { session, streams, isWhole } = request;
  const wantedFor = (stream: StreamName) => desiredSchedules(session.config.stream(stream), session.taskQueue);
  const pipelines = isWhole ? [...new Set(streams.map((stream) => stream.split('.')[0]!))] : [];
  // Throws where a variable is missing: what config wants is not known then, and nothing may be taken for unwanted.
  const scheduleScope = () => ({ streams, desired: streams.flatMap(wantedFor), pipelines });
  let connected: TemporalConnection | null = null;
  const temporal = once(async () => (connected = await connectTemporal(session.config, session.environment)));
  return {
    session,
    streams,
    isWhole,
    isExact: request.isExact,
    scheduleScope,
    temporal,
    worker: once(async () => askWorker(await temporal(), { taskQueue: session.taskQueue, streams })),
    runs: once(async () => readRuns(await temporal(), streams)),
    schedules: once(async () => readSchedules(await temporal(), scheduleScope())),
    close: async () => connected?.close(),
  };
}

async function askWorker(
  temporal: TemporalConnection,
  { taskQueue, streams }: { taskQueue: string; streams: readonly string[] },
): Promise<WorkerView> {
  const started: { workflowId: string | null; at: Date } = { workflowId: null, at: new Date() };
  const onStarted = (workflowId: string): void => {
    started.workflowId = workflowId;
    started.at = new Date();
  };
  const answer = await inspect(temporal, taskQueue, { verb: 'examine', of: streams }, { onStarted });
  const answeredAt = new Date().toISOString();
  const { startTime } = await temporal.client.workflow.getHandle(started.workflowId!).describe();
  return { answer, serverNow: startTime.toISOString(), machineNow: started.at.toISOString(), answeredAt };
}

async function readRuns(temporal: TemporalConnection, streams: readonly string[]): Promise<RunFacts[]> {
  const keys = streams.flatMap((stream) => syncModes.map((mode) => ({ stream, mode })));
  const found = await lookUpEach(keys, async (key) => {
    const open = await observeOpen(temporal, key);
    if (open.length > 0) return open;
    const latest = await observeLatest(temporal, key);
    return latest === null ? [] : [latest];
  });
  return found.flat();
}
